//! A process of the program under test, and its output.
//!
//! Invariant: it never outlives its value, and no wait for it takes longer than [`TIMEOUT`].

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use handover::system::clock;
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::watch;
use tokio::time::timeout;

/// Far longer than anything here takes, even on a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// A process that ended, with its output.
#[derive(Debug)]
pub(crate) struct Finished {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Finished {
    /// Its standard output, if it succeeded and printed no error.
    #[track_caller]
    pub(crate) fn succeeded(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// Its standard error, if it exited with this code.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self.err
    }
}

/// Runs a command to its end, with this standard input.
pub(crate) async fn run(mut command: Command, input: &str) -> Finished {
    let words = format!("{command:?}");
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = loop {
        match pipes.spawn() {
            // Another test's child still has the file open that this test has just written.
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
            child => break child.expect("start the command"),
        }
    };
    let pid = Pid::from_child(&child);
    let mut stdin = child.stdin.take().expect("the command has an input");
    // A command that does not read its input may have ended already.
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    let end = tokio::task::spawn_blocking(move || child.wait_with_output());
    let Ok(end) = timeout(TIMEOUT, end).await else {
        // Without this the thread that waits would keep the test from ending.
        let _ = kill_process(pid, Signal::KILL);
        panic!("{words} did not end within {TIMEOUT:?}");
    };
    let end = end.expect("the wait is over").expect("wait for the command");
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    finished(end.status.code(), text(end.stdout), text(end.stderr))
}

fn finished(code: Option<i32>, out: String, err: String) -> Finished {
    assert!(!err.contains("panicked"), "{err}");
    Finished { code, out, err }
}

/// A process that runs beside the test; killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    out: Output,
    err: Output,
}

impl Running {
    /// Starts a command.
    pub(crate) fn start(mut command: Command) -> Self {
        let pipes = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().expect("start the command");
        let out = Output::from(child.stdout.take().expect("the command has an output"));
        let err = Output::from(child.stderr.take().expect("the command has an error output"));
        Self { child, out, err }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits until standard output contains a text.
    pub(crate) async fn until_printed(&self, what: &str) -> String {
        self.out.until(what, 1).await
    }

    /// Waits until the log contains a text.
    pub(crate) async fn until_logged(&self, what: &str) -> String {
        self.err.until(what, 1).await
    }

    /// Waits until the log contains a text this many times.
    pub(crate) async fn until_logged_times(&self, what: &str, times: usize) -> String {
        self.err.until(what, times).await
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("send a signal");
    }

    /// Kills it and waits until it has ended; returns its output so far.
    pub(crate) async fn kill(self) -> Finished {
        // It may have been killed already, by the test's notification server.
        let _ = kill_process(self.pid(), Signal::KILL);
        let finished = self.ended().await;
        assert_eq!(finished.code, None, "it ended before it was killed: {}", finished.err);
        finished
    }

    /// Sends it a signal; returns how it ended, and how long that took.
    pub(crate) async fn stop(self, signal: Signal) -> (Finished, Duration) {
        let asked: Instant = clock::instant();
        self.signal(signal);
        let finished = self.ended().await;
        (finished, clock::instant().duration_since(asked))
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(mut self) -> Finished {
        let pid = self.pid();
        let waiting = tokio::task::spawn_blocking(move || {
            let status = self.child.wait();
            (status, self)
        });
        let Ok(ended) = timeout(TIMEOUT, waiting).await else {
            let _ = kill_process(pid, Signal::KILL);
            panic!("the process did not end within {TIMEOUT:?}");
        };
        let (status, process) = ended.expect("the wait is over");
        let code = status.expect("wait for the process").code();
        finished(code, process.out.all().await, process.err.all().await)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Usually it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The output of a process, line by line.
struct Output(watch::Receiver<(String, bool)>);

impl Output {
    /// Reads in a thread, which ends with the pipe.
    fn from(pipe: impl Read + Send + 'static) -> Self {
        let (said, heard) = watch::channel((String::new(), false));
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                said.send_modify(|(text, _)| {
                    text.push_str(&line);
                    text.push('\n');
                });
            }
            said.send_modify(|(_, is_over)| *is_over = true);
        });
        Self(heard)
    }

    async fn until(&self, what: &str, times: usize) -> String {
        let holds = |text: &str| text.matches(what).count() >= times;
        let mut heard = self.0.clone();
        let found = heard.wait_for(|(text, is_over)| *is_over || holds(text));
        let is_found = timeout(TIMEOUT, found).await.is_ok();
        let text = self.0.borrow().0.clone();
        assert!(is_found, "{what:?} was not printed within {TIMEOUT:?}: {text}");
        assert!(holds(&text), "it ended without printing {what:?}: {text}");
        text
    }

    async fn all(&self) -> String {
        let mut heard = self.0.clone();
        let over = timeout(TIMEOUT, heard.wait_for(|(_, is_over)| *is_over)).await;
        over.expect("its output ends with the process").expect("the listener says when it ends").0.clone()
    }
}
