//! `handover sync`: download now.
//!
//! Invariant: it returns when the download, and all that follows from it, is over.

use super::{environment, output};
use crate::app::Problem;
use crate::control::Request;

pub(super) fn run() -> Result<(), Problem> {
    let surroundings = environment::surroundings()?;
    environment::block_on(async {
        output::line(environment::ask_daemon(&surroundings, &Request::Sync).await?);
        Ok(())
    })
}
