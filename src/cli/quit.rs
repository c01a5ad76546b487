//! `handover quit`: stop the daemon.
//!
//! Invariant: it returns only when the daemon's process has let go of its lock, so that a new one can start.

use std::time::Duration;

use super::{environment, output};
use crate::app::instance::Instance;
use crate::app::{Problem, clock};
use crate::control::Request;

/// How often the lock is looked at, for at most [`LOOKS`] times.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
const LOOKS: u32 = 150;

pub(super) fn run() -> Result<(), Problem> {
    let surroundings = environment::surroundings()?;
    environment::block_on(async {
        environment::ask_daemon(&surroundings, &Request::Quit).await?;
        for _ in 0..LOOKS {
            let lock = Instance::take(&surroundings.paths.lock);
            if lock.is_ok_and(|lock| lock.is_some()) {
                output::line("stopped");
                return Ok(());
            }
            clock::pause(BETWEEN_LOOKS).await;
        }
        Err(Problem::new("it does not stop", "the process is still there after three seconds"))
    })
}
