//! The index of words: what goes in with a message, leaves with it, and how that of an older version is replaced.
//!
//! Invariant: the words of a message are in the same transaction as its row, and none stay when it is deleted.

use rusqlite::{OptionalExtension, Params, Transaction, params};

use super::words::Part;
use crate::domain::message::{Message, MessageId};
use crate::domain::text::Text;
use crate::store::{Error, Store};

/// How many messages one step of rebuilding puts into the index: a few milliseconds.
const BATCH: i64 = 100;

/// How many blocks of the old index one step removes.
const OLD_BLOCKS: i64 = 100;

/// The words of a message, as the index takes them.
pub(super) struct Words {
    seq: i64,
    title: String,
    body: String,
    app: String,
    numbers: String,
}

impl Words {
    pub(super) fn of(message: &Message, seq: i64) -> Self {
        let part = Part::of(seq);
        // Encrypted text has no words.
        let title = message.title.as_deref().filter(|_| !message.encrypted).unwrap_or_default();
        let body = if message.encrypted {
            String::new()
        } else if message.html {
            Text::from_html(&message.body).spelled_out()
        } else {
            message.body.clone()
        };
        Self {
            seq,
            title: part.words(title),
            body: part.words(&body),
            app: part.words(&message.app),
            numbers: part.numbers(&[title, &body]),
        }
    }

    pub(super) fn parameters(&self) -> impl Params {
        let Self { seq, title, body, app, numbers } = self;
        (seq, title, body, app, numbers)
    }
}

/// Puts the words of a new message into the index.
pub(in crate::store) fn add(log: &Transaction<'_>, seq: i64, message: &Message) -> rusqlite::Result<()> {
    let sql = "
        INSERT INTO message_words (rowid, title_words, body_words, app_words, number_words)
        VALUES (?, ?, ?, ?, ?)
    ";
    log.prepare_cached(sql)?.execute(Words::of(message, seq).parameters()).map(drop)
}

/// Removes the words of a message that is about to be deleted.
pub(in crate::store) fn remove(log: &Transaction<'_>, seq: i64) -> rusqlite::Result<()> {
    let is_in_old_index = "SELECT EXISTS (SELECT 1 FROM search_rebuild WHERE ? < below)";
    // A trigger removes them from the old index.
    if log.prepare_cached(is_in_old_index)?.query_row([seq], |row| row.get(0))? {
        return Ok(());
    }
    let sql = "
        INSERT INTO message_words (message_words, rowid, title_words, body_words, app_words, number_words)
        VALUES ('delete', ?, ?, ?, ?, ?)
    ";
    let mut statement = log.prepare_cached(&[INDEXED, "WHERE seq = ?"].concat())?;
    if let Some((seq, message)) = statement.query_row([seq], indexed).optional()? {
        log.prepare_cached(sql)?.execute(Words::of(&message, seq).parameters())?;
    }
    Ok(())
}

/// Removes the words of all messages.
pub(in crate::store) fn clear(log: &Transaction<'_>) -> rusqlite::Result<()> {
    log.execute_batch(
        "
        INSERT INTO message_words (message_words) VALUES ('delete-all');
        DELETE FROM search_rebuild;
        DROP TRIGGER IF EXISTS messages_search_delete;
        DROP TABLE IF EXISTS messages_search;
        ",
    )
}

/// What is indexed of a message; a condition may follow.
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
    /// Goes on with replacing the index of an older version, the newest messages first, and returns whether something is
    /// left to do. A step takes a few milliseconds; after a crash the next one continues where the last one ended.
    pub fn rebuild_index(&self) -> Result<bool, Error> {
        let is_left = self.read(|log| {
            log.prepare_cached("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'messages_search')")?
                .query_row([], |row| row.get::<_, bool>(0))
        })?;
        if is_left {
            self.write(|log| {
                let below = log.query_row("SELECT below FROM search_rebuild", [], |row| row.get(0));
                match below.optional()? {
                    Some(below) => index_before(log, below),
                    None => remove_old_index(log),
                }
            })?;
        }
        Ok(is_left)
    }
}

fn index_before(log: &Transaction<'_>, below: i64) -> rusqlite::Result<()> {
    let sql = [INDEXED, "WHERE seq < ? ORDER BY seq DESC LIMIT ?"].concat();
    let mut statement = log.prepare_cached(&sql)?;
    let messages = statement.query_map([below, BATCH], indexed)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let Some((first, _)) = messages.last() else {
        return log.execute_batch("DELETE FROM search_rebuild; DROP TRIGGER messages_search_delete");
    };
    // The index is written in ascending order.
    for (seq, message) in messages.iter().rev() {
        add(log, *seq, message)?;
    }
    log.execute("UPDATE search_rebuild SET below = ?", params![first]).map(drop)
}

/// Removes some of the old index; dropping all of a long one takes seconds.
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
