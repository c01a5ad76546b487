//! `handover sync`: download now.
//!
//! Invariant: it returns when the download, and all that follows from it, is over.

use super::{environment, output};
use crate::app::Problem;
use crate::control::Request;

pub(super) fn run() -> Result<(), Problem> {
    let context = environment::context()?;
    environment::block_on(async {
        output::line(environment::ask_daemon(&context, &Request::Sync).await?);
        Ok(())
    })
}
