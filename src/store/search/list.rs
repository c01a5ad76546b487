//! The newest messages that match a query, read backwards.
//!
//! Invariant: a search goes through the parts of the message log from the newest one and ends with enough results.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rusqlite::{OptionalExtension, Transaction, named_params};

use super::decrypted::Decrypted;
use super::words::{Part, Search};
use crate::domain::message::{Entry, Seq};
use crate::store::{Error, Query, Since, Store, row};

/// Where the rows of a list come from.
#[derive(Clone, Copy)]
enum Source {
    All,
    Unread,
    /// What may be encrypted.
    Encrypted,
    /// A part of the index.
    Words,
    /// The index of an older version.
    OldWords,
}

impl Source {
    fn from(self) -> &'static str {
        match self {
            Self::All => "FROM messages",
            Self::Unread => "FROM messages INDEXED BY messages_unread",
            Self::Encrypted => "FROM messages INDEXED BY messages_encrypted",
            Self::Words => "FROM message_words CROSS JOIN messages ON seq = message_words.rowid",
            Self::OldWords => "FROM messages_search CROSS JOIN messages ON seq = messages_search.rowid",
        }
    }

    /// Begins the condition, which uses every parameter.
    fn condition(self) -> &'static str {
        match self {
            Self::All | Self::Encrypted => ":words IS NULL AND seq BETWEEN :first AND :last",
            Self::Unread => ":words IS NULL AND read = 0 AND seq BETWEEN :first AND :last",
            Self::Words => "message_words MATCH :words AND message_words.rowid BETWEEN :first AND :last",
            Self::OldWords => {
                "messages_search MATCH :words AND messages_search.rowid BETWEEN :first AND :last"
            }
        }
    }

    fn order(self) -> &'static str {
        match self {
            Self::All | Self::Unread | Self::Encrypted => "seq",
            Self::Words => "message_words.rowid",
            Self::OldWords => "messages_search.rowid",
        }
    }

    /// Base64 that is long enough may be encrypted although it does not say so; the index `messages_encrypted` has the same
    /// condition. What is unread is said as in `Entry::is_unread`.
    fn sql(self, encryption: Encryption) -> String {
        let encryption = match encryption {
            Encryption::Any => "",
            Encryption::Impossible => {
                "AND NOT (encrypted <> 0 OR (length(messages.body) >= 88 AND messages.body NOT GLOB '*[^A-Za-z0-9+/=]*'))"
            }
            Encryption::Possible => {
                "AND (encrypted <> 0 OR (length(messages.body) >= 88 AND messages.body NOT GLOB '*[^A-Za-z0-9+/=]*'))"
            }
        };
        format!(
            "
            SELECT {columns}
            {from}
            LEFT JOIN acknowledgements USING (receipt)
            WHERE {condition}
                AND max(queued, recorded) >= :earliest
                AND (
                    :unread IS NULL
                    OR (read = 0 AND NOT (messages.expires <> 0 AND messages.expires <= :unread AND priority < 2))
                )
                {encryption}
            ORDER BY {order} DESC
            LIMIT :limit
            ",
            columns = row::COLUMNS,
            from = self.from(),
            condition = self.condition(),
            order = self.order(),
        )
    }
}

/// Which messages a list is limited to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encryption {
    Any,
    /// What may be encrypted.
    Possible,
    /// What is not.
    Impossible,
}

impl Store {
    /// The newest messages that match, in the order they were recorded.
    pub fn messages(&self, query: &Query) -> Result<Vec<Entry>, Error> {
        let mut newest_first = Vec::new();
        self.each_message(query, |entry| {
            newest_first.push(entry);
            ControlFlow::Continue(())
        })?;
        newest_first.reverse();
        Ok(newest_first)
    }

    /// Goes through the newest messages that match, the newest first; one is in memory at a time.
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
    /// The index knows nothing of encrypted words: each such message is decrypted and searched, one at a time.
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
            let words = Decrypted::new(&search)?;
            each_newest(log, &all, Encryption::Possible, |entry| {
                let oldest = found.first_key_value().map(|(seq, _)| *seq);
                if found.len() >= query.limit && oldest.is_none_or(|oldest| entry.seq < oldest) {
                    return Ok(ControlFlow::Break(()));
                }
                let entry = decrypt(entry);
                if words.matches(&entry.message)? {
                    found.insert(entry.seq, entry);
                }
                if found.len() > query.limit {
                    found.pop_first();
                }
                Ok(ControlFlow::Continue(()))
            })
        })?;
        Ok(found.into_values().collect())
    }
}

