//! Maintains the index of words: adds and removes messages, and replaces the index of an older version.
//!
//! Invariant: the index, with its list of terms, is complete up to the message in `words_indexed` and has no words of
//! later messages: recording a message does not wait for the index. When a message is deleted, so are its words.

use rusqlite::{OptionalExtension, Transaction, named_params, params};

use super::message_words::Words;
use super::scratch::Scratch;
use crate::domain::message::{Message, MessageId, Seq};
use crate::store::{Error, Store};

/// How many messages one step adds to the index: a few milliseconds.
const BATCH: i64 = 100;

/// How many pages of the index one step merges.
const MERGED: i64 = 64;

/// How many blocks of the old index one step removes.
const OLD_BLOCKS: i64 = 100;

/// Removes the words of messages that are about to be deleted.
pub(in crate::store) struct Removal<'log> {
    log: &'log Transaction<'log>,
    removed: Vec<(i64, Message)>,
}

impl<'log> Removal<'log> {
    pub(in crate::store) fn new(log: &'log Transaction<'log>) -> Self {
        Self { log, removed: Vec::new() }
    }

    /// Removes the words of a message.
    pub(in crate::store) fn remove(&mut self, seq: i64) -> rusqlite::Result<()> {
        // A trigger removes the words from the index of an older version.
        let is_indexed = "
            SELECT
                ?1 <= (SELECT through FROM words_indexed)
                AND NOT EXISTS (SELECT 1 FROM search_rebuild WHERE ?1 < below)
        ";
        if !self.log.prepare_cached(is_indexed)?.query_row([seq], |row| row.get::<_, bool>(0))? {
            return Ok(());
        }
        let sql = "
            INSERT INTO message_words (message_words, rowid, title_words, body_words, app_words, number_words)
            VALUES ('delete', ?, ?, ?, ?, ?)
        ";
        let mut statement = self.log.prepare_cached(&[INDEXED, "WHERE seq = ?"].concat())?;
        if let Some((seq, message)) = statement.query_row([seq], indexed).optional()? {
            self.log.prepare_cached(sql)?.execute(Words::of(&message, seq).parameters())?;
            self.removed.push((seq, message));
        }
        Ok(())
    }

    /// Removes the terms that no message has anymore.
    pub(in crate::store) fn finish(self) -> rusqlite::Result<()> {
        if self.removed.is_empty() {
            return Ok(());
        }
        let is_used = "SELECT EXISTS (SELECT 1 FROM message_words WHERE message_words MATCH ?)";
        let mut is_used = self.log.prepare_cached(is_used)?;
        let mut delete = self.log.prepare_cached("DELETE FROM message_terms WHERE term = ?")?;
        for term in terms_of(&self.removed)? {
            if !is_used.query_row([format!("\"{term}\"")], |row| row.get(0))? {
                delete.execute([term])?;
            }
        }
        Ok(())
    }
}

