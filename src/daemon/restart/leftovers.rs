//! The programs that this process started before a restart, such as a hook command, and that still run.
//!
//! Invariant: none of them stays a zombie, and none is killed: the user may be looking at it.

/// Waits in a thread until each of them ends. Call it before this process starts any other program.
pub(super) fn reap() {
    #[cfg(target_os = "linux")]
    linux::reap();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{fs, thread};

    use rustix::process::{Pid, WaitOptions, waitpid};

    /// Waiting needs no more stack than this.
    const STACK: usize = 64 * 1024;

    pub(super) fn reap() {
        // After an exec all children belong to the thread that remains. A kernel without this file leaves them to init,
        // once the daemon ends.
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
