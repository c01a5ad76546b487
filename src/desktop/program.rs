//! Finds other programs and starts them on their own.
//!
//! Invariant: what is started shares no input or output with this program, no signal of its terminal and no word with
//! its service manager; and when it ends somebody takes note, so that no zombie is left.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::service_manager;

/// All that waiting for the end of a process takes.
const STACK: usize = 64 * 1024;

/// The file of a program that the user could start by its name.
pub(super) fn on_path(name: &OsStr) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A program that runs, and may outlive this one.
#[derive(Debug)]
pub(super) struct Started {
    ended: mpsc::Receiver<ExitStatus>,
}

/// Starts a program.
pub(super) fn start(command: &mut Command) -> io::Result<Started> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    service_manager::keep_from(command);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let (tell, ended) = mpsc::channel();
    thread::Builder::new().name("waits".to_owned()).stack_size(STACK).spawn(move || {
        if let Ok(status) = child.wait() {
            // Nobody has to be interested.
            let _ = tell.send(status);
        }
    })?;
    Ok(Started { ended })
}

impl Started {
    /// How it ended, if it did within this time.
    pub(super) fn end_within(&self, patience: Duration) -> Option<ExitStatus> {
        self.ended.recv_timeout(patience).ok()
    }
}
