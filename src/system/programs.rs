//! Finds other programs on `PATH`, and starts programs that may outlive this one.
//!
//! Invariant: a program that is started here shares no input, output or terminal signal with this program, cannot
//! speak to its service manager, and leaves no zombie process behind.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The environment variable with the address at which systemd listens to the daemon.
pub const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";

/// Enough for a thread that only waits for a process.
const STACK: usize = 64 * 1024;

/// The file of a program that the user could start by its name.
pub fn find(name: impl AsRef<Path>) -> Option<PathBuf> {
    find_in(&env::var_os("PATH")?, name)
}

/// The file of a program in these folders, which are written as in `PATH`.
pub fn find_in(search: &OsStr, name: impl AsRef<Path>) -> Option<PathBuf> {
    env::split_paths(search).map(|folder| folder.join(name.as_ref())).find(|file| file.is_file())
}

/// A program that runs, and may outlive this one.
#[derive(Debug)]
pub struct DetachedProgram {
    exit: mpsc::Receiver<ExitStatus>,
}

/// Starts a program in a process group of its own.
pub fn start_detached(command: &mut Command) -> io::Result<DetachedProgram> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    hide_service_manager(command);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let (sender, exit) = mpsc::channel();
    thread::Builder::new().name("reaper".to_owned()).stack_size(STACK).spawn(move || {
        if let Ok(status) = child.wait() {
            // The receiver may be gone.
            let _ = sender.send(status);
        }
    })?;
    Ok(DetachedProgram { exit })
}

impl DetachedProgram {
    /// Its exit status, if it exits within this time.
    pub fn exit_within(&self, timeout: Duration) -> Option<ExitStatus> {
        self.exit.recv_timeout(timeout).ok()
    }
}

/// Keeps a program from sending messages to the daemon's service manager in the daemon's name.
pub(super) fn hide_service_manager(command: &mut Command) -> &mut Command {
    command.env_remove(NOTIFY_SOCKET)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

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
        let failing = start_detached(failing.args(["-c", "exit 3"])).unwrap();
        let status = failing.exit_within(Duration::from_secs(30)).unwrap();
        assert_eq!(status.code(), Some(3));
        assert!(start_detached(&mut Command::new("/nonexistent/program")).is_err());
    }

    #[test]
    fn a_detached_program_does_not_see_the_service_manager() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("variable");
        let mut command = Command::new("sh");
        command
            .env(NOTIFY_SOCKET, "/run/notify")
            .args(["-c", "printf '<%s>' \"$NOTIFY_SOCKET\" > \"$0\""])
            .arg(&file);
        start_detached(&mut command).unwrap().exit_within(Duration::from_secs(30)).unwrap();
        assert_eq!(std::fs::read_to_string(file).unwrap(), "<>");
    }
}
