//! Reads rows of messages from the table or through an index, the newest first.
//!
//! Invariant: every condition of a query holds for each row.

use std::ops::ControlFlow;

use rusqlite::{Transaction, named_params};

use crate::domain::message::{Entry, Priority};
use crate::store::{Query, Since, row};

/// A statement that goes through rows.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) log: &'a Transaction<'a>,
    pub(super) query: &'a Query,
    pub(super) source: Source,
    pub(super) encryption: Encryption,
}

impl Rows<'_> {
    /// Calls `each` for at most `limit` rows of a range, and returns how many there were.
    pub(super) fn each(
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
            ":priority": self.query.min_priority.map(Priority::number),
            ":once": self.query.each_emergency_once,
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

/// Where the rows of a list come from.
#[derive(Clone, Copy)]
pub(super) enum Source {
    All,
    Unread,
    /// Messages that may be encrypted.
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

    /// Base64 that is long enough may be encrypted without being marked so; the index `messages_encrypted` has the same
    /// condition. The condition for unread messages is that of `Entry::is_unread`.
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
                AND (:priority IS NULL OR messages.priority >= :priority)
                AND (
                    :unread IS NULL
                    OR (read = 0 AND NOT (messages.expires <> 0 AND messages.expires <= :unread AND priority < 2))
                )
                AND (
                    :once = 0 OR priority < 2 OR receipt = ''
                    OR NOT EXISTS (
                        SELECT 1
                        FROM messages AS newer INDEXED BY messages_receipts
                        WHERE newer.receipt = messages.receipt
                            AND newer.seq > messages.seq
                            AND newer.priority = 2
                            AND newer.receipt <> ''
                    )
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
pub(super) enum Encryption {
    Any,
    /// Messages that may be encrypted.
    Possible,
    /// Messages that are not.
    Impossible,
}
