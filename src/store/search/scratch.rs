//! An index of a few messages in memory, with the same rules as the one in the message log.
//!
//! Invariant: nothing of a message is written to disk, and nothing stays in memory after a call.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction};

use super::message_words::Words;
use crate::domain::message::{Message, MessageId, Seq};

pub(super) struct Scratch {
    index: Connection,
}

impl Scratch {
    pub(super) fn new() -> rusqlite::Result<Self> {
        let index = Connection::open_in_memory()?;
        index.execute_batch(INDEX)?;
        Ok(Self { index })
    }

    /// Which of these messages match a query.
    pub(super) fn matching(
        &self,
        query: &str,
        messages: &[(Seq, &Message)],
    ) -> rusqlite::Result<BTreeSet<Seq>> {
        let scratch = self.filled(messages)?;
        let mut statement = scratch.prepare_cached("SELECT rowid FROM words WHERE words MATCH ?")?;
        statement.query_map([query], |row| row.get(0).map(Seq))?.collect()
    }

    /// The terms of these messages, each once.
    pub(super) fn terms(&self, messages: &[(Seq, &Message)]) -> rusqlite::Result<Vec<String>> {
        let scratch = self.filled(messages)?;
        let mut statement = scratch.prepare_cached("SELECT term FROM terms")?;
        statement.query_map([], |row| row.get(0))?.collect()
    }

    /// The term that the index makes of a word; `None` if it makes several or none.
    pub(super) fn term(&self, word: &str) -> rusqlite::Result<Option<String>> {
        // As the application, because the numbers in it are not indexed separately.
        let message = Message { app: word.to_owned(), ..Message::unread(MessageId::from_stored(0)) };
        let terms = self.terms(&[(Seq(1), &message)])?;
        Ok(if let [term] = terms.as_slice() { Some(term.clone()) } else { None })
    }

    /// Dropping the transaction empties the index.
    fn filled(&self, messages: &[(Seq, &Message)]) -> rusqlite::Result<Transaction<'_>> {
        let scratch = self.index.unchecked_transaction()?;
        {
            let sql = "INSERT INTO words (rowid, title, body, app, numbers) VALUES (?, ?, ?, ?, ?)";
            let mut insert = scratch.prepare_cached(sql)?;
            for (seq, message) in messages {
                insert.execute(Words::of(message, seq.0).parameters())?;
            }
        }
        Ok(scratch)
    }
}

/// Like `message_words` in the schema.
const INDEX: &str = "
    PRAGMA temp_store = memory;
    CREATE VIRTUAL TABLE words USING fts5 (
        title, body, app, numbers,
        content = '',
        columnsize = 0,
        tokenize = \"unicode61 remove_diacritics 2 categories 'L* N* Mn Mc'\"
    );
    CREATE VIRTUAL TABLE terms USING fts5vocab (words, row);
";
