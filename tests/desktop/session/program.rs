//! A program of the desktop that runs beside the test.
//!
//! Invariant: the program and everything it started end when its value is dropped, and also if the test is killed.

#![allow(
    clippy::allow_attributes,
    dead_code,
    reason = "the tests of the window use it too, and neither uses all of it"
)]

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use handover::system::clock;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::timeout;

use crate::support::process::TIMEOUT;
use crate::support::user::User;

/// The time between two checks of a process.
const PAUSE: Duration = Duration::from_millis(20);

/// A program in its own process group.
pub(crate) struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts a program of this user.
    pub(crate) fn start(user: &User, program: &str, arguments: &[&str]) -> Self {
        let name = program.rsplit('/').next().expect("a program has a name");
        let log = user.path(&format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).expect("open a log");
        let mut command = command(user, program, arguments);
        command.stdout(file.try_clone().expect("a second handle")).stderr(file);
        let child = command.spawn().unwrap_or_else(|error| panic!("{program} cannot be started: {error}"));
        Self { child, log }
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(mut self) {
        let ended = async {
            while self.child.try_wait().expect("ask for the process").is_none() {
                clock::pause(PAUSE).await;
            }
        };
        assert!(timeout(TIMEOUT, ended).await.is_ok(), "it does not end\n{}", self.said());
    }

    /// Its process id. `setpriv` has replaced itself by the program.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its output so far.
    pub(crate) fn said(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        format!("{}:\n{text}", self.log.display())
    }
}

/// The command that starts a program in its own group and ends it together with the test.
pub(crate) fn command(user: &User, program: &str, arguments: &[&str]) -> Command {
    // A test that is killed runs no destructor; the kernel then ends the program.
    let mut command = user.command_of("setpriv", &["--pdeathsig", "KILL", "--", program]);
    command.args(arguments).process_group(0).stdin(Stdio::null());
    command
}

/// Ends a program that was started with [`command`], and everything it started.
pub(crate) fn end(child: &mut Child) {
    // They are killed, because most of them have nothing to save, and their folders are temporary.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    drop(child.wait());
}

impl Drop for Program {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
