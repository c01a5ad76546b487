//! `handover sync`: download now.
//!
//! Invariant: it returns when the download and everything that follows from it are done.

use crate::app::Problem;
use crate::cli::{environment, output};
use crate::control::Command;

pub(in crate::cli) fn run() -> Result<(), Problem> {
    let context = environment::context()?;
    environment::block_on(async {
        output::line(environment::ask_daemon(&context, &Command::Sync).await?);
        Ok(())
    })
}
