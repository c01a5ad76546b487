//! The paths of this program's files.
//!
//! Invariant: private files are in a folder that only the user can enter.
//!
//! # Platform-specific behavior
//!
//! Linux: the XDG folders. A session without `XDG_RUNTIME_DIR` (cron, `su`, a container) has no private
//! folder that is deleted after the session; `run` in the data folder is used instead, which is private too. A socket or
//! lock file that a crash leaves there is harmless: the lock is on the open file, and the daemon that holds it replaces the
//! socket.
//!
//! macOS: settings and messages are in `~/Library/Application Support/handover`. Windows: the settings are in
//! `%APPDATA%\handover`, everything else in `%LOCALAPPDATA%\handover`, which does not roam.

use std::path::{Path, PathBuf};

use crate::system::os;

/// Why a path cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PathProblem {
    /// Neither the environment nor the system has a home folder.
    #[error("the folders for settings and messages cannot be found: there is no home folder; is HOME set?")]
    NoHome,
    /// The path of the socket exceeds the limit of the system.
    #[error(
        "the control socket cannot be created: {0} is longer than {max} bytes; set XDG_RUNTIME_DIR to a shorter path",
        max = os::MAX_SOCKET_PATH
    )]
    SocketTooLong(PathBuf),
}

/// The paths of all files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The settings file.
    pub settings: PathBuf,
    /// The message log.
    pub messages: PathBuf,
    /// The login, if it is stored in a file.
    pub credentials: PathBuf,
    /// The folder of messages that are to be sent later.
    pub outbox: PathBuf,
    /// The name of the device that was signed out last.
    pub device_name: PathBuf,
    /// The email address of the last sign-in.
    pub email: PathBuf,
    /// The folder of icons and sounds, which may be deleted at any time.
    pub cache: PathBuf,
    /// The folder of the socket and the lock.
    pub runtime: PathBuf,
    /// The socket for commands to the daemon, in `runtime`.
    pub socket: PathBuf,
    /// The file that the daemon locks, in `runtime`.
    pub lock: PathBuf,
}

impl Paths {
    /// The paths for this user, from the environment. Nothing is created.
    pub fn from_environment() -> Result<Self, PathProblem> {
        let folders = (dirs::config_dir(), dirs::data_local_dir(), dirs::cache_dir());
        let (Some(config), Some(data), Some(cache)) = folders else { return Err(PathProblem::NoHome) };
        let runtime = dirs::runtime_dir().or_else(os::session_folder);
        Ok(Self::in_folders(&config, &data, &cache, runtime.as_deref()))
    }

    /// The paths below these base folders.
    pub fn in_folders(config: &Path, data: &Path, cache: &Path, runtime: Option<&Path>) -> Self {
        // On Windows the two base folders are the same.
        let cache = if cache == data { data.join("handover/cache") } else { cache.join("handover") };
        let data = data.join("handover");
        let runtime = runtime.map_or_else(|| data.join("run"), |runtime| runtime.join("handover"));
        Self {
            settings: config.join("handover/config.toml"),
            messages: data.join("messages.db"),
            credentials: data.join("credentials.json"),
            outbox: data.join("outbox"),
            device_name: data.join("device-name"),
            email: data.join("email"),
            cache,
            socket: runtime.join("control.sock"),
            lock: runtime.join("lock"),
            runtime,
        }
    }

    /// The socket, if its path is short enough.
    pub fn usable_socket(&self) -> Result<&Path, PathProblem> {
        if self.socket.as_os_str().len() > os::MAX_SOCKET_PATH {
            return Err(PathProblem::SocketTooLong(self.socket.clone()));
        }
        Ok(&self.socket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(runtime: Option<&str>) -> Paths {
        let [config, data, cache] =
            ["/home/a/.config", "/home/a/.local/share", "/home/a/.cache"].map(Path::new);
        Paths::in_folders(config, data, cache, runtime.map(Path::new))
    }

    #[test]
    fn the_paths_are_those_of_the_manual() {
        let Paths {
            settings,
            messages,
            credentials,
            outbox,
            device_name,
            email,
            cache,
            runtime,
            socket,
            lock,
        } = paths(Some("/run/user/1"));
        for (path, expected) in [
            (settings, "/home/a/.config/handover/config.toml"),
            (messages, "/home/a/.local/share/handover/messages.db"),
            (credentials, "/home/a/.local/share/handover/credentials.json"),
            (outbox, "/home/a/.local/share/handover/outbox"),
            (device_name, "/home/a/.local/share/handover/device-name"),
            (email, "/home/a/.local/share/handover/email"),
            (cache, "/home/a/.cache/handover"),
            (runtime, "/run/user/1/handover"),
            (socket, "/run/user/1/handover/control.sock"),
            (lock, "/run/user/1/handover/lock"),
        ] {
            assert_eq!(path, Path::new(expected));
        }
        assert_eq!(paths(None).runtime, Path::new("/home/a/.local/share/handover/run"));
    }

    #[test]
    fn the_cache_is_not_among_the_messages_where_both_have_the_same_base() {
        let base = Path::new("base");
        let paths = Paths::in_folders(Path::new("config"), base, base, None);
        assert_eq!(paths.cache, Path::new("base/handover/cache"));
        assert_eq!(paths.messages, Path::new("base/handover/messages.db"));
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_path_that_is_too_long_is_an_error() {
        let runtime_of =
            |length: usize| "/".to_owned() + &"x".repeat(length - "//handover/control.sock".len());
        assert!(paths(Some(&runtime_of(os::MAX_SOCKET_PATH))).usable_socket().is_ok());
        let problem =
            paths(Some(&runtime_of(os::MAX_SOCKET_PATH + 1))).usable_socket().unwrap_err().to_string();
        let expected = format!("control.sock is longer than {} bytes", os::MAX_SOCKET_PATH);
        assert!(problem.contains(&expected), "{problem}");
    }
}
