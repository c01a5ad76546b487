//! Reaps the programs that this process started before a restart and that still run, such as a hook command.
//!
//! Invariant: none of them stays a zombie, and none is killed, because the user may be using it.

#[cfg(target_os = "linux")]
pub(super) use linux::reap;

/// Elsewhere the children of a process cannot be listed: on Windows they are nobody's zombies, and on macOS they stay zombies
/// until the daemon ends.
#[cfg(not(target_os = "linux"))]
pub(super) fn reap() {}

#[cfg(target_os = "linux")]
mod linux {
    use std::{fs, thread};

    use rustix::process::{Pid, WaitOptions, waitpid};

    /// Enough stack to wait.
    const STACK: usize = 64 * 1024;

    /// Waits for each of them in a thread. Call it before this process starts any other program.
    pub(in crate::daemon::restart) fn reap() {
        // After an exec, all children belong to the one remaining thread. On a kernel without this file they stay
        // zombies until the daemon ends.
        let children = fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
        let children: Vec<Pid> =
            children.split_whitespace().filter_map(|id| Pid::from_raw(id.parse().ok()?)).collect();
        if children.is_empty() {
            return;
        }
        // Each is waited for by its id, so that this never reaps a child that other code waits for.
        let wait = move || {
            for child in children {
                let _ = waitpid(Some(child), WaitOptions::empty());
            }
        };
        if let Err(error) = thread::Builder::new().name("reaper".to_owned()).stack_size(STACK).spawn(wait) {
            tracing::debug!("child processes from before the restart stay zombies: {error}");
        }
    }
}
