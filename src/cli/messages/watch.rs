//! `handover messages --watch`: lists messages, then each new one as it arrives.
//!
//! Invariant: every message that matches is printed once, in the order of recording. It ends with the daemon, or when nobody
//! reads the output any longer.

use super::print::{printed, show_problem};
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::e2ee::{self, Reader};
use crate::app::history::{self, Query};
use crate::cli::{environment, output};
use crate::control::{self, Event};
use crate::domain::message::{Entry, Seq};
use crate::system::clock;

pub(super) fn run(context: &Context, query: &Query, as_json: bool) -> Result<(), Problem> {
    environment::block_on(async {
        // This comes before the first list, so that nothing is missed in between.
        let mut events = control::subscribe(&context.paths.socket, None).await?;
        let (reader, problem) = e2ee::reader(context).await;
        show_problem(problem.as_ref());
        let mut last = Seq(0);
        let mut entries = history::messages(context, query, || Ok(reader.clone()))?;
        loop {
            for entry in &entries {
                last = last.max(entry.seq);
                if !output::line_is_read(printed(entry, clock::unix(), as_json)?) {
                    return Ok(());
                }
            }
            let recorded = loop {
                match events.next().await? {
                    Some(Event::Recorded(message)) => break Seq(message.row),
                    Some(Event::Missed { .. }) => break Seq(i64::MAX),
                    Some(_) => {}
                    None => return Err(Problem::failed("the daemon has stopped")),
                }
            };
            // One list may have read several messages before their events came.
            entries = if recorded > last { newer(context, query, last, &reader)? } else { Vec::new() };
        }
    })
}

/// The messages of a query after a row.
fn newer(context: &Context, query: &Query, last: Seq, reader: &Reader) -> Result<Vec<Entry>, Problem> {
    let mut limit = 20;
    loop {
        let query = Query { limit, ..query.clone() };
        let mut entries = history::messages(context, &query, || Ok(reader.clone()))?;
        let is_all = entries.len() < limit || entries.first().is_some_and(|oldest| oldest.seq <= last);
        if is_all {
            entries.retain(|entry| entry.seq > last);
            return Ok(entries);
        }
        limit *= 10;
    }
}
