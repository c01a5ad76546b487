//! A program of the desktop, running beside the test.
//!
//! Invariant: it ends with its value, and with it all that it started; should the test be killed, it ends too.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::support::user::User;

/// A program, with a process group of its own.
pub(crate) struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts a program of this user's.
    pub(crate) fn start(user: &User, program: &str, arguments: &[&str]) -> Self {
        let name = program.rsplit('/').next().expect("a program has a name");
        let log = user.path(&format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log).expect("open a log");
        let mut command = command(user, program, arguments);
        command.stdout(file.try_clone().expect("a second handle")).stderr(file);
        let child = command.spawn().unwrap_or_else(|error| panic!("{program} cannot be started: {error}"));
        Self { child, log }
    }

    /// What it said so far.
    pub(crate) fn said(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        format!("{}:\n{text}", self.log.display())
    }
}

/// The command that starts a program in a group of its own, bound to the life of the test.
pub(crate) fn command(user: &User, program: &str, arguments: &[&str]) -> Command {
    // A test that is killed runs no destructor; the kernel ends what it started instead.
    let mut command = user.command_of("setpriv", &["--pdeathsig", "KILL", "--", program]);
    command.args(arguments).process_group(0).stdin(Stdio::null());
    command
}

/// Ends a program that was started with [`command`], and all that it started.
pub(crate) fn end(child: &mut Child) {
    // Most of them have nothing to save, and the folders they would save to are thrown away.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    drop(child.wait());
}

impl Drop for Program {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
