//! Runs a child process to its end, within a time limit.
//!
//! Invariant: no shell interprets its arguments, and neither the process nor its children outlive the time limit or the
//! future that waits for it.

use std::future::pending;
use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::{core_dumps, programs};
use crate::domain::system;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as os;
#[cfg(windows)]
use windows as os;

/// The most bytes of an environment variable; Linux starts no program with one of 128 KiB.
const MAX_VARIABLE: usize = 100 * 1024;

/// How long to wait for the rest of the output, or for a killed process to be reaped.
const GRACE: Duration = Duration::from_secs(1);

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The program could not be started.
    #[error("{program} cannot be started: {why}")]
    NotStarted {
        /// The program, as the caller named it.
        program: String,
        /// Why it could not be started.
        why: String,
    },
    /// It exited with this code, which is not 0.
    #[error("it exited with code {0}")]
    Failed(i32),
    /// This signal ended it.
    #[error("it was ended by signal {0}")]
    Signalled(i32),
    /// It was killed at the time limit.
    #[error("it was killed after {} s", .0.as_secs())]
    TimedOut(Duration),
    /// Its exit status is not known.
    #[error("it cannot be waited for: {}", system::in_words(.0))]
    Unknown(io::Error),
}

/// A program with its input.
#[derive(Clone, Copy, Debug, Default)]
pub struct Invocation<'a> {
    /// The program and its arguments.
    pub command: &'a [String],
    /// Environment variables, besides those of this process.
    pub variables: &'a [(&'a str, String)],
    /// The content of its standard input.
    pub input: &'a [u8],
    /// How many bytes of its output to return; the rest is discarded.
    pub max_output: u16,
    /// Whether its output and its errors go where those of this process go.
    pub inherits_output: bool,
}

/// Runs a program to its end, or until the time limit; returns what it printed, up to `max_output`.
///
/// When it is killed, or this future is dropped, all that it started is killed with it.
pub async fn run(invocation: Invocation<'_>, time_limit: Duration) -> Result<Vec<u8>, RunError> {
    let Some((program, arguments)) = invocation.command.split_first() else { return Ok(Vec::new()) };
    let variables = invocation.variables.iter().map(|(name, value)| (name, sanitized(value)));
    let unread = || if invocation.inherits_output { Stdio::inherit() } else { Stdio::null() };
    let mut command = Command::new(program);
    programs::clear_environment(command.as_std_mut());
    command
        .args(arguments)
        .envs(variables)
        .stdin(Stdio::piped())
        .stdout(if invocation.max_output > 0 { Stdio::piped() } else { unread() })
        .stderr(unread());
    let (mut child, mut tree) = core_dumps::start(|| os::start(&mut command, invocation.inherits_output))
        .map_err(|error| RunError::NotStarted { program: program.clone(), why: why_not_started(&error) })?;
    let Ok(exited) = timeout(time_limit, communicate(&mut child, invocation)).await else {
        tree.kill();
        // This reaps it. A process of another user may have survived the signal, so there is a limit here too.
        drop(timeout(GRACE, child.wait()).await);
        return Err(RunError::TimedOut(time_limit));
    };
    tree.release();
    let (status, output) = exited.map_err(RunError::Unknown)?;
    check_status(status).map(|()| output)
}

/// Writes the input, reads the output and waits for the exit, even if the process never reads its input.
async fn communicate(child: &mut Child, invocation: Invocation<'_>) -> io::Result<(ExitStatus, Vec<u8>)> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    // Allocated in full: the output may be a secret, and a vector that grows leaves copies behind.
    let mut output = Vec::with_capacity(invocation.max_output.into());
    let status = tokio::select! {
        status = exit_and_output(child, read(stdout, invocation.max_output, &mut output)) => status?,
        never = write(stdin, invocation.input) => never,
    };
    Ok((status, output))
}

/// Waits for the exit and the output. After the exit it waits only briefly for the output, because a child that was
/// left running may keep it open indefinitely.
async fn exit_and_output(
    child: &mut Child,
    reading: impl Future<Output = io::Result<()>>,
) -> io::Result<ExitStatus> {
    let mut reading = pin!(reading);
    tokio::select! {
        status = child.wait() => {
            timeout(GRACE, reading).await.unwrap_or(Ok(()))?;
            status
        }
        read = &mut reading => {
            read?;
            child.wait().await
        }
    }
}

/// Writes the input and never returns; the caller drops it when the process exits.
async fn write<T>(stdin: Option<ChildStdin>, input: &[u8]) -> T {
    if let Some(mut stdin) = stdin {
        // This fails if the process closed its input.
        drop(stdin.write_all(input).await);
    }
    pending().await
}

async fn read(stdout: Option<ChildStdout>, max: u16, output: &mut Vec<u8>) -> io::Result<()> {
    if let Some(stdout) = stdout {
        stdout.take(max.into()).read_to_end(output).await?;
    }
    Ok(())
}

