//! Lists the newest messages that match a query, reading backwards.
//!
//! Invariant: a list with a limit reads about as many rows as it returns, however long the message log is.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rusqlite::{OptionalExtension, Transaction, named_params};

use super::index;
use super::indexed::{each_indexed, each_unindexed, of_app};
use super::rows::{Encryption, Rows, Source};
use super::scratch::Scratch;
use super::words::Search;
use crate::domain::message::{Entry, Seq};
use crate::store::{Error, Query, Since, Store};

impl Store {
    /// The newest messages that match, in the order of recording; an emergency is in the place of its first copy.
    pub fn messages(&self, query: &Query) -> Result<Vec<Entry>, Error> {
        let mut newest_first = Vec::new();
        self.each_message(query, |entry| {
            newest_first.push(entry);
            ControlFlow::Continue(())
        })?;
        newest_first.reverse();
        if query.each_emergency_once {
            newest_first.sort_by_key(|entry| entry.first);
        }
        Ok(newest_first)
    }

    /// Calls `each` for the newest messages that match, newest first. Only one is in memory at a time.
    pub fn each_message(
        &self,
        query: &Query,
        mut each: impl FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.read(|log| each_newest(log, query, Encryption::Any, |entry| Ok(each(entry))))
    }

    /// Whether an encrypted message may match a query although the index does not find its words.
    pub fn may_hide_words(&self, query: &Query) -> Result<bool, Error> {
        if query.search.as_deref().and_then(Search::new).is_none() {
            return Ok(false);
        }
        let any = Query { search: None, limit: 1, ..query.clone() };
        let mut found = false;
        self.read(|log| {
            each_newest(log, &any, Encryption::Possible, |_entry| {
                found = true;
                Ok(ControlFlow::Break(()))
            })
        })?;
        Ok(found)
    }

    /// The newest messages that match, decrypted and in the order they were recorded.
    ///
    /// The index has no encrypted words, so each encrypted message is decrypted and searched, one at a time.
    pub fn messages_decrypted(
        &self,
        query: &Query,
        decrypt: impl Fn(Entry) -> Entry,
    ) -> Result<Vec<Entry>, Error> {
        let Some(search) = query.search.as_deref().and_then(Search::new) else {
            return Ok(self.messages(query)?.into_iter().map(decrypt).collect());
        };
        if search.is_empty() || query.limit == 0 {
            return Ok(Vec::new());
        }
        let all = Query { search: None, limit: usize::MAX, ..query.clone() };
        let mut found: BTreeMap<Seq, Entry> = BTreeMap::new();
        self.read(|log| {
            each_newest(log, query, Encryption::Impossible, |entry| {
                found.insert(entry.seq, entry);
                Ok(ControlFlow::Continue(()))
            })?;
            let scratch = Scratch::new()?;
            let words = search.query();
            each_newest(log, &all, Encryption::Possible, |entry| {
                let oldest = found.first_key_value().map(|(seq, _)| *seq);
                if found.len() >= query.limit && oldest.is_none_or(|oldest| entry.seq < oldest) {
                    return Ok(ControlFlow::Break(()));
                }
                let entry = decrypt(entry);
                if !scratch.matching(&words, &[(entry.seq, &entry.message)])?.is_empty() {
                    found.insert(entry.seq, entry);
                }
                if found.len() > query.limit {
                    found.pop_first();
                }
                Ok(ControlFlow::Continue(()))
            })
        })?;
        let mut found: Vec<Entry> = found.into_values().collect();
        if query.each_emergency_once {
            found.sort_by_key(|entry| entry.first);
        }
        Ok(found)
    }
}

