//! `handover messages --watch`: lists the newest messages, then each new one as it arrives.
//!
//! Invariant: every message that matches is printed once, in the order of recording; for a person, each repeat of an emergency
//! that was printed is one line. It ends with the daemon, or when nobody reads the output any longer.

use std::collections::BTreeSet;

use super::print::{printed, repeat, show_problem};
use super::until_readable::until_readable;
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::e2ee::{self, Reader};
use crate::app::history::{self, Query};
use crate::cli::{environment, output};
use crate::control::Event;
use crate::domain::message::{Entry, Seq};
use crate::system::clock;

/// How many messages are listed at first by default.
pub(super) const LISTED: usize = 5;

pub(super) fn run(context: &Context, query: &Query, as_json: bool) -> Result<(), Problem> {
    environment::block_on(async {
        // This comes before the first list, so that nothing is missed in between.
        let mut events = environment::follow_daemon(context).await?;
        let (reader, problem) = e2ee::reader(context).await;
        show_problem(problem.as_ref());
        let mut printer = Printer { as_json, emergencies: BTreeSet::new() };
        let mut entries = history::messages(context, query, || Ok(reader.clone()))?;
        let mut last = last_of(Seq(0), &entries);
        if !printer.print(&entries)? {
            return Ok(());
        }
        if !as_json {
            // It goes to standard error, because it is not part of the result.
            output::aside("waiting for new messages; press Ctrl-C to stop");
        }
        loop {
            let recorded = loop {
                match events.next().await? {
                    Some(Event::Recorded(message)) => break Seq(message.row),
                    Some(Event::Missed { .. }) => break Seq(i64::MAX),
                    Some(_) => {}
                    None => return Err(Problem::failed("the daemon has stopped")),
                }
            };
            // One list may have read several messages before their events came.
            if recorded <= last {
                continue;
            }
            entries = until_readable(|| newer(context, query, last, &reader)).await?;
            last = last_of(last, &entries);
            if !printer.print(&entries)? {
                return Ok(());
            }
        }
    })
}

/// Prints messages, and remembers which emergencies it printed.
struct Printer {
    as_json: bool,
    /// The first copies of the emergencies.
    emergencies: BTreeSet<Seq>,
}

impl Printer {
    /// Prints messages; false when nobody reads the output any longer.
    fn print(&mut self, entries: &[Entry]) -> Result<bool, Problem> {
        for entry in entries {
            let is_emergency = entry.message.emergency_receipt().is_some();
            let is_repeat = is_emergency && !self.emergencies.insert(entry.first);
            let line = if is_repeat && !self.as_json {
                repeat(entry)
            } else {
                printed(entry, clock::unix(), self.as_json)?
            };
            if !output::line_is_read(line) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn last_of(last: Seq, entries: &[Entry]) -> Seq {
    entries.iter().map(|entry| entry.seq).fold(last, Seq::max)
}

/// The messages of a query after a row.
fn newer(context: &Context, query: &Query, last: Seq, reader: &Reader) -> Result<Vec<Entry>, Problem> {
    let mut limit = 20;
    loop {
        let query = Query { limit, ..query.clone() };
        let mut entries = history::messages(context, &query, || Ok(reader.clone()))?;
        if entries.len() < limit || entries.iter().any(|entry| entry.seq <= last) {
            entries.retain(|entry| entry.seq > last);
            // An emergency is listed in the place of its first copy.
            entries.sort_by_key(|entry| entry.seq);
            return Ok(entries);
        }
        limit *= 10;
    }
}
