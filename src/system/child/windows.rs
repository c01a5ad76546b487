//! A process with all that it starts, as a job object.
//!
//! Invariant: the whole job is killed when its value is dropped, unless it was released.

use std::io;
use std::process::ExitStatus;

use tokio::process::{Child, Command};
use win32job::{ExtendedLimitInfo, Job, JobError};

/// `CREATE_NO_WINDOW`: a daemon that runs without a console opens none for a program.
const NO_WINDOW: u32 = 0x0800_0000;

/// A job whose processes are killed when this is dropped.
pub(super) struct ProcessTree(Option<Job>);

/// Starts a program in a job of its own. What it starts within the first instant may be outside of the job.
pub(super) fn start(command: &mut Command, uses_terminal: bool) -> io::Result<(Child, ProcessTree)> {
    let mut limits = ExtendedLimitInfo::new();
    let job = Job::create_with_limit_info(limits.limit_kill_on_job_close()).map_err(cause)?;
    if !uses_terminal {
        command.creation_flags(NO_WINDOW);
    }
    let child = command.kill_on_drop(true).spawn()?;
    if let Some(handle) = child.raw_handle() {
        // It fails when the process has exited.
        drop(job.assign_process(handle as isize));
    }
    Ok((child, ProcessTree(Some(job))))
}

impl ProcessTree {
    pub(super) fn kill(&mut self) {
        // The last handle of the job ends it.
        drop(self.0.take());
    }

    /// Lets what is left of it run.
    pub(super) fn release(&mut self) {
        if let Some(job) = self.0.take() {
            // If it fails, what is left is killed.
            drop(job.set_extended_limit_info(&ExtendedLimitInfo::new()));
        }
    }
}

/// There are no signals here.
pub(super) fn signal_of(_status: ExitStatus) -> Option<i32> {
    None
}

fn cause(error: JobError) -> io::Error {
    io::Error::other(error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Invocation, RunError, run};

    fn words(command: &[&str]) -> Vec<String> {
        command.iter().map(|word| (*word).to_owned()).collect()
    }

    #[tokio::test]
    async fn the_output_and_the_exit_code_are_seen() {
        let command = words(&["cmd", "/c", "echo %X%& exit 0"]);
        let variables = [("X", "a b".to_owned())];
        let invocation =
            Invocation { command: &command, variables: &variables, max_output: 100, ..Invocation::default() };
        let output = run(invocation, Duration::from_secs(30)).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&output).trim(), "a b");
        let command = words(&["cmd", "/c", "exit 3"]);
        let invocation = Invocation { command: &command, ..Invocation::default() };
        let failed = run(invocation, Duration::from_secs(30)).await;
        assert!(matches!(failed, Err(RunError::Failed(3))), "{failed:?}");
    }

    /// The file that the child of the shell writes to can be removed once that is gone.
    #[tokio::test]
    async fn a_program_that_hangs_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("held");
        let script = format!("ping -n 1000 127.0.0.1 > {}", file.display());
        let command = words(&["cmd", "/c", &script]);
        let invocation = Invocation { command: &command, ..Invocation::default() };
        let killed = run(invocation, Duration::from_secs(2)).await;
        assert!(matches!(killed, Err(RunError::TimedOut(_))), "{killed:?}");
        let removed = async {
            while file.exists() && std::fs::remove_file(&file).is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), removed).await.expect("its child is gone");
    }
}
