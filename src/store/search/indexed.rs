//! Searches the index, and the newest messages, which are not in it yet.
//!
//! Invariant: the cost grows with the number of results, not with the message log. The exception is a search for
//! several common words that are seldom in the same message: the index compares all messages that have them.
//!
//! The index finds a term in one lookup, but for the beginning of a word it reads every message that has such a word.
//! So the terms with that beginning are looked up first. If there are too many, many messages have them, and the newest
//! messages are searched one by one.

use std::ops::ControlFlow;

use rusqlite::{Transaction, named_params};

use super::index;
use super::rows::{Rows, Source};
use super::scratch::Scratch;
use super::words::{self, Search, SpelledOut};
use crate::domain::message::Entry;

/// Calls `each` for the messages in the index that match a search, and returns how many there were.
pub(super) fn each_indexed(
    rows: Rows<'_>,
    search: &Search,
    (first, last): (i64, i64),
    limit: usize,
    each: &mut impl FnMut(Entry) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<ControlFlow<(), usize>> {
    let of_app = rows.query.app.as_deref().and_then(of_app);
    let with_app = |query: String| match &of_app {
        Some(of_app) => format!("({query}) AND {of_app}"),
        None => query,
    };
    if limit == 0 {
        return Ok(ControlFlow::Continue(0));
    }
    let phrases = match search.spelled_out(|beginning, most| index::terms_like(rows.log, beginning, most))? {
        SpelledOut::Query(phrases) => phrases,
        SpelledOut::NothingMatches => return Ok(ControlFlow::Continue(0)),
        SpelledOut::TooLong => {
            let finished = search.finished_query().map(with_app).or_else(|| of_app.clone());
            let newest = Newest { rows, search, finished };
            let (found, rest) = match newest.each((first, last), CHECKED, limit, each)? {
                ControlFlow::Continue(progress) => progress,
                ControlFlow::Break(()) => return Ok(ControlFlow::Break(())),
            };
            let Some(rest) = rest.filter(|_| found < limit) else { return Ok(ControlFlow::Continue(found)) };
            let more = rows.each(Some(&with_app(search.query())), first, rest, limit - found, each)?;
            return Ok(more.map_continue(|more| found + more));
        }
    };
    if phrases.len() > 1 {
        for phrase in &phrases {
            if let Some(seqs) = few_with(rows.log, phrase, first, last)? {
                return each_of_few(rows, search, &seqs, limit, each);
            }
        }
    }
    rows.each(Some(&with_app(phrases.join(" AND "))), first, last, limit, each)
}

/// Does the same for messages that are not in the index, by searching each one.
pub(super) fn each_unindexed(
    rows: Rows<'_>,
    search: &Search,
    bounds: (i64, i64),
    limit: usize,
    each: &mut impl FnMut(Entry) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<ControlFlow<(), usize>> {
    let newest = Newest { rows, search, finished: None };
    Ok(newest.each(bounds, usize::MAX, limit, each)?.map_continue(|(found, _)| found))
}

/// A word is rare if it is in at most this many messages.
const FEW: usize = 32;

/// The messages with a phrase, newest first; `None` if there are more than [`FEW`].
fn few_with(
    log: &Transaction<'_>,
    phrase: &str,
    first: i64,
    last: i64,
) -> rusqlite::Result<Option<Vec<i64>>> {
    let sql = "
        SELECT rowid
        FROM message_words
        WHERE message_words MATCH :phrase AND rowid BETWEEN :first AND :last
        ORDER BY rowid DESC
        LIMIT :limit
    ";
    let limit = i64::try_from(FEW + 1).unwrap_or(i64::MAX);
    let parameters = named_params! { ":phrase": phrase, ":first": first, ":last": last, ":limit": limit };
    let mut statement = log.prepare_cached(sql)?;
    let seqs = statement.query_map(parameters, |row| row.get(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Some(seqs).filter(|seqs| seqs.len() <= FEW))
}

/// Searches a few messages one by one, because the index would read all messages that have the other words.
fn each_of_few(
    rows: Rows<'_>,
    search: &Search,
    seqs: &[i64],
    limit: usize,
    each: &mut impl FnMut(Entry) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<ControlFlow<(), usize>> {
    let rows = Rows { source: Source::All, ..rows };
    let mut few: Vec<Entry> = Vec::new();
    let mut collect = |entry| {
        few.push(entry);
        Ok(ControlFlow::Continue(()))
    };
    for seq in seqs {
        let _always_continues = rows.each(None, *seq, *seq, 1, &mut collect)?;
    }
    let messages: Vec<_> = few.iter().map(|entry| (entry.seq, &entry.message)).collect();
    let matching = Scratch::new()?.matching(&search.query(), &messages)?;
    let mut found = 0;
    for entry in few.into_iter().filter(|entry| matching.contains(&entry.seq)).take(limit) {
        found += 1;
        if each(entry)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(found))
}

/// The most of the newest messages that are searched one by one: a few milliseconds.
const CHECKED: usize = 512;

/// How many of them are searched at once.
const BATCH: usize = 64;

/// Searches the newest messages one by one.
struct Newest<'a> {
    rows: Rows<'a>,
    search: &'a Search,
    /// The query for the finished words.
    finished: Option<String>,
}

impl Newest<'_> {
    /// Searches the `most` newest messages and calls `each` for those that match, up to the limit. Returns how many
    /// matched, and the last row that was not searched, if any.
    fn each(
        &self,
        (first, mut last): (i64, i64),
        most: usize,
        limit: usize,
        each: &mut impl FnMut(Entry) -> rusqlite::Result<ControlFlow<()>>,
    ) -> rusqlite::Result<ControlFlow<(), (usize, Option<i64>)>> {
        let (scratch, whole) = (Scratch::new()?, self.search.query());
        let source = match self.finished {
            Some(_) => Source::Words,
            None if self.rows.query.unread.is_some() => Source::Unread,
            None => Source::All,
        };
        let rows = Rows { source, ..self.rows };
        let mut found = 0;
        for _ in 0..most / BATCH {
            let mut batch: Vec<Entry> = Vec::new();
            let mut collect = |entry| {
                batch.push(entry);
                Ok(ControlFlow::Continue(()))
            };
            if first > last
                || rows.each(self.finished.as_deref(), first, last, BATCH, &mut collect)?.is_break()
            {
                return Ok(ControlFlow::Continue((found, None)));
            }
            let messages: Vec<_> = batch.iter().map(|entry| (entry.seq, &entry.message)).collect();
            let matching = scratch.matching(&whole, &messages)?;
            let is_last = batch.len() < BATCH;
            last = batch.last().map_or(first, |entry| entry.seq.0) - 1;
            for entry in batch.into_iter().filter(|entry| matching.contains(&entry.seq)) {
                found += 1;
                if each(entry)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                if found == limit {
                    return Ok(ControlFlow::Continue((found, None)));
                }
            }
            if is_last {
                return Ok(ControlFlow::Continue((found, None)));
            }
        }
        Ok(ControlFlow::Continue((found, Some(last))))
    }
}

/// The query for messages whose application has these words; `None` if there are no words.
pub(super) fn of_app(app: &str) -> Option<String> {
    let words = words::words(app);
    (!words.is_empty()).then(|| format!("app_words : \"{words}\""))
}
