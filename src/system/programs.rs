//! Finds other programs on `PATH`, and starts programs that may outlive this one.
//!
//! Invariant: a program that is started here shares no input, output or terminal signals with this one, cannot talk to
//! its service manager, is not confined with it, gets no activation token but the user's click's, and leaves no zombie
//! process behind.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{core_dumps, os};
use crate::domain::notification::ActivationToken;

/// The environment variable with the socket on which systemd listens to the daemon.
pub const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";

/// The environment variables for the activation token, with which a program may come to the front: on Wayland, and on
/// X11 or for programs that know only the older name.
const ACTIVATION_TOKEN: [&str; 2] = ["XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID"];

/// The environment variable that the systemd unit sets when it confines this program.
const CONFINED: &str = "HANDOVER_CONFINED";

/// Enough for a thread that only waits for a process.
const STACK: usize = 64 * 1024;

/// The file of a program that the user could start by its name.
pub fn find(name: impl AsRef<Path>) -> Option<PathBuf> {
    find_in(&env::var_os("PATH")?, name)
}

/// The file of a program in these folders, which are written as in `PATH`.
pub fn find_in(search: &OsStr, name: impl AsRef<Path>) -> Option<PathBuf> {
    let name = os::program_file(name.as_ref());
    env::split_paths(search).map(|folder| folder.join(&name)).find(|file| file.is_file())
}

/// A running program that may outlive this one.
#[derive(Debug)]
pub struct DetachedProgram {
    exit: mpsc::Receiver<ExitStatus>,
}

/// Starts a program in its own process group. With the token of the user's click it may come to the front.
pub fn start_detached(command: &mut Command, token: Option<&ActivationToken>) -> io::Result<DetachedProgram> {
    let mut outside;
    let command = if env::var_os(CONFINED).is_some() {
        outside = outside_of_confinement(command, token);
        &mut outside
    } else {
        command
    };
    os::detach(command);
    clear_environment(command);
    if let Some(token) = token {
        command.envs(ACTIVATION_TOKEN.map(|name| (name, token.as_str())));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = core_dumps::start(|| command.spawn())?;
    let (sender, exit) = mpsc::channel();
    thread::Builder::new().name("reaper".to_owned()).stack_size(STACK).spawn(move || {
        if let Ok(status) = child.wait() {
            // The receiver may be gone.
            let _ = sender.send(status);
        }
    })?;
    Ok(DetachedProgram { exit })
}

/// The command that makes the service manager start a program in its own unit: a browser or a terminal would inherit
/// this process's restrictions and fail to start.
fn outside_of_confinement(command: &Command, token: Option<&ActivationToken>) -> Command {
    let mut outside = Command::new("systemd-run");
    outside.args(["--user", "--collect", "--quiet"]);
    for name in ACTIVATION_TOKEN.into_iter().filter(|_| token.is_some()) {
        // Without a value, the variable is copied from the environment.
        outside.arg(format!("--setenv={name}"));
    }
    outside.arg("--").arg(command.get_program()).args(command.get_args());
    outside
}

impl DetachedProgram {
    /// Its exit status, if it exits within this time.
    pub fn exit_within(&self, timeout: Duration) -> Option<ExitStatus> {
        self.exit.recv_timeout(timeout).ok()
    }
}

/// Removes the variables that are meant for this process only: the socket of its service manager, and the activation
/// token it was started with, which is used up.
pub(super) fn clear_environment(command: &mut Command) {
    for name in [NOTIFY_SOCKET].into_iter().chain(ACTIVATION_TOKEN) {
        command.env_remove(name);
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confined_daemon_makes_the_service_manager_start_programs() {
        let mut command = Command::new("xdg-open");
        command.arg("https://a.example/?b=$c");
        let words = |token| {
            let outside = outside_of_confinement(&command, token);
            let words = outside.get_args().map(|word| word.to_str().unwrap().to_owned());
            format!("{} {}", outside.get_program().to_str().unwrap(), words.collect::<Vec<_>>().join(" "))
        };
        let plain = "systemd-run --user --collect --quiet -- xdg-open https://a.example/?b=$c";
        assert_eq!(words(None), plain);
        let token = ActivationToken::new("click");
        assert_eq!(
            words(token.as_ref()),
            plain.replace(" -- ", " --setenv=XDG_ACTIVATION_TOKEN --setenv=DESKTOP_STARTUP_ID -- ")
        );
    }

    #[test]
    fn the_first_file_of_that_name_is_found() {
        let base = tempfile::tempdir().unwrap();
        let [none, folder, first, second] =
            ["none", "folder", "first", "second"].map(|name| base.path().join(name));
        std::fs::create_dir_all(folder.join("program")).unwrap();
        for folder in [&first, &second] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("program"), "").unwrap();
        }
        let search = env::join_paths([&none, &folder, &first, &second]).unwrap();
        assert_eq!(find_in(&search, "program"), Some(first.join("program")));
        assert_eq!(find_in(&search, "other"), None);
        assert_eq!(find("no-such-program-anywhere"), None);
    }

    #[test]
    fn the_exit_of_a_detached_program_is_seen() {
        let mut failing = Command::new("sh");
        let failing = start_detached(failing.args(["-c", "exit 3"]), None).unwrap();
        let status = failing.exit_within(Duration::from_secs(30)).unwrap();
        assert_eq!(status.code(), Some(3));
        assert!(start_detached(&mut Command::new("/nonexistent/program"), None).is_err());
    }

    #[test]
    fn a_detached_program_gets_its_own_token_and_no_service_manager() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("variables");
        let token = ActivationToken::new("fresh").unwrap();
        for (token, expected) in [(None, "<><><>"), (Some(&token), "<><fresh><fresh>")] {
            let mut command = Command::new("sh");
            command
                .env(NOTIFY_SOCKET, "/run/notify")
                .env("XDG_ACTIVATION_TOKEN", "stale")
                .env("DESKTOP_STARTUP_ID", "stale")
                .args([
                    "-c",
                    "printf '<%s><%s><%s>' \"$NOTIFY_SOCKET\" \"$XDG_ACTIVATION_TOKEN\" \"$DESKTOP_STARTUP_ID\" > \"$0\"",
                ])
                .arg(&file);
            start_detached(&mut command, token).unwrap().exit_within(Duration::from_secs(30)).unwrap();
            assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
        }
    }
}
