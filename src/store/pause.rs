//! The current pause, and the messages it holds back.
//!
//! Invariant: a message stays held back until it is marked as announced, even after the pause ends; until then it is
//! not among the unannounced ones.

use std::ops::RangeInclusive;

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
    /// The current pause. If it has an end, that may have passed.
    pub fn pause(&self) -> Result<Option<PausedUntil>, Error> {
        let until = self.read(|log| {
            log.prepare_cached("SELECT until FROM pause")?.query_row([], |row| row.get(0)).optional()
        })?;
        Ok(until.map(|until| match until {
            FOREVER => PausedUntil::Forever,
            unix => PausedUntil::Time(unix),
        }))
    }

    /// Saves a pause, replacing the previous one; what goes on is still the same pause.
    pub fn keep_pause(&self, until: PausedUntil, unix: i64) -> Result<(), Error> {
        let until = match until {
            PausedUntil::Forever => FOREVER,
            PausedUntil::Time(unix) => mark(unix),
        };
        let began = "
            INSERT INTO latest_pause (one, began)
            VALUES (1, ?)
            ON CONFLICT (one) DO UPDATE
            SET began = iif(ended = 0, began, excluded.began), ended = 0
        ";
        self.write(|log| {
            log.execute("INSERT OR REPLACE INTO pause (one, until) VALUES (1, ?)", [until])?;
            log.execute(began, [mark(unix)]).map(drop)
        })
    }

    /// Deletes the pause, if there is one. The messages it held back stay held back.
    pub fn end_pause(&self, unix: i64) -> Result<(), Error> {
        self.write(|log| {
            log.execute("UPDATE latest_pause SET ended = ? WHERE ended = 0", [mark(unix)])?;
            log.execute("DELETE FROM pause", []).map(drop)
        })
    }

    /// When the latest pause began and ended, unix seconds, if there ever was one; a pause that goes on has no end.
    pub fn latest_pause(&self) -> Result<Option<RangeInclusive<i64>>, Error> {
        let latest: Option<(i64, i64)> = self.read(|log| {
            let mut statement = log.prepare_cached("SELECT began, ended FROM latest_pause")?;
            statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })?;
        Ok(latest.map(|(began, ended)| began..=if ended == 0 { i64::MAX } else { ended }))
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

    /// Calls `each` for every message that is held back, of every device, newest recorded first. Only one is in memory
    /// at a time, since a pause may last for months.
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
