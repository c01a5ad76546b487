//! A receiver: ours, or one built on somebody else's library.
//!
//! Invariant: a delivery of ours ends when the notification server has read the call; one of another library when the function
//! that it calls prints a line.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::process::Process;
use crate::session::Session;

/// Longer than any delivery should take.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy)]
pub(crate) enum Program {
    Handover,
    PyPushoverOpenClient,
    PyPushover,
}

impl Program {
    pub(crate) const ALL: [Self; 3] = [Self::Handover, Self::PyPushoverOpenClient, Self::PyPushover];

    /// The name in the registry.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Handover => "Handover",
            Self::PyPushoverOpenClient => "py-pushover-open-client",
            Self::PyPushover => "pypushover",
        }
    }

    /// Installs the library unless it is there; `false` if that is impossible.
    pub(crate) fn install(self) -> bool {
        if matches!(self, Self::Handover) || self.folder().join("complete").exists() {
            return true;
        }
        let run = |program: &Path, arguments: &[&str]| {
            let status =
                Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
            status.is_ok_and(|status| status.success())
        };
        let folder = self.folder().display().to_string();
        // Libraries of that age need a websocket-client of that age: how it calls their functions has changed twice.
        let socket =
            if matches!(self, Self::PyPushover) { "websocket-client<0.49" } else { "websocket-client<0.58" };
        let libraries = ["install", "--quiet", self.name(), "requests", socket];
        let installed = run(Path::new("python3"), &["-m", "venv", &folder])
            && run(&self.folder().join("bin/pip"), &libraries)
            && fs::write(self.folder().join("complete"), "").is_ok();
        if !installed {
            println!("skipped: {} cannot be installed", self.name());
        }
        installed
    }

    fn folder(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers").join(format!("bench-{}", self.name()))
    }
}

/// How a device of a program is signed in.
#[derive(Clone)]
pub(crate) struct Login {
    secret: String,
    pub(crate) device: String,
}

/// A program that runs, signed in with a device of its own.
pub(crate) struct Client {
    pub(crate) program: Program,
    pub(crate) process: Process,
    pub(crate) login: Login,
    /// From the start of the process to its login on the websocket.
    pub(crate) connected_after: Duration,
    /// When a line was printed.
    lines: mpsc::UnboundedReceiver<Instant>,
}

impl Client {
    pub(crate) fn name(&self) -> &'static str {
        self.program.name()
    }

    /// Starts it with a new device.
    pub(crate) async fn start(program: Program, session: &Session) -> Self {
        let login = match program {
            Program::Handover => Login { secret: session.secret.clone(), device: session.device.clone() },
            Program::PyPushoverOpenClient | Program::PyPushover => {
                let (secret, device) = session.sandbox.add_device(program.name());
                Login { secret, device }
            }
        };
        Self::start_with(program, session, &login).await
    }

    /// Starts it and waits until it is connected.
    pub(crate) async fn start_with(program: Program, session: &Session, login: &Login) -> Self {
        let before = session.sandbox.counters();
        let (on_line, lines) = mpsc::unbounded_channel();
        let process = if matches!(program, Program::Handover) {
            session.start()
        } else {
            let mut command = Command::new(program.folder().join("bin/python"));
            command
                .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/peers/receiver.py"))
                .args([program.name(), &login.secret, &login.device, &session.port().to_string()])
                .envs(session.environment())
                .stdin(Stdio::null())
                .stdout(Stdio::piped());
            for variable in ["REQUESTS_CA_BUNDLE", "WEBSOCKET_CLIENT_CA_BUNDLE"] {
                command.env(variable, session.certificates());
            }
            let mut process = Process::start(&mut command);
            let output = BufReader::new(process.output());
            std::thread::spawn(move || {
                let received =
                    output.lines().map_while(Result::ok).filter(|line| line.starts_with("received"));
                received.map(|_line| on_line.send(Instant::now())).take_while(Result::is_ok).for_each(drop);
            });
            process
        };
        session.until(|now| now.socket_logins > before.socket_logins).await;
        let connected_after = process.started.elapsed();
        session.until(|now| now.downloads > before.downloads).await;
        Self { program, process, login: login.clone(), connected_after, lines }
    }

    /// Sends a message and waits until it is delivered and deleted; returns the milliseconds until it was delivered.
    pub(crate) async fn delivery(&mut self, session: &Session, text: &str) -> f64 {
        // The service welcomes a new device with a message.
        while self.lines.try_recv().is_ok() {}
        let deletes = session.sandbox.counters().deletes;
        let start = Instant::now();
        session.send_to(&self.login.device, text);
        let end = if matches!(self.program, Program::Handover) {
            drop(session.desktop.next_shown().await);
            Instant::now()
        } else {
            timeout(TIMEOUT, self.lines.recv()).await.expect("it is delivered").expect("the program runs")
        };
        session.until(|now| now.deletes > deletes).await;
        (end - start).as_secs_f64() * 1e3
    }
}
