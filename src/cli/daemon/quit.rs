//! `handover quit`: stop the daemon.
//!
//! Invariant: it returns only when the daemon's process has let go of its lock, so that a new one can start.

use std::time::Duration;

use crate::app::Problem;
use crate::app::instance::Instance;
use crate::cli::{environment, output};
use crate::control::Command;
use crate::system::clock;

/// How often the lock is looked at, for at most [`LOOKS`] times.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
const LOOKS: u32 = 150;

pub(in crate::cli) fn run() -> Result<(), Problem> {
    let context = environment::context()?;
    environment::block_on(async {
        environment::ask_daemon(&context, &Command::Quit).await?;
        for _ in 0..LOOKS {
            let lock = Instance::take(&context.paths.lock);
            if lock.is_ok_and(|lock| lock.is_some()) {
                output::line("stopped");
                return Ok(());
            }
            clock::pause(BETWEEN_LOOKS).await;
        }
        Err(Problem::new("the daemon did not stop", "its process is still running after three seconds"))
    })
}
