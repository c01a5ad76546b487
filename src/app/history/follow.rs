//! Returns new messages as they are recorded, for a command that keeps running.
//!
//! Invariant: the message log decides which messages are new; the daemon's events only say when to read it. So no
//! message is missed or returned twice, however often the daemon ends in between.

use super::{check_since, open};
use crate::app::Problem;
use crate::app::context::Context;
use crate::domain::message::{Entry, Seq};
use crate::store::{Query, Since};

/// How many messages are in memory at once.
const PAGE: usize = 100;

/// The messages that have not been returned yet.
#[derive(Clone, Copy, Debug)]
pub struct NewMessages {
    last: Seq,
}

impl NewMessages {
    /// The messages that are recorded from now on, or since a time or a message.
    pub fn since(context: &Context, since: Option<Since>) -> Result<Self, Problem> {
        let Some(store) = open(context)? else { return Ok(Self { last: Seq(0) }) };
        check_since(&store, &Query { since, ..Query::default() })?;
        let last = since.map_or_else(|| store.last_recorded(), |since| store.row_before(since))?;
        Ok(Self { last })
    }

    /// The next few messages from the message log, in the order of recording; none if all were returned.
    pub fn next(&mut self, context: &Context) -> Result<Vec<Entry>, Problem> {
        let Some(store) = open(context)? else { return Ok(Vec::new()) };
        if store.last_recorded()? < self.last {
            // The message log was damaged and replaced by a new one.
            self.last = Seq(0);
        }
        let entries = store.messages_after(self.last, PAGE)?;
        self.last = entries.last().map_or(self.last, |entry| entry.seq);
        Ok(entries)
    }

    /// Whether the message in this row has yet to be returned.
    pub fn awaits(&self, row: Seq) -> bool {
        row > self.last
    }
}