/// The terms with this beginning; `None` if there are more than `most`.
pub(super) fn terms_like(
    log: &Transaction<'_>,
    beginning: &str,
    most: usize,
) -> rusqlite::Result<Option<Vec<String>>> {
    let beginning = if beginning.is_ascii() {
        Some(beginning.to_ascii_lowercase())
    } else {
        Scratch::new()?.term(beginning)?
    };
    let Some(beginning) = beginning else { return Ok(None) };
    let sql = "
        SELECT term
        FROM message_terms
        WHERE term >= :beginning AND term < :beginning || char(0x10ffff)
        LIMIT :most + 1
    ";
    let parameters =
        named_params! { ":beginning": beginning, ":most": i64::try_from(most).unwrap_or(i64::MAX) };
    let mut statement = log.prepare_cached(sql)?;
    let terms = statement.query_map(parameters, |row| row.get(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok((terms.len() <= most).then_some(terms))
}

fn terms_of(messages: &[(i64, Message)]) -> rusqlite::Result<Vec<String>> {
    let messages: Vec<_> = messages.iter().map(|(seq, message)| (Seq(*seq), message)).collect();
    Scratch::new()?.terms(&messages)
}

/// The last message that is in the index.
pub(super) fn last_indexed(log: &Transaction<'_>) -> rusqlite::Result<i64> {
    log.prepare_cached("SELECT through FROM words_indexed")?.query_row([], |row| row.get(0))
}

/// Adds messages to the index, in ascending order.
fn add(log: &Transaction<'_>, messages: &[(i64, Message)]) -> rusqlite::Result<()> {
    let sql = "
        INSERT INTO message_words (rowid, title_words, body_words, app_words, number_words)
        VALUES (?, ?, ?, ?, ?)
    ";
    let mut insert = log.prepare_cached(sql)?;
    for (seq, message) in messages {
        insert.execute(Words::of(message, *seq).parameters())?;
    }
    let mut insert =
        log.prepare_cached("INSERT INTO message_terms (term) VALUES (?) ON CONFLICT (term) DO NOTHING")?;
    terms_of(messages)?.into_iter().try_for_each(|term| insert.execute([term]).map(drop))
}

/// Removes the words of all messages.
pub(in crate::store) fn clear(log: &Transaction<'_>) -> rusqlite::Result<()> {
    log.execute_batch(
        "
        INSERT INTO message_words (message_words) VALUES ('delete-all');
        DELETE FROM message_terms;
        DELETE FROM search_rebuild;
        DROP TRIGGER IF EXISTS messages_search_delete;
        DROP TABLE IF EXISTS messages_search;
        ",
    )
}

/// Selects the indexed columns; a condition may follow.
const INDEXED: &str = "
    SELECT seq, title, body, app, html, encrypted
    FROM messages
";

fn indexed(row: &rusqlite::Row<'_>) -> rusqlite::Result<(i64, Message)> {
    let message = Message {
        title: Some(row.get(1)?),
        body: row.get(2)?,
        app: row.get(3)?,
        html: row.get(4)?,
        encrypted: row.get(5)?,
        ..Message::unread(MessageId::from_stored(0))
    };
    Ok((row.get(0)?, message))
}

impl Store {
    /// Continues to build the index: adds new messages, oldest first, and replaces the index of an older version,
    /// newest messages first. Returns whether something is left to do. A step takes a few milliseconds; after a crash
    /// the next step continues where the last one ended.
    pub fn complete_index(&self) -> Result<bool, Error> {
        let (is_incomplete, is_old) = self.read(|log| {
            let is_incomplete = "
                SELECT EXISTS (
                    SELECT 1 FROM messages WHERE seq > (SELECT through FROM words_indexed)
                )
            ";
            let is_old = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'messages_search')";
            let exists = |sql| log.prepare_cached(sql)?.query_row([], |row| row.get::<_, bool>(0));
            Ok((exists(is_incomplete)?, exists(is_old)?))
        })?;
        if is_incomplete {
            self.write(index_next)?;
        } else if is_old {
            self.write(|log| {
                let below = log.query_row("SELECT below FROM search_rebuild", [], |row| row.get(0));
                match below.optional()? {
                    Some(below) => index_before(log, below),
                    None => remove_old_index(log),
                }
            })?;
        }
        Ok(is_incomplete || is_old || self.write(merge_segments)?)
    }
}

/// Merges some segments of the index, and returns whether there may be more to merge
/// (<https://sqlite.org/fts5.html#the_merge_command>).
fn merge_segments(log: &Transaction<'_>) -> rusqlite::Result<bool> {
    let before = log.total_changes();
    log.prepare_cached("INSERT INTO message_words (message_words, rank) VALUES ('merge', ?)")?
        .execute([MERGED])?;
    Ok(log.total_changes() - before > 1)
}

fn index_next(log: &Transaction<'_>) -> rusqlite::Result<()> {
    let condition = "WHERE seq > (SELECT through FROM words_indexed) ORDER BY seq LIMIT ?";
    let mut statement = log.prepare_cached(&[INDEXED, condition].concat())?;
    let messages = statement.query_map([BATCH], indexed)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let Some((last, _)) = messages.last() else { return Ok(()) };
    add(log, &messages)?;
    log.execute("UPDATE words_indexed SET through = ?", [last]).map(drop)
}

fn index_before(log: &Transaction<'_>, below: i64) -> rusqlite::Result<()> {
    let sql = [INDEXED, "WHERE seq < ? ORDER BY seq DESC LIMIT ?"].concat();
    let mut statement = log.prepare_cached(&sql)?;
    let mut messages = statement.query_map([below, BATCH], indexed)?.collect::<rusqlite::Result<Vec<_>>>()?;
    messages.reverse();
    let Some((first, _)) = messages.first() else {
        return log.execute_batch("DELETE FROM search_rebuild; DROP TRIGGER messages_search_delete");
    };
    add(log, &messages)?;
    log.execute("UPDATE search_rebuild SET below = ?", params![first]).map(drop)
}

/// Removes a part of the old index, because dropping a long one at once takes seconds.
fn remove_old_index(log: &Transaction<'_>) -> rusqlite::Result<()> {
    for (table, rows) in [("messages_search_data", OLD_BLOCKS), ("messages_search_docsize", 50 * OLD_BLOCKS)]
    {
        let sql = format!("DELETE FROM {table} WHERE id IN (SELECT id FROM {table} LIMIT ?)");
        if log.execute(&sql, [rows])? > 0 {
            return Ok(());
        }
    }
    log.execute_batch("DROP TRIGGER IF EXISTS messages_search_delete; DROP TABLE messages_search")
}