/// Goes through what a query asks for, the newest first, until `each` has enough.
fn each_newest(
    log: &Transaction<'_>,
    query: &Query,
    encryption: Encryption,
    mut each: impl FnMut(Entry) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<()> {
    let Some((first, last)) = bounds(log, query)? else { return Ok(()) };
    let Some(search) = query.search.as_deref().and_then(Search::new) else {
        let source = match encryption {
            Encryption::Possible => Source::Encrypted,
            Encryption::Any | Encryption::Impossible if query.unread.is_some() => Source::Unread,
            Encryption::Any | Encryption::Impossible => Source::All,
        };
        let rows = Rows { log, query, source, encryption };
        return rows.each(None, first, last, query.limit, &mut each).map(drop);
    };
    if search.is_empty() {
        return Ok(());
    }
    let below: Option<i64> =
        log.prepare_cached("SELECT below FROM search_rebuild")?.query_row([], |row| row.get(0)).optional()?;
    let rows = Rows { log, query, source: Source::Words, encryption };
    let mut limit = query.limit;
    let first_indexed = first.max(below.unwrap_or(first));
    for part in Part::backwards(last, first_indexed) {
        let (begin, end) = part.seqs().into_inner();
        let (begin, end) = (begin.max(first_indexed), end.min(last));
        if let Some(finished) = search.finished_query(part)
            && !any_match(log, &finished, begin, end)?
        {
            continue;
        }
        limit -= match rows.each(Some(&search.query(part)), begin, end, limit, &mut each)? {
            ControlFlow::Continue(found) => found,
            ControlFlow::Break(()) => return Ok(()),
        };
        if limit == 0 {
            return Ok(());
        }
    }
    let (Some(below), Some(words)) = (below, query.search.as_deref().and_then(old_query)) else {
        return Ok(());
    };
    let rows = Rows { source: Source::OldWords, ..rows };
    rows.each(Some(&words), first, last.min(below - 1), limit, &mut each).map(drop)
}

/// A statement that goes through rows.
struct Rows<'a> {
    log: &'a Transaction<'a>,
    query: &'a Query,
    source: Source,
    encryption: Encryption,
}

impl Rows<'_> {
    /// Hands over at most so many rows between two, and returns how many there were.
    fn each(
        &self,
        words: Option<&str>,
        first: i64,
        last: i64,
        limit: usize,
        each: &mut impl FnMut(Entry) -> rusqlite::Result<ControlFlow<()>>,
    ) -> rusqlite::Result<ControlFlow<(), usize>> {
        let earliest = match self.query.since {
            Some(Since::Time(unix)) => unix,
            Some(Since::Id(_)) | None => i64::MIN,
        };
        let parameters = named_params! {
            ":words": words,
            ":first": first,
            ":last": last,
            ":earliest": earliest,
            ":unread": self.query.unread,
            ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
        };
        let mut statement = self.log.prepare_cached(&self.source.sql(self.encryption))?;
        let mut found = 0;
        for entry in statement.query_map(parameters, row::entry)? {
            found += 1;
            if each(entry?)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(found))
    }
}

fn any_match(log: &Transaction<'_>, words: &str, first: i64, last: i64) -> rusqlite::Result<bool> {
    let sql = "
        SELECT EXISTS (
            SELECT 1 FROM message_words WHERE message_words MATCH :words AND rowid BETWEEN :first AND :last
        )
    ";
    let parameters = named_params! { ":words": words, ":first": first, ":last": last };
    log.prepare_cached(sql)?.query_row(parameters, |row| row.get(0))
}

/// Where a short list ends: rows at either end of the index by time that are looked at to find the first that counts.
const LOOKED_AT: i64 = 1_000;

/// The first and the last row that may match; `None` when none can.
fn bounds(log: &Transaction<'_>, query: &Query) -> rusqlite::Result<Option<(i64, i64)>> {
    let Some(last) =
        log.query_row("SELECT max(seq) FROM messages", [], |row| row.get::<_, Option<i64>>(0))?
    else {
        return Ok(None);
    };
    let mut first = 1;
    match query.since {
        Some(Since::Id(id)) => {
            let sql = "SELECT coalesce(max(seq), 0) + 1 FROM messages WHERE id = ?";
            first = log.prepare_cached(sql)?.query_row([id.number()], |row| row.get(0))?;
        }
        // Rows come in the order of time, but for a clock that was wrong, here or where the message was sent: those are at
        // the ends. A list that is longer than that may as well look at every row.
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

/// A query of the index of an older version for all the words, the last of which may be unfinished.
fn old_query(typed: &str) -> Option<String> {
    // SQLite takes a NUL as the end of the query.
    let quoted: Vec<String> = typed
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    (!quoted.is_empty()).then(|| quoted.join(" ") + "*")
}
