//! `handover resume`: end the pause.
//!
//! Invariant: resuming without a pause is not a failure.

use crate::app::Problem;
use crate::cli::{environment, output};
use crate::control::Command;

pub(in crate::cli) fn run() -> Result<(), Problem> {
    let context = environment::context()?;
    environment::block_on(async {
        output::line(environment::ask_daemon(&context, &Command::Resume).await?);
        Ok(())
    })
}
