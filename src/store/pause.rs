//! The current pause, and the messages it holds back.
//!
//! Invariant: a message that is held back is neither announced nor among those still to be shown, until it is marked as
//! announced; the end of a pause does not change it.

use rusqlite::{OptionalExtension, params};

use super::row::mark;
use super::{Error, Store, row};
use crate::domain::message::{Entry, Seq};
use crate::domain::pause::PausedUntil;

/// `pause.until` of a pause without an end.
const FOREVER: i64 = 0;

/// Follows [`row::SELECT`].
pub(super) const HELD: &str = "WHERE announced = 0 AND held <> 0 ORDER BY seq DESC";

pub(super) const HELD_COUNT: &str = "SELECT count(*) FROM messages WHERE announced = 0 AND held <> 0";

impl Store {
    /// The current pause; one with an end may be over by now.
    pub fn pause(&self) -> Result<Option<PausedUntil>, Error> {
        let until = self.read(|log| {
            log.prepare_cached("SELECT until FROM pause")?.query_row([], |row| row.get(0)).optional()
        })?;
        Ok(until.map(|until| match until {
            FOREVER => PausedUntil::Forever,
            unix => PausedUntil::Time(unix),
        }))
    }

    /// Saves a pause, replacing the previous one.
    pub fn keep_pause(&self, until: PausedUntil) -> Result<(), Error> {
        let until = match until {
            PausedUntil::Forever => FOREVER,
            PausedUntil::Time(unix) => mark(unix),
        };
        self.write(|log| {
            log.execute("INSERT OR REPLACE INTO pause (one, until) VALUES (1, ?)", [until]).map(drop)
        })
    }

    /// Deletes the pause, if there is one; the messages it held back are still to be shown.
    pub fn end_pause(&self) -> Result<(), Error> {
        self.write(|log| log.execute("DELETE FROM pause", []).map(drop))
    }

    /// Marks messages that are still to be shown as held back.
    pub fn hold(&self, seqs: &[Seq], unix: i64) -> Result<(), Error> {
        let sql = "UPDATE messages SET held = ? WHERE seq = ? AND announced = 0 AND held = 0";
        self.write(|log| {
            let mut statement = log.prepare_cached(sql)?;
            seqs.iter().try_for_each(|seq| statement.execute(params![mark(unix), seq.0]).map(drop))
        })
    }

    /// How many messages are held back.
    pub fn held(&self) -> Result<u64, Error> {
        self.read(|log| log.query_row(HELD_COUNT, [], |row| row.get(0))).map(i64::unsigned_abs)
    }

    /// Whether any message is held back.
    pub fn anything_held(&self) -> Result<bool, Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM messages WHERE announced = 0 AND held <> 0)";
        self.read(|log| log.prepare_cached(sql)?.query_row([], |row| row.get(0)))
    }

    /// Goes through the messages that are held back, the one recorded last first, of every device. One is in
    /// memory at a time: a pause may last for months.
    pub fn each_held(&self, mut each: impl FnMut(Entry)) -> Result<(), Error> {
        let sql = [row::SELECT, HELD].concat();
        self.read(|log| {
            row::each(log, &sql, [], |entry| {
                each(entry);
                Ok(())
            })
        })
    }
}
