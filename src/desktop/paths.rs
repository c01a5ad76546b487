//! Where this program keeps its things.
//!
//! Invariant: what belongs to the user alone lies in a folder that only they can enter.
//!
//! # Platform-specific behavior
//!
//! Linux: the XDG folders. A session without `XDG_RUNTIME_DIR` (cron, `su`, a container) has no folder that
//! is private and gone after the session; then `run` in the data folder takes its place, which is private
//! too. A socket or lock left over there after a crash does no harm: the lock is a lock on the open file, not the
//! file, and whoever holds it replaces the socket.

use std::io;
use std::path::{Path, PathBuf};

/// The longest path a Unix socket can have, in bytes: `sun_path` holds 108, the last of them a zero.
const MAX_SOCKET: usize = 107;

/// Why a path cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PathProblem {
    /// Neither the environment nor the system knows a home folder.
    #[error("the folders for settings and messages cannot be found: there is no home folder, is HOME set?")]
    NoHome,
    /// The system's limit for sockets.
    #[error(
        "the control socket cannot be made: {0} is longer than {MAX_SOCKET} bytes, set XDG_RUNTIME_DIR to a shorter folder"
    )]
    SocketTooLong(PathBuf),
}

/// Where everything lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The settings file.
    pub settings: PathBuf,
    /// The log of messages.
    pub messages: PathBuf,
    /// The login, where it is kept in a file.
    pub credentials: PathBuf,
    /// A folder for icons and sounds, which may vanish at any time.
    pub cache: PathBuf,
    /// A folder for what lives as long as the daemon.
    pub runtime: PathBuf,
    /// Where the daemon takes commands, in `runtime`.
    pub socket: PathBuf,
    /// What the one daemon of a user holds locked, in `runtime`.
    pub lock: PathBuf,
}

impl Paths {
    /// The paths for this user, by the environment. Nothing is made yet.
    pub fn from_environment() -> Result<Self, PathProblem> {
        let folders = (dirs::config_dir(), dirs::data_dir(), dirs::cache_dir());
        let (Some(config), Some(data), Some(cache)) = folders else { return Err(PathProblem::NoHome) };
        let runtime = dirs::runtime_dir().or_else(session_folder);
        Ok(Self::in_folders(&config, &data, &cache, runtime.as_deref()))
    }

    /// The paths below these base folders, of which the last may be missing.
    pub fn in_folders(config: &Path, data: &Path, cache: &Path, runtime: Option<&Path>) -> Self {
        let data = data.join("handover");
        let runtime = runtime.map_or_else(|| data.join("run"), |runtime| runtime.join("handover"));
        Self {
            settings: config.join("handover/config.toml"),
            messages: data.join("messages.db"),
            credentials: data.join("credentials.json"),
            cache: cache.join("handover"),
            socket: runtime.join("control.sock"),
            lock: runtime.join("lock"),
            runtime,
        }
    }

    /// The socket, if the system can make one of that name.
    pub fn usable_socket(&self) -> Result<&Path, PathProblem> {
        if self.socket.as_os_str().len() > MAX_SOCKET {
            return Err(PathProblem::SocketTooLong(self.socket.clone()));
        }
        Ok(&self.socket)
    }
}

/// This user's runtime folder as the system makes it, for a shell that was started without the variable that
/// names it (cron, su, ssh): a command has to find the daemon of the desktop, and no second daemon may start.
fn session_folder() -> Option<PathBuf> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;

        let user = rustix::process::geteuid().as_raw();
        let folder = PathBuf::from(format!("/run/user/{user}"));
        let is_ours = folder.metadata().is_ok_and(|found| found.is_dir() && found.uid() == user);
        is_ours.then_some(folder)
    }
    #[cfg(not(unix))]
    None
}

/// Makes sure that there is a folder which only this user can enter, and makes it and those above where they
/// are missing. An error when it belongs to somebody else.
pub fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};

        builder.mode(0o700).create(path)?;
        let found = path.metadata()?;
        if found.uid() != rustix::process::geteuid().as_raw() {
            let cause = format!("{} belongs to another user", path.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, cause));
        }
        if found.mode() & 0o077 != 0 {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
        }
    }
    #[cfg(not(unix))]
    builder.create(path)?;
    Ok(())
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
    fn everything_lies_where_the_manual_says() {
        let Paths { settings, messages, credentials, cache, runtime, socket, lock } =
            paths(Some("/run/user/1"));
        for (path, expected) in [
            (settings, "/home/a/.config/handover/config.toml"),
            (messages, "/home/a/.local/share/handover/messages.db"),
            (credentials, "/home/a/.local/share/handover/credentials.json"),
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
    fn a_socket_path_that_is_too_long_is_said_so() {
        let runtime_of =
            |length: usize| "/".to_owned() + &"x".repeat(length - "//handover/control.sock".len());
        assert!(paths(Some(&runtime_of(107))).usable_socket().is_ok());
        let problem = paths(Some(&runtime_of(108))).usable_socket().unwrap_err().to_string();
        assert!(problem.contains("control.sock is longer than 107 bytes"), "{problem}");
    }

    #[cfg(unix)]
    #[test]
    fn a_private_folder_is_entered_by_its_owner_alone() {
        use std::os::unix::fs::{PermissionsExt, chown};

        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("a/b");
        private_folder(&folder).unwrap();
        assert_eq!((mode(&folder), mode(&base.path().join("a"))), (0o700, 0o700));

        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        private_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);

        std::fs::write(base.path().join("file"), "").unwrap();
        assert!(private_folder(&base.path().join("file")).is_err());

        // Only root can give a folder away.
        if rustix::process::geteuid().is_root() {
            chown(&folder, Some(12_345), None).unwrap();
            let problem = private_folder(&folder).unwrap_err().to_string();
            assert!(problem.ends_with("a/b belongs to another user"), "{problem}");
        }
    }
}
