//! Starts the daemon in the background, for a newcomer who has just signed in and for the window.
//!
//! Invariant: where a systemd unit starts Handover at login, systemd starts it here too; otherwise it is a process of its own
//! that outlives this one.

use std::process::Command as Program;
use std::time::Duration;

use crate::app::Problem;
use crate::app::autostart::{self, Autostart};
use crate::app::context::Context;
use crate::control::{self, Command};
use crate::system::{clock, own_path, programs};

/// How often a daemon that is starting is asked whether it is there: 10 s in total.
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(100);
const QUESTIONS: usize = 100;

const NOT_STARTED: &str = "Handover was not started";

/// Starts the daemon unless it runs, and waits until it answers.
pub async fn start_daemon(context: &Context) -> Result<(), Problem> {
    if answers(context).await {
        return Ok(());
    }
    let mut program = if matches!(autostart::status(), Ok(Autostart::ByUnit(_))) {
        let mut systemctl = Program::new("systemctl");
        systemctl.args(["--user", "start", "handover.service"]);
        systemctl
    } else {
        let mut daemon =
            Program::new(own_path::find().map_err(|error| Problem::of_system(NOT_STARTED, &error))?);
        daemon.arg("run");
        daemon
    };
    programs::start_detached(&mut program, None).map_err(|error| Problem::of_system(NOT_STARTED, &error))?;
    for _ in 0..QUESTIONS {
        if answers(context).await {
            return Ok(());
        }
        clock::pause(BETWEEN_QUESTIONS).await;
    }
    Err(Problem::new(NOT_STARTED, "it does not answer").hint("run `handover run` in a terminal to see why"))
}

async fn answers(context: &Context) -> bool {
    !matches!(control::ask(&context.paths.socket, &Command::Status).await, Err(control::Error::NotRunning))
}
