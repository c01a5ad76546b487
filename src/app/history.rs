//! Reading the log, with or without a daemon running.
//!
//! Invariant: reading changes nothing; a log that is not there yet is an empty one.

use std::path::Path;

use super::Problem;
use crate::domain::message::Entry;
use crate::store::Store;
pub use crate::store::{Query, Since};

/// The messages a query asks for, oldest first.
pub fn messages(log: &Path, query: &Query) -> Result<Vec<Entry>, Problem> {
    match Store::open_existing(log)? {
        Some(store) => Ok(store.messages(query)?),
        None => Ok(Vec::new()),
    }
}

/// Forgets every message.
pub fn forget(log: &Path) -> Result<(), Problem> {
    match Store::open_existing(log)? {
        Some(store) => Ok(store.forget_messages()?),
        None => Ok(()),
    }
}
