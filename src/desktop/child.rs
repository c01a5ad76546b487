//! Runs a program that the user named to its end, within a time limit.
//!
//! Invariant: no shell reads anything of it, and neither the program nor what it started outlives its time or the
//! wait for it.

use std::future::pending;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::service_manager;
use crate::domain::system;

/// Bytes of a variable; Linux starts nothing with one of 128 KiB.
const LONGEST_VARIABLE: usize = 100 * 1024;

/// How long after its end something may keep what it printed, or itself, from being done with.
const AFTERMATH: Duration = Duration::from_secs(1);

/// Why a run did not go well.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The system does not start it.
    #[error("{program} cannot be started: {why}")]
    NotStarted {
        /// The program, as the settings name it.
        program: String,
        /// Why not.
        why: String,
    },
    /// It ended with this code, which is not 0.
    #[error("it ended with {0}")]
    Ended(i32),
    /// This signal ended it.
    #[error("it was ended by signal {0}")]
    EndedBySignal(i32),
    /// It was killed, since its time was over.
    #[error("it was killed, since it took more than {} s", .0.as_secs())]
    TookTooLong(Duration),
    /// Nothing is known of its end.
    #[error("it cannot be waited for: {}", system::in_words(.0))]
    Lost(io::Error),
}

/// A program, and what it is given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task<'a> {
    /// The program and its arguments.
    pub(super) command: &'a [String],
    /// What it finds in its environment, besides this process's own.
    pub(super) variables: &'a [(&'a str, String)],
    /// What it finds on its standard input.
    pub(super) input: &'a [u8],
    /// How much of what it prints is wanted, in bytes; the rest is thrown away.
    pub(super) output: u16,
}

/// Runs a program to its end, or until its time is over; what it printed, as far as it is wanted.
///
/// When it is killed, or the wait for it is given up, all that it started is killed with it, unless that left the
/// process group.
pub(super) async fn run(task: Task<'_>, patience: Duration) -> Result<Vec<u8>, Fault> {
    let Some((program, arguments)) = task.command.split_first() else { return Ok(Vec::new()) };
    let variables = task.variables.iter().map(|(name, value)| (name, fit(value)));
    let mut command = Command::new(program);
    service_manager::keep_from(command.as_std_mut());
    let started = command
        .args(arguments)
        .envs(variables)
        .stdin(Stdio::piped())
        .stdout(if task.output > 0 { Stdio::piped() } else { Stdio::null() })
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    let mut child = started
        .map_err(|error| Fault::NotStarted { program: program.clone(), why: why_not_started(&error) })?;
    let mut group = Group::of(&child);
    let Ok(ended) = timeout(patience, end_of(&mut child, task)).await else {
        group.kill();
        // It is gone the moment it was killed, and the system wants that to be noted; unless it runs as another user.
        drop(timeout(AFTERMATH, child.wait()).await);
        return Err(Fault::TookTooLong(patience));
    };
    // From here on its number may be another's.
    group.0 = None;
    let (status, printed) = ended.map_err(Fault::Lost)?;
    verdict(status).map(|()| printed)
}

/// Gives it its input, takes what it prints, and waits for its end: not for its reading, which it need not do.
async fn end_of(child: &mut Child, task: Task<'_>) -> io::Result<(ExitStatus, Vec<u8>)> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    // At once as large as it may get: what is printed may be a secret, and growing would leave copies behind.
    let mut printed = Vec::with_capacity(task.output.into());
    let status = tokio::select! {
        status = ended(child, read(stdout, task.output, &mut printed)) => status?,
        never = feed(stdin, task.input) => never,
    };
    Ok((status, printed))
}

/// Waits for its end and for all it printed; not for what it left running, which may keep its output open for ever.
async fn ended(child: &mut Child, reading: impl Future<Output = io::Result<()>>) -> io::Result<ExitStatus> {
    let mut reading = pin!(reading);
    tokio::select! {
        status = child.wait() => {
            // What it printed itself is there by now.
            timeout(AFTERMATH, reading).await.unwrap_or(Ok(()))?;
            status
        }
        read = &mut reading => {
            read?;
            child.wait().await
        }
    }
}

async fn feed<T>(stdin: Option<ChildStdin>, input: &[u8]) -> T {
    if let Some(mut stdin) = stdin {
        // It may have closed it.
        drop(stdin.write_all(input).await);
    }
    pending().await
}

async fn read(stdout: Option<ChildStdout>, most: u16, printed: &mut Vec<u8>) -> io::Result<()> {
    if let Some(stdout) = stdout {
        stdout.take(most.into()).read_to_end(printed).await?;
    }
    Ok(())
}

fn verdict(status: ExitStatus) -> Result<(), Fault> {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(Fault::Ended(code)),
        (None, signal) => Err(Fault::EndedBySignal(signal.unwrap_or_default())),
    }
}

fn why_not_started(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "there is no such program".to_owned();
    }
    if error.kind() == io::ErrorKind::PermissionDenied {
        return "it is not executable".to_owned();
    }
    system::in_words(error)
}

/// A value as it can stand in an environment.
fn fit(value: &str) -> String {
    let value = value.replace('\0', "");
    value.get(..value.floor_char_boundary(LONGEST_VARIABLE)).unwrap_or_default().to_owned()
}

/// A process group that is killed when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }

    fn kill(&mut self) {
        if let Some(group) = self.0.take() {
            // All of it may be gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