/// Calls `each` for the messages of a query, newest first, until it has enough.
fn each_newest(
    log: &Transaction<'_>,
    query: &Query,
    encryption: Encryption,
    mut each: impl FnMut(Entry) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<()> {
    let Some((first, last)) = bounds(log, query)?.filter(|_| query.limit > 0) else { return Ok(()) };
    let search = query.search.as_deref().and_then(Search::new);
    let of_app = query.app.as_deref().and_then(of_app);
    if search.is_none() && (of_app.is_none() || encryption == Encryption::Possible) {
        let source = match encryption {
            Encryption::Possible => Source::Encrypted,
            Encryption::Any | Encryption::Impossible if query.unread.is_some() => Source::Unread,
            Encryption::Any | Encryption::Impossible => Source::All,
        };
        let rows = Rows { log, query, source, encryption };
        return rows.each(None, first, last, query.limit, &mut each).map(drop);
    }
    if search.as_ref().is_some_and(Search::is_empty) {
        return Ok(());
    }
    let below: Option<i64> =
        log.prepare_cached("SELECT below FROM search_rebuild")?.query_row([], |row| row.get(0)).optional()?;
    let indexed = index::last_indexed(log)?;
    let mut limit = query.limit;
    let rows = Rows { log, query, source: Source::All, encryption };
    let unindexed = (first.max(indexed + 1), last);
    let found = match &search {
        Some(search) => each_unindexed(rows, search, unindexed, limit, &mut each)?,
        None => rows.each(None, unindexed.0, unindexed.1, limit, &mut each)?,
    };
    let ControlFlow::Continue(found) = found else { return Ok(()) };
    limit = limit.saturating_sub(found);
    let rows = Rows { source: Source::Words, ..rows };
    let (first_indexed, last) = (first.max(below.unwrap_or(first)), last.min(indexed));
    let found = match &search {
        Some(search) => each_indexed(rows, search, (first_indexed, last), limit, &mut each)?,
        None => rows.each(of_app.as_deref(), first_indexed, last, limit, &mut each)?,
    };
    let ControlFlow::Continue(found) = found else { return Ok(()) };
    limit = limit.saturating_sub(found);
    let Some(below) = below else { return Ok(()) };
    let words = query.search.as_deref().and_then(old_query);
    let source = match words {
        Some(_) => Source::OldWords,
        None if search.is_some() => return Ok(()),
        None => Source::All,
    };
    let rows = Rows { source, ..rows };
    rows.each(words.as_deref(), first, last.min(below - 1), limit, &mut each).map(drop)
}

/// The longest list that counts as short; also how many rows at either end of the index by time are read to find the
/// first that counts.
const LOOKED_AT: i64 = 1_000;

/// The first and the last row that may match; `None` if no row can.
fn bounds(log: &Transaction<'_>, query: &Query) -> rusqlite::Result<Option<(i64, i64)>> {
    let Some(last) =
        log.query_row("SELECT max(seq) FROM messages", [], |row| row.get::<_, Option<i64>>(0))?
    else {
        return Ok(None);
    };
    let last = query.before.map_or(last, |before| last.min(before.0.saturating_sub(1)));
    let mut first = 1;
    match query.since {
        Some(Since::Id(id)) => {
            let sql = "SELECT coalesce(max(seq), 0) + 1 FROM messages WHERE id = ?";
            first = log.prepare_cached(sql)?.query_row([id.number()], |row| row.get(0))?;
        }
        // Rows are in the order of time, except where a clock was wrong, here or at the sender's; those are at the ends
        // of the index. For a longer list, reading every row costs no more.
        Some(Since::Time(unix)) if i64::try_from(query.limit).is_ok_and(|limit| limit <= LOOKED_AT) => {
            let parameters = named_params! { ":earliest": unix, ":limit": LOOKED_AT };
            let earliest: Option<i64> =
                log.prepare_cached(FIRST_SINCE)?.query_row(parameters, |row| row.get(0))?;
            let Some(earliest) = earliest else { return Ok(None) };
            first = earliest;
        }
        Some(Since::Time(_)) | None => {}
    }
    if query.unread.is_some() {
        let unread: Option<i64> = log.prepare_cached(FIRST_UNREAD)?.query_row([], |row| row.get(0))?;
        let Some(unread) = unread else { return Ok(None) };
        first = first.max(unread);
    }
    Ok((first <= last).then_some((first, last)))
}

const FIRST_SINCE: &str = "
    SELECT min(seq)
    FROM (
        SELECT * FROM (
            SELECT seq FROM messages
            WHERE max(queued, recorded) >= :earliest
            ORDER BY max(queued, recorded) LIMIT :limit
        )
        UNION ALL
        SELECT * FROM (
            SELECT seq FROM messages
            WHERE max(queued, recorded) >= :earliest
            ORDER BY max(queued, recorded) DESC LIMIT :limit
        )
    )
";

/// The last row that can be older than a time.
pub(in crate::store) fn last_before(log: &Transaction<'_>, unix: i64) -> rusqlite::Result<Option<i64>> {
    let sql = "
        SELECT max(seq)
        FROM (
            SELECT seq FROM messages
            WHERE max(queued, recorded) < :unix
            ORDER BY max(queued, recorded) DESC LIMIT :limit
        )
    ";
    log.prepare_cached(sql)?.query_row(named_params! { ":unix": unix, ":limit": LOOKED_AT }, |row| row.get(0))
}

const FIRST_UNREAD: &str = "SELECT min(seq) FROM messages INDEXED BY messages_unread WHERE read = 0";

/// A query for all the words in the index of an older version; the last word may be unfinished.
fn old_query(typed: &str) -> Option<String> {
    // SQLite reads a NUL as the end of the query.
    let quoted: Vec<String> = typed
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    (!quoted.is_empty()).then(|| quoted.join(" ") + "*")
}
