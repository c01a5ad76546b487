//! The newest messages that match a query, read backwards.
//!
//! Invariant: the cost of a list grows with what it returns, not with the message log. The exception is a search for several
//! common words that are seldom in the same message: the index compares all of their messages.
//!
//! The index finds a term in one look-up, but for the beginning of a word it reads every message that has such a word. So the
//! terms that begin like it are looked up first. Where there are too many, the newest messages are searched one by one:
//! so many terms are in many messages.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rusqlite::{OptionalExtension, Transaction, named_params};

use super::index;
use super::scratch::Scratch;
use super::words::{self, Search, SpelledOut};
use crate::domain::message::{Entry, Seq};
use crate::store::{Error, Query, Since, Store, row};

/// Where the rows of a list come from.
#[derive(Clone, Copy)]
enum Source {
    All,
    Unread,
    /// What may be encrypted.
    Encrypted,
    /// The index.
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
                AND (:app IS NULL OR messages.app = :app COLLATE NOCASE)
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
    let rows = Rows { log, query, source: Source::Words, encryption };
    let first_indexed = first.max(below.unwrap_or(first));
    let found = match &search {
        Some(search) => each_indexed(rows, search, (first_indexed, last), query.limit, &mut each)?,
        None => rows.each(of_app.as_deref(), first_indexed, last, query.limit, &mut each)?,
    };
    let ControlFlow::Continue(found) = found else { return Ok(()) };
    let limit = query.limit.saturating_sub(found);
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

/// The query for messages whose application has these words; `None` when it has none.
fn of_app(app: &str) -> Option<String> {
    let words = words::words(app);
    (!words.is_empty()).then(|| format!("app_words : \"{words}\""))
}

/// Goes through the messages in the index that match a search, and returns how many there were.
fn each_indexed(
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
            let (found, rest) = match newest.each(first, last, limit, each)? {
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

/// A word is rare if it is in no more messages.
const FEW: usize = 32;

/// The messages with a phrase, the newest first, if they are few.
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

/// Searches a few messages one by one. The index would go through all messages that have the other words.
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

/// How many of the newest messages are searched one by one, at most: a few milliseconds.
const CHECKED: usize = 512;

/// How many of them are searched at once.
const BATCH: usize = 64;

/// Searches the newest messages one by one.
struct Newest<'a> {
    rows: Rows<'a>,
    search: &'a Search,
    /// The query for what is finished.
    finished: Option<String>,
}

impl Newest<'_> {
    /// Hands over at most so many that match, and returns how many there were, and the last row that was not looked at if not
    /// all were.
    fn each(
        &self,
        first: i64,
        mut last: i64,
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
        for _ in 0..CHECKED / BATCH {
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

/// A statement that goes through rows.
#[derive(Clone, Copy)]
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
            ":app": self.query.app,
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
