//! Reads the message log a page at a time, for a front end that stays open.
//!
//! Invariant: it never writes; a message log that appears, is replaced or becomes readable later is opened then; and what is
//! encrypted is decrypted as soon as the key is there.

use std::ops::ControlFlow;

use super::{Query, messages_in_store, open};
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::e2ee::{self, Reader};
use crate::domain::message::{Entry, Seq};
use crate::store::Store;

/// A message log that stays open for reading.
#[derive(Debug)]
pub struct LogReader {
    context: Context,
    store: Option<Store>,
    reader: Option<Reader>,
}

impl LogReader {
    /// Opens nothing yet.
    pub fn new(context: Context) -> Self {
        Self { context, store: None, reader: None }
    }

    /// The messages of a query, the newest first and decrypted.
    pub fn page(&mut self, query: &Query) -> Result<Vec<Entry>, Problem> {
        let context = &self.context;
        let Some(store) = opened(&mut self.store, context)? else { return Ok(Vec::new()) };
        let key = &mut self.reader;
        let mut entries = messages_in_store(store, query, || Ok(reader(key, context)))?;
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
        Ok(entries)
    }

    /// The rows of a query, the newest first.
    pub fn seqs(&mut self, query: &Query) -> Result<Vec<Seq>, Problem> {
        let context = &self.context;
        let Some(store) = opened(&mut self.store, context)? else { return Ok(Vec::new()) };
        let mut seqs = Vec::new();
        if store.may_hide_words(query)? {
            let reader = reader(&mut self.reader, context);
            let entries = store.messages_decrypted(query, |entry| reader.open(entry))?;
            seqs.extend(entries.iter().map(|entry| entry.seq));
            seqs.sort_unstable_by(|one, other| other.cmp(one));
            return Ok(seqs);
        }
        store.each_message(query, |entry| {
            seqs.push(entry.seq);
            ControlFlow::Continue(())
        })?;
        Ok(seqs)
    }

    /// The message in this row, if it matches a query.
    pub fn matching(&mut self, query: &Query, seq: Seq) -> Result<Option<Entry>, Problem> {
        let one = Query { limit: 1, before: Some(Seq(seq.0.saturating_add(1))), ..query.clone() };
        Ok(self.page(&one)?.into_iter().find(|entry| entry.seq == seq))
    }

    /// The message in this row, decrypted.
    pub fn entry(&mut self, seq: Seq) -> Result<Option<Entry>, Problem> {
        let Some(store) = opened(&mut self.store, &self.context)? else { return Ok(None) };
        let Some(entry) = store.entry(seq)? else { return Ok(None) };
        if !e2ee::may_be_encrypted(std::slice::from_ref(&entry)) {
            return Ok(Some(entry));
        }
        Ok(Some(reader(&mut self.reader, &self.context).open(entry)))
    }

    /// These rows, and those of every other copy of the emergencies among them.
    pub fn with_copies(&mut self, seqs: &[Seq]) -> Result<Vec<Seq>, Problem> {
        match opened(&mut self.store, &self.context)? {
            Some(store) => Ok(store.with_copies(seqs)?),
            None => Ok(Vec::new()),
        }
    }

    /// The names of the applications that have messages.
    pub fn apps(&mut self) -> Result<Vec<String>, Problem> {
        match opened(&mut self.store, &self.context)? {
            Some(store) => Ok(store.apps()?),
            None => Ok(Vec::new()),
        }
    }

    /// Opens the message log and loads the key anew when they are needed next.
    pub fn reopen(&mut self) {
        self.store = None;
        self.reader = None;
    }
}

fn opened<'a>(store: &'a mut Option<Store>, context: &Context) -> Result<Option<&'a Store>, Problem> {
    if store.is_none() {
        *store = open(context)?;
    }
    Ok(store.as_ref())
}

/// Without the key, messages stay encrypted, and the status says why.
fn reader(loaded: &mut Option<Reader>, context: &Context) -> Reader {
    loaded.get_or_insert_with(|| e2ee::reader_now(context)).clone()
}
