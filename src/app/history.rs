//! Reading the log, with or without a daemon running.
//!
//! Invariant: reading marks nothing unless asked to; a log that is not there yet is an empty one.

use std::path::Path;

use super::{Problem, clock};
use crate::domain::message::{Entry, Seq};
use crate::store::Store;
pub use crate::store::{Query, Since};

/// The messages a query asks for, oldest first.
pub fn messages(log: &Path, query: &Query) -> Result<Vec<Entry>, Problem> {
    let Some(store) = Store::open_existing(log)? else { return Ok(Vec::new()) };
    if let Some(Since::Id(id)) = query.since
        && store.find(id)?.is_none()
    {
        return Err(Problem::new("--since cannot be used", format!("there is no message {id}"))
            .hint("`handover messages` lists them; a year needs a month and a day"));
    }
    Ok(store.messages(query)?)
}

/// Marks messages as seen to.
pub fn mark_read(log: &Path, entries: &[Entry]) -> Result<(), Problem> {
    let seqs: Vec<Seq> = entries.iter().filter(|entry| entry.read.is_none()).map(|entry| entry.seq).collect();
    match Store::open_existing(log)? {
        Some(store) if !seqs.is_empty() => Ok(store.mark_read(&seqs, clock::unix())?),
        Some(_) | None => Ok(()),
    }
}

/// Forgets every message.
pub fn forget(log: &Path) -> Result<(), Problem> {
    match Store::open_existing(log)? {
        Some(store) => Ok(store.forget_messages()?),
        None => Ok(()),
    }
}
