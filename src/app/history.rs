//! Reading the log, with or without a daemon running.
//!
//! Invariant: reading marks nothing unless asked to; a log that is not there yet is an empty one.

use std::path::Path;

use super::Problem;
use super::e2ee::{self, Reader};
use crate::domain::message::{Entry, Seq};
use crate::store::Store;
pub use crate::store::{Query, Since};
use crate::system::clock;

/// The messages a query asks for, oldest first.
pub fn messages(log: &Path, query: &Query) -> Result<Vec<Entry>, Problem> {
    let Some(store) = store_for(log, query)? else { return Ok(Vec::new()) };
    Ok(store.messages(query)?)
}

/// The same as the user may read them, also found by the words that are encrypted in the log. The reader is asked for
/// only where there is something to open.
pub fn opened(
    log: &Path,
    query: &Query,
    reader: impl FnOnce() -> Result<Reader, Problem>,
) -> Result<Vec<Entry>, Problem> {
    let Some(store) = store_for(log, query)? else { return Ok(Vec::new()) };
    let entries = store.messages(query)?;
    if !e2ee::may_be_encrypted(&entries) && !store.may_hide_words(query)? {
        return Ok(entries);
    }
    let reader = reader()?;
    Ok(store.messages_opened(query, |entry| reader.open(entry))?)
}

/// The log, if there is one, and if it knows what the query starts from.
fn store_for(log: &Path, query: &Query) -> Result<Option<Store>, Problem> {
    let Some(store) = Store::open_existing(log)? else { return Ok(None) };
    if let Some(Since::Id(id)) = query.since
        && store.find(id)?.is_none()
    {
        return Err(Problem::new("--since cannot be used", format!("there is no message {id}"))
            .hint("`handover messages` lists them; a year needs a month and a day"));
    }
    Ok(Some(store))
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
