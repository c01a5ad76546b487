//! A process with all that it starts, as a process group.
//!
//! Invariant: the whole group is killed when its value is dropped, unless it was released.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// A process group that is killed when this is dropped.
pub(super) struct ProcessTree(Option<Pid>);

/// Starts a program in a group of its own; whether it uses the terminal of this process makes no difference.
pub(super) fn start(command: &mut Command, _uses_terminal: bool) -> io::Result<(Child, ProcessTree)> {
    let child = command.process_group(0).spawn()?;
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    Ok((child, ProcessTree(group)))
}

impl ProcessTree {
    pub(super) fn kill(&mut self) {
        if let Some(group) = self.0.take() {
            // It fails when all of its processes have exited.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// Lets what is left of it run. Call it once the process was reaped, since its id may then be reused.
    pub(super) fn release(&mut self) {
        self.0 = None;
    }
}

impl Drop for ProcessTree {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The signal that ended a process.
pub(super) fn signal_of(status: ExitStatus) -> Option<i32> {
    status.signal()
}
