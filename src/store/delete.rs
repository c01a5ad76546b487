//! Deletes messages, on request or because they are outdated, and frees their disk space.
//!
//! Invariant: a message that the service still has is not deleted, since it would be delivered again as new; nothing of
//! a deleted message stays in the files once [`Store::shrink`] is done. No call except [`Store::forget_messages`] locks
//! the file for long.

use rusqlite::{Transaction, named_params};

use super::events::EventKind;
use super::search::{self, index};
use super::{Error, Store, row};
use crate::domain::message::{LONGEST_EMERGENCY, Seq};
use crate::domain::settings::Keep;

/// How many rows one call reads to find outdated messages.
const LOOKED_AT: i64 = 500;

/// How many free pages stay in the file for the next messages.
const SPARE_PAGES: i64 = 64;

/// How many pages one call releases: a few milliseconds.
const PAGES_PER_CALL: i64 = 128;

/// A file that an older version made is rewritten once so that it can shrink, if it is no larger than this many pages.
/// That takes less than a second.
const REWRITABLE_PAGES: i64 = 8_192;

/// A message without an id of the service is never marked as deleted; it counts as deleted once a later message is.
const DELETABLE: &str = "
    seq = :seq AND (
        deleted <> 0 OR (
            id < 0 AND EXISTS (
                SELECT 1
                FROM messages AS later
                WHERE later.device = messages.device AND later.seq > messages.seq AND later.deleted <> 0
            )
        )
    )
";

/// Rows, some of which may be outdated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outdated {
    next: i64,
    last: i64,
    before: i64,
}

impl Store {
    /// Deletes messages, except those that the service still has. Returns how many were deleted. A call takes about a
    /// millisecond per message.
    pub fn delete_messages(&self, seqs: &[Seq], unix: i64) -> Result<usize, Error> {
        self.write_events(unix, |log, events| {
            let mut is_deletable =
                log.prepare_cached(&format!("SELECT 1 FROM messages WHERE {DELETABLE}"))?;
            let mut delete = log.prepare_cached("DELETE FROM messages WHERE seq = ?")?;
            let mut delete_notification = log.prepare_cached("DELETE FROM notices WHERE seq = ?")?;
            let mut words = index::Removal::new(log);
            let mut deleted = 0;
            for Seq(seq) in seqs {
                if !is_deletable.exists(named_params! { ":seq": seq })? {
                    continue;
                }
                events.append(EventKind::Deleted, "seq = :seq", &[(":seq", seq)])?;
                words.remove(*seq)?;
                delete_notification.execute([seq])?;
                deleted += delete.execute([seq])?;
            }
            words.finish()?;
            Ok(deleted)
        })
    }

    /// Where to look for messages that this setting does not keep; `None` if it keeps all.
    pub fn outdated(&self, keep: Keep, unix: i64) -> Result<Option<Outdated>, Error> {
        self.read(|log| {
            let (last, before) = match keep {
                Keep::Forever => return Ok(None),
                Keep::Seconds(seconds) => {
                    let before = unix.saturating_sub(seconds);
                    (search::last_before(log, before)?, before)
                }
                Keep::Newest(count) => (last_but(log, count)?, i64::MAX),
            };
            Ok(last.map(|last| Outdated { next: 1, last, before }))
        })
    }

    /// The next of these messages to delete; `None` at the end. Open emergencies, unread messages and those that are still to
    /// be shown are kept, and so is what the service still has.
    pub fn next_outdated(&self, outdated: &mut Outdated, unix: i64) -> Result<Option<Vec<Seq>>, Error> {
        if outdated.next > outdated.last {
            return Ok(None);
        }
        let sql = format!(
            "
            SELECT
                seq,
                max(queued, recorded) < :before
                    AND deleted <> 0
                    AND announced <> 0
                    AND (read <> 0 OR (expires <> 0 AND expires <= :unix AND priority < 2))
                    AND NOT (recorded >= :earliest AND {})
            FROM messages
            WHERE seq BETWEEN :next AND :last
            ORDER BY seq
            LIMIT :limit
            ",
            row::awaits_acknowledgement!()
        );
        let parameters = named_params! {
            ":before": outdated.before,
            ":unix": unix,
            ":earliest": unix.saturating_sub(LONGEST_EMERGENCY),
            ":next": outdated.next,
            ":last": outdated.last,
            ":limit": LOOKED_AT,
        };
        let rows = self.read(|log| {
            let mut statement = log.prepare_cached(&sql)?;
            let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<(i64, bool)>>>()
        })?;
        let Some((seen, _)) = rows.last() else { return Ok(None) };
        outdated.next = seen + 1;
        Ok(Some(rows.into_iter().filter(|(_, is_outdated)| *is_outdated).map(|(seq, _)| Seq(seq)).collect()))
    }

    /// Releases some of the disk space of deleted messages, and returns whether there is more. A long file that an
    /// older version made does not shrink; its free space is used for new messages.
    pub fn shrink(&self) -> Result<bool, Error> {
        let number = |name: &str| {
            self.read(|log| log.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)))
        };
        let (free, pages) = (number("freelist_count")?, number("page_count")?);
        if free > SPARE_PAGES && number("auto_vacuum")? == 2 {
            let pages = PAGES_PER_CALL.min(free - SPARE_PAGES);
            self.write(|log| {
                let mut statement = log.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
                let mut rows = statement.raw_query();
                while rows.next()?.is_some() {}
                Ok(())
            })?;
            return Ok(true);
        }
        if free > SPARE_PAGES && pages - free <= REWRITABLE_PAGES && number("auto_vacuum")? == 0 {
            self.sweep("PRAGMA auto_vacuum = INCREMENTAL; VACUUM")?;
            return Ok(false);
        }
        // The deleted content is still in the write-ahead log. While another process reads, this is left to the next
        // call.
        self.sweep("").map(|_is_clean| false)
    }

    /// Forgets every message, and leaves nothing of them in the files. Row numbers are not reused.
    ///
    /// After an error the messages may already be gone, but not all of their content from the files; calling it again
    /// finishes that.
    pub fn forget_messages(&self, unix: i64) -> Result<(), Error> {
        self.write_events(unix, |log, events| {
            events.all_deleted()?;
            // The index first: the triggers of an old one would remove the messages one by one.
            index::clear(log)?;
            log.execute_batch(
                "
                DELETE FROM messages;
                DELETE FROM acknowledgements;
                DELETE FROM devices;
                DELETE FROM notices;
                ",
            )
        })?;
        if self.sweep("PRAGMA auto_vacuum = INCREMENTAL; VACUUM")? { Ok(()) } else { Err(Error::Locked) }
    }

    /// Runs statements outside a transaction, then empties the write-ahead log; `false` if another process is reading
    /// it.
    fn sweep(&self, statements: &str) -> Result<bool, Error> {
        let connection = self.connection();
        let sweep = || {
            connection.execute_batch(statements)?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
        };
        sweep().map(|is_busy| !is_busy).map_err(|error| Error::from_sqlite(error, &self.path))
    }
}

/// The last row before the newest `count`.
fn last_but(log: &Transaction<'_>, count: u64) -> rusqlite::Result<Option<i64>> {
    let messages: i64 = log.query_row("SELECT messages FROM counters", [], |row| row.get(0))?;
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    if messages <= count {
        return Ok(None);
    }
    let sql =
        "SELECT max(seq) FROM (SELECT seq FROM messages WHERE seq > 0 ORDER BY seq DESC LIMIT 1 OFFSET ?)";
    log.query_row(sql, [count], |row| row.get(0))
}
