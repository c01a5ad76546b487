//! Turns what the user typed into a query of the full-text index, and searches decrypted messages in a temporary index.
//!
//! Invariant: any input gives a valid query, and no character of it is an operator. Decrypted text is in memory only.

use rusqlite::{Connection, params};

use crate::domain::message::Message;

/// A query for all the words, the last of which may be unfinished; `None` when there are no words.
pub(super) fn all_words(typed: &str) -> Option<String> {
    // For SQLite a NUL ends the query.
    let quoted: Vec<String> = typed
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    (!quoted.is_empty()).then(|| quoted.join(" ") + "*")
}

/// Searches messages that the message log stores encrypted, by the rules of its index.
pub(super) struct Words {
    index: Connection,
    query: String,
}

impl Words {
    /// The words of a query of [`all_words`].
    pub(super) fn new(query: String) -> rusqlite::Result<Self> {
        let index = Connection::open_in_memory()?;
        index.execute_batch(INDEX)?;
        Ok(Self { index, query })
    }

    /// Whether a message has all of them.
    pub(super) fn are_in(&self, message: &Message) -> rusqlite::Result<bool> {
        let text = params![message.title.as_deref().unwrap_or_default(), message.body, message.app];
        self.index
            .prepare_cached("INSERT INTO one (rowid, title, body, app) VALUES (1, ?, ?, ?)")?
            .execute(text)?;
        let sql = "SELECT EXISTS (SELECT 1 FROM one WHERE one MATCH ?)";
        let found = self.index.prepare_cached(sql)?.query_row([&self.query], |row| row.get(0))?;
        self.index.prepare_cached("DELETE FROM one")?.execute([])?;
        Ok(found)
    }
}

/// Like `messages_search` in the schema.
const INDEX: &str = "
    PRAGMA temp_store = memory;
    CREATE VIRTUAL TABLE one USING fts5 (title, body, app, tokenize = 'unicode61 remove_diacritics 2');
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_quoted_and_the_last_may_be_unfinished() {
        assert_eq!(all_words("disk fu").as_deref(), Some("\"disk\" \"fu\"*"));
        assert_eq!(all_words(" a\tOR\n\"b ").as_deref(), Some("\"a\" \"OR\" \"\"\"b\"*"));
        assert_eq!(all_words("a\0b").as_deref(), Some("\"a\" \"b\"*"));
        assert_eq!(all_words(" \n "), None);
    }
}
