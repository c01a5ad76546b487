//! `handover resume`: end the pause.
//!
//! Invariant: to resume when there is no pause is no failure.

use super::{environment, output};
use crate::app::Problem;
use crate::control::Request;

pub(super) fn run() -> Result<(), Problem> {
    let context = environment::context()?;
    environment::block_on(async {
        output::line(environment::ask_daemon(&context, &Request::Resume).await?);
        Ok(())
    })
}