fn check_status(status: ExitStatus) -> Result<(), RunError> {
    match (status.code(), os::signal_of(status)) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => Err(RunError::Failed(code)),
        (None, signal) => Err(RunError::Signalled(signal.unwrap_or_default())),
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

/// The value, cut and without NUL characters, so that it fits into an environment variable.
fn sanitized(value: &str) -> String {
    let value = value.replace('\0', "");
    value.get(..value.floor_char_boundary(MAX_VARIABLE)).unwrap_or_default().to_owned()
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use rustix::process::{Pid, Signal, test_kill_process};
    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(30);

    /// A folder with a script, and the command that runs it with `sh`. Running the file itself could fail, because the
    /// child of another test may still have the new file open for writing.
    fn script(text: &str) -> (TempDir, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hook");
        fs::write(&path, format!("cd {}\n{text}\n", folder.path().display())).unwrap();
        let command =
            ["sh", path.to_str().unwrap(), "first argument", "$(touch no)"].map(str::to_owned).to_vec();
        (folder, command)
    }

    async fn run_with(
        command: &[String],
        variables: &[(&str, String)],
        input: &[u8],
        time_limit: Duration,
    ) -> Result<(), RunError> {
        run(Invocation { command, variables, input, ..Invocation::default() }, time_limit).await.map(drop)
    }

    async fn error_of(command: &[String]) -> String {
        run_with(command, &[], b"", TIMEOUT).await.unwrap_err().to_string()
    }

    fn read(folder: &TempDir, name: &str) -> String {
        fs::read_to_string(folder.path().join(name)).unwrap()
    }

    #[tokio::test]
    async fn arguments_environment_and_input_arrive_unchanged() {
        let (folder, command) =
            script("cat > in; printf '%s|%s' \"$1\" \"$2\" > args; printf %s \"$X_UNUSUAL\" > unusual");
        let unusual = "a b\"c'd\ne$(touch no)`touch no`\u{1f600}\0f".to_owned();
        run_with(&command, &[("X_UNUSUAL", unusual)], b"{\"a\": 1}\n", TIMEOUT).await.unwrap();
        assert_eq!(read(&folder, "in"), "{\"a\": 1}\n");
        assert_eq!(read(&folder, "args"), "first argument|$(touch no)");
        assert_eq!(read(&folder, "unusual"), "a b\"c'd\ne$(touch no)`touch no`\u{1f600}f");
        assert!(!folder.path().join("no").exists());
    }

    #[tokio::test]
    async fn unread_input_and_discarded_output_do_not_block() {
        let large = vec![b'x'; 1 << 20];
        let (_folder, command) = script("exit 0");
        run_with(&command, &[], &large, TIMEOUT).await.unwrap();
        // A process that is left running keeps the input open and never reads it.
        let (folder, command) = script("sleep 60 <&0 & echo $! > pid");
        run_with(&command, &[], &large, TIMEOUT).await.unwrap();
        rustix::process::kill_process(pid(&folder.path().join("pid")), Signal::KILL).unwrap();
        let (folder, command) =
            script("head -c 50000000 /dev/zero; head -c 5000000 /dev/zero >&2; wc -c > in");
        run_with(&command, &[("X_LONG", "\u{e4}".repeat(1 << 20))], &large, TIMEOUT).await.unwrap();
        assert_eq!(read(&folder, "in"), "1048576\n");
    }

    fn pid(file: &Path) -> Pid {
        let number = fs::read_to_string(file).unwrap();
        Pid::from_raw(number.trim().parse().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn every_kind_of_failure_has_its_own_error() {
        assert_eq!(error_of(&script("exit 3").1).await, "it exited with code 3");
        assert_eq!(error_of(&script("kill -9 $$").1).await, "it was ended by signal 9");
        let missing = ["/nonexistent/hook".to_owned()];
        assert_eq!(error_of(&missing).await, "/nonexistent/hook cannot be started: there is no such program");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hook").to_str().unwrap().to_owned();
        fs::write(&path, "#!/bin/sh\n").unwrap();
        let expected = format!("{path} cannot be started: it is not executable");
        assert_eq!(error_of(&[path]).await, expected);
    }

    /// A script that never ends, and whose child never ends.
    const HANGS: &str = "sleep 1000 & echo $! > child; echo $$ > self; mv self ready; wait";

    /// Whether both processes are gone, or are zombies that their new parent has not reaped.
    fn is_over(folder: &TempDir) -> bool {
        ["child", "ready"].iter().all(|name| {
            let pid = pid(&folder.path().join(name));
            let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
            test_kill_process(pid).is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
        })
    }

    async fn until_over(folder: &TempDir) {
        let over = async {
            while !is_over(folder) {
                tokio::task::yield_now().await;
            }
        };
        timeout(TIMEOUT, over).await.expect("both are gone within 30 s");
    }

    /// Runs the script until both processes exist.
    async fn until_ready(
        folder: &TempDir,
        mut running: std::pin::Pin<&mut impl Future<Output = Result<(), RunError>>>,
    ) {
        while !folder.path().join("ready").exists() {
            assert!(timeout(Duration::from_millis(5), running.as_mut()).await.is_err(), "it ended");
        }
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_killed_with_its_children() {
        let (folder, command) = script(HANGS);
        let killed = timeout(TIMEOUT, run_with(&command, &[], b"", Duration::from_secs(2))).await;
        let error = killed.expect("it is killed within 30 s").unwrap_err();
        assert_eq!(error.to_string(), "it was killed after 2 s");
        until_over(&folder).await;
    }

    #[tokio::test]
    async fn a_program_is_killed_with_its_children_when_the_caller_gives_up() {
        let (folder, command) = script(HANGS);
        {
            let mut running = std::pin::pin!(run_with(&command, &[], b"", TIMEOUT));
            until_ready(&folder, running.as_mut()).await;
            assert!(!is_over(&folder));
        }
        until_over(&folder).await;
    }
}
