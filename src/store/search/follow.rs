//! Reads messages in the order of recording, for a reader that continues where it stopped.
//!
//! Invariant: row numbers are never reused, so a reader that continues after the last row it read misses no message and
//! reads none twice.

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::message::{Entry, Seq};
use crate::store::{Error, Since, Store, row};

impl Store {
    /// The first `limit` messages after a row, oldest recorded first.
    pub fn messages_after(&self, after: Seq, limit: usize) -> Result<Vec<Entry>, Error> {
        let sql = [row::SELECT, "WHERE seq > ? ORDER BY seq LIMIT ?"].concat();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|log| row::entries(log, &sql, params![after.0, limit]))
    }

    /// The row of the latest message ever recorded, even if it was deleted since.
    pub fn last_recorded(&self) -> Result<Seq, Error> {
        self.read(last_recorded)
    }

    /// The row after which a list begins.
    pub fn row_before(&self, since: Since) -> Result<Seq, Error> {
        match since {
            Since::Id(id) => {
                let sql = "SELECT coalesce(max(seq), 0) FROM messages WHERE id = ?";
                self.read(|log| log.query_row(sql, [id.number()], |row| row.get(0).map(Seq)))
            }
            Since::Time(unix) => self.read(|log| {
                let sql = "SELECT min(seq) - 1 FROM messages WHERE max(queued, recorded) >= ?";
                let before: Option<i64> = log.query_row(sql, [unix], |row| row.get(0))?;
                before.map_or_else(|| last_recorded(log), |before| Ok(Seq(before)))
            }),
        }
    }
}

fn last_recorded(log: &Transaction<'_>) -> rusqlite::Result<Seq> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'messages'";
    Ok(Seq(log.query_row(sql, [], |row| row.get(0)).optional()?.unwrap_or(0)))
}
