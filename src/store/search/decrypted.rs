//! Searches messages that the message log holds encrypted, by the rules of its index.
//!
//! Invariant: decrypted text is in memory only.

use rusqlite::Connection;

use super::index::Words;
use super::words::{Part, Search};
use crate::domain::message::Message;

/// An index of one message.
pub(super) struct Decrypted {
    index: Connection,
    query: String,
}

const PART: i64 = 1;

impl Decrypted {
    pub(super) fn new(search: &Search) -> rusqlite::Result<Self> {
        let index = Connection::open_in_memory()?;
        index.execute_batch(INDEX)?;
        Ok(Self { index, query: search.query(Part::of(PART)) })
    }

    /// Whether a message has all of the words.
    pub(super) fn matches(&self, message: &Message) -> rusqlite::Result<bool> {
        let words = Words::of(message, PART);
        self.index
            .prepare_cached("INSERT INTO one (rowid, title, body, app, numbers) VALUES (?, ?, ?, ?, ?)")?
            .execute(words.parameters())?;
        let sql = "SELECT EXISTS (SELECT 1 FROM one WHERE one MATCH ?)";
        let found = self.index.prepare_cached(sql)?.query_row([&self.query], |row| row.get(0))?;
        self.index.prepare_cached("DELETE FROM one")?.execute([])?;
        Ok(found)
    }
}

/// Like `message_words` in the schema.
const INDEX: &str = "
    PRAGMA temp_store = memory;
    CREATE VIRTUAL TABLE one USING fts5 (
        title, body, app, numbers,
        tokenize = \"unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'\"
    );
";
