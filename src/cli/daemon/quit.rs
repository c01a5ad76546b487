//! `handover quit`: stop the daemon.
//!
//! Invariant: it returns only when the daemon's process has released its lock, so that a new one can start.

use std::time::Duration;

use crate::app::Problem;
use crate::app::context::Context;
use crate::app::instance::Instance;
use crate::app::problem::Kind;
use crate::cli::{environment, output};
use crate::control::Command;
use crate::system::clock;

/// How often the lock is checked, at most [`CHECKS`] times.
const BETWEEN_CHECKS: Duration = Duration::from_millis(20);
const CHECKS: u32 = 150;

pub(in crate::cli) fn run() -> Result<(), Problem> {
    let context = environment::context()?;
    environment::block_on(async {
        stop(&context).await?;
        output::line("stopped");
        Ok(())
    })
}

/// Stops the daemon and waits until its process has released its lock.
pub(in crate::cli) async fn stop(context: &Context) -> Result<(), Problem> {
    let asked = environment::ask_daemon(context, &Command::Quit).await;
    // The hint says how to start the daemon, which is no help to a user who wants to stop it.
    asked.map_err(|problem| match problem.kind {
        Kind::NotRunning => Problem { hint: None, ..problem },
        Kind::Failed | Kind::Usage | Kind::NotSignedIn => problem,
    })?;
    for _ in 0..CHECKS {
        let lock = Instance::take(&context.paths.lock);
        if lock.is_ok_and(|lock| lock.is_some()) {
            return Ok(());
        }
        clock::pause(BETWEEN_CHECKS).await;
    }
    Err(Problem::new("the daemon did not stop", "its process is still running after three seconds"))
}
