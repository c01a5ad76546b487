//! Reads from the message log.
//!
//! Invariant: nothing here writes.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, named_params, params};

use super::row::{self, CONFIRMED, REQUESTED};
use super::{Counts, Error, PendingAck, Store};
use crate::domain::account::DeviceId;
use crate::domain::message::{Entry, KnownMessage, LONGEST_EMERGENCY, MessageId, Receipt, Seq};

pub(super) const KNOWN: &str = concat!(
    "
    SELECT
        deleted <> 0,
        ",
    row::emergency!(),
    " AND NOT EXISTS (
            SELECT 1
            FROM acknowledgements
            WHERE acknowledgements.receipt = messages.receipt AND state IN (:wanted, :confirmed)
        )
    FROM messages
    WHERE id = :id AND device = :device
"
);

/// Follows [`row::SELECT`].
pub(super) const UNANNOUNCED_PAGE: &str = "
    WHERE announced = 0 AND held = 0 AND (device, id) > (:device, :id)
    ORDER BY device, id
    LIMIT :limit
";

/// Follows [`row::SELECT`].
pub(super) const UNANNOUNCED_NEWEST_FIRST: &str =
    "WHERE announced = 0 AND held = 0 AND device = ? ORDER BY id DESC";

/// Follows [`row::SELECT`].
pub(super) const UNANNOUNCED_EMERGENCIES: &str = concat!(
    "
    WHERE announced = 0 AND held = 0 AND ",
    row::emergency!(),
    "
    ORDER BY device, id
"
);

/// Unread messages are those of `Entry::is_unread`, with each emergency counted once; triggers count the ones that
/// never expire. An emergency's age counts from when the service accepted it, not from when it was recorded or from the
/// sender's time, which can be anything.
pub(super) const COUNTS: &str = concat!(
    "
    SELECT
        (SELECT unread FROM counters) - (
            SELECT count(*) - count(DISTINCT receipt)
            FROM messages INDEXED BY messages_unread_receipts
            WHERE read = 0 AND priority = 2 AND receipt <> ''
        ) + (
            SELECT count(*)
            FROM messages INDEXED BY messages_expiring
            WHERE read = 0 AND expires <> 0 AND priority < 2 AND expires > :unix
        ),
        (
            SELECT count(DISTINCT receipt)
            FROM messages INDEXED BY messages_emergencies_by_time
            WHERE ",
    row::awaits_acknowledgement!(),
    "
                AND coalesce(nullif(queued, 0), recorded) >= :earliest
        ),
        (SELECT recorded FROM messages WHERE seq = (SELECT max(seq) FROM messages)),
        (SELECT count(*) FROM messages WHERE announced = 0 AND held = 0),
        (SELECT messages FROM counters),
        (
            SELECT min(expires)
            FROM messages INDEXED BY messages_expiring
            WHERE read = 0 AND expires <> 0 AND priority < 2 AND expires > :unix
        ),
        (SELECT count(*) FROM acknowledgements INDEXED BY acknowledgements_requested WHERE state = 1)
"
);

/// Follows [`row::SELECT`]. The emergencies are those that [`COUNTS`] counts.
pub(super) const OPEN_EMERGENCIES: &str = concat!(
    "
    WHERE seq IN (
        SELECT max(seq)
        FROM messages INDEXED BY messages_emergencies_by_time
        WHERE ",
    row::awaits_acknowledgement!(),
    "
            AND coalesce(nullif(queued, 0), recorded) >= :earliest
        GROUP BY receipt
    )
    ORDER BY seq DESC
    LIMIT :limit
"
);

/// How many rows one step of a long read goes through: a millisecond.
const ROWS_PER_STEP: i64 = 1_000;

impl Store {
    /// Which of these messages are already in the message log, and what it knows about each.
    pub fn known(
        &self,
        device: &DeviceId,
        ids: &[MessageId],
    ) -> Result<BTreeMap<MessageId, KnownMessage>, Error> {
        self.read(|log| {
            let mut statement = log.prepare_cached(KNOWN)?;
            let mut known = BTreeMap::new();
            for id in ids {
                let parameters = named_params! {
                    ":id": id.number(),
                    ":device": device.as_str(),
                    ":wanted": REQUESTED,
                    ":confirmed": CONFIRMED,
                };
                let found = statement
                    .query_row(parameters, |row| {
                        Ok(KnownMessage { deleted: row.get(0)?, open_emergency: row.get(1)? })
                    })
                    .optional()?;
                known.extend(found.map(|found| (*id, found)));
            }
            Ok(known)
        })
    }

    /// The messages of every device that are still to be shown and not held back, by device and then by ascending id.
    pub fn unannounced(&self) -> Result<Vec<Entry>, Error> {
        self.unannounced_page(None, usize::MAX)
    }

    /// The first `limit` of them after a message of a device.
    pub fn unannounced_page(
        &self,
        after: Option<&(DeviceId, MessageId)>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        let sql = [row::SELECT, UNANNOUNCED_PAGE].concat();
        let parameters = named_params! {
            ":device": after.map_or("", |(device, _)| device.as_str()),
            ":id": after.map_or(i64::MIN, |(_, id)| id.number()),
            ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
        };
        self.read(|log| row::entries(log, &sql, parameters))
    }

    /// Calls `each` for these messages of a device, by descending id. Only one is in memory at a time.
    pub fn each_unannounced(&self, device: &DeviceId, mut each: impl FnMut(Entry)) -> Result<(), Error> {
        let sql = [row::SELECT, UNANNOUNCED_NEWEST_FIRST].concat();
        self.read(|log| {
            row::each(log, &sql, [device.as_str()], |entry| {
                each(entry);
                Ok(())
            })
        })
    }

    /// The open emergencies among them.
    pub fn unannounced_emergencies(&self) -> Result<Vec<Entry>, Error> {
        let sql = [row::SELECT, UNANNOUNCED_EMERGENCIES].concat();
        self.read(|log| row::entries(log, &sql, []))
    }

    /// Whether the initial sync after registering this device is done.
    pub fn is_initial_sync_done(&self, device: &DeviceId) -> Result<bool, Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM devices WHERE device = ? AND flushed <> 0)";
        self.read(|log| log.prepare_cached(sql)?.query_row([device.as_str()], |row| row.get(0)))
    }

    /// The requested acknowledgements that are neither confirmed nor given up, the first to expire first.
    pub fn pending_acks(&self) -> Result<Vec<PendingAck>, Error> {
        let sql = "
            SELECT receipt, expires
            FROM acknowledgements
            WHERE state = 1
            ORDER BY expires, receipt
        ";
        self.read(|log| {
            let mut statement = log.prepare_cached(sql)?;
            let pending = statement.query_map([], |row| {
                let receipt = Receipt::new(&row.get::<_, String>(0)?);
                let expires = row.get(1)?;
                Ok(receipt.map(|receipt| PendingAck { receipt, expires }))
            })?;
            pending.filter_map(Result::transpose).collect()
        })
    }

    /// The counts at this service time, which decides what is expired. Emergencies that the service no longer repeats
    /// are not counted.
    pub fn counts(&self, unix: i64) -> Result<Counts, Error> {
        let earliest = unix.saturating_sub(LONGEST_EMERGENCY);
        self.read(|log| {
            let parameters = named_params! { ":earliest": earliest, ":unix": unix };
            log.prepare_cached(COUNTS)?.query_row(parameters, |row| {
                let count = |column: usize| row.get(column).map(i64::unsigned_abs);
                Ok(Counts {
                    unread: count(0)?,
                    next_expiry: row.get(5)?,
                    unacknowledged: count(1)?,
                    pending_acks: count(6)?,
                    last_recorded: row.get(2)?,
                    unannounced: count(3)?,
                    messages: count(4)?,
                })
            })
        })
    }

    /// The emergencies that [`Counts::unacknowledged`] counts, newest first and at most `limit`; of a repeated one, the
    /// last copy. `unix` is the service time.
    pub fn open_emergencies(&self, limit: usize, unix: i64) -> Result<Vec<Entry>, Error> {
        let sql = [row::SELECT, OPEN_EMERGENCIES].concat();
        let parameters = named_params! {
            ":earliest": unix.saturating_sub(LONGEST_EMERGENCY),
            ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
        };
        self.read(|log| row::entries(log, &sql, parameters))
    }

    /// The message with this id; if several devices have it, the one recorded last.
    pub fn find(&self, id: MessageId) -> Result<Option<Entry>, Error> {
        let sql = [row::SELECT, "WHERE id = ? ORDER BY seq DESC LIMIT 1"].concat();
        Ok(self.read(|log| row::entries(log, &sql, [id.number()]))?.pop())
    }

    /// The rows of the messages with these ids, on any device.
    pub fn seqs_of(&self, ids: &[MessageId]) -> Result<Vec<Seq>, Error> {
        self.read(|log| {
            let mut statement = log.prepare_cached("SELECT seq FROM messages WHERE id = ?")?;
            let mut seqs = Vec::new();
            for id in ids {
                for seq in statement.query_map([id.number()], |row| row.get(0))? {
                    seqs.push(Seq(seq?));
                }
            }
            Ok(seqs)
        })
    }

    /// The rows of unread messages: of one application or all, recorded before a unix time or at any time.
    pub fn unread_seqs(&self, app: Option<&str>, before: Option<i64>) -> Result<Vec<Seq>, Error> {
        let sql = "
            SELECT seq, 1
            FROM messages INDEXED BY messages_unread
            WHERE read = 0
                AND seq > :after
                AND (:app IS NULL OR app = :app)
                AND (:before IS NULL OR recorded < :before)
            ORDER BY seq
            LIMIT :limit
        ";
        self.seqs_in_steps(sql, app, before)
    }

    /// The rows of messages that were shown and read, without emergencies that await an acknowledgement. The conditions
    /// are those of [`Self::unread_seqs`].
    pub fn finished_seqs(&self, app: Option<&str>, before: Option<i64>) -> Result<Vec<Seq>, Error> {
        let sql = concat!(
            "
            SELECT
                seq,
                announced <> 0
                    AND read <> 0
                    AND (:app IS NULL OR app = :app)
                    AND (:before IS NULL OR recorded < :before)
                    AND NOT (",
            row::awaits_acknowledgement!(),
            ")
            FROM messages
            WHERE seq > :after
            ORDER BY seq
            LIMIT :limit
        "
        );
        self.seqs_in_steps(sql, app, before)
    }

    /// The rows that a statement finds. It may have to read a great many, so this is done in steps, with other work
    /// between them.
    fn seqs_in_steps(&self, sql: &str, app: Option<&str>, before: Option<i64>) -> Result<Vec<Seq>, Error> {
        let mut seqs = Vec::new();
        let mut after = i64::MIN;
        loop {
            let parameters =
                named_params! { ":app": app, ":before": before, ":after": after, ":limit": ROWS_PER_STEP };
            let rows = self.read(|log| {
                let mut statement = log.prepare_cached(sql)?;
                let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
                rows.collect::<rusqlite::Result<Vec<(i64, bool)>>>()
            })?;
            let Some((last, _)) = rows.last() else { return Ok(seqs) };
            after = *last;
            seqs.extend(rows.iter().filter(|(_, is_found)| *is_found).map(|(seq, _)| Seq(*seq)));
        }
    }

    /// The rows of an emergency and its repeats, without those that the service delivered as acknowledged.
    pub fn copies_of(&self, receipt: &Receipt) -> Result<Vec<Seq>, Error> {
        let sql = concat!("SELECT seq FROM messages WHERE receipt = ? AND ", row::emergency!());
        self.read(|log| {
            let mut statement = log.prepare_cached(sql)?;
            statement.query_map([receipt.as_str()], |row| row.get(0).map(Seq))?.collect()
        })
    }

    /// Which of these messages are emergencies that await an acknowledgement, as in `Entry::awaits_acknowledgement`.
    pub fn unacknowledged(&self, seqs: &[Seq]) -> Result<BTreeSet<Seq>, Error> {
        let sql = concat!("SELECT 1 FROM messages WHERE seq = ? AND ", row::awaits_acknowledgement!());
        self.read(|log| {
            let mut statement = log.prepare_cached(sql)?;
            let mut unacknowledged = BTreeSet::new();
            for seq in seqs {
                if statement.exists([seq.0])? {
                    unacknowledged.insert(*seq);
                }
            }
            Ok(unacknowledged)
        })
    }

    /// The message in this row.
    pub fn entry(&self, seq: Seq) -> Result<Option<Entry>, Error> {
        let sql = [row::SELECT, "WHERE seq = ?"].concat();
        Ok(self.read(|log| row::entries(log, &sql, [seq.0]))?.pop())
    }

    /// These rows, and those of every other copy of the emergencies among them.
    pub fn with_copies(&self, seqs: &[Seq]) -> Result<Vec<Seq>, Error> {
        let sql = "
            SELECT copies.seq
            FROM messages CROSS JOIN messages AS copies INDEXED BY messages_receipts USING (receipt)
            WHERE messages.seq = ? AND messages.priority = 2 AND messages.receipt <> ''
                AND copies.priority = 2 AND copies.receipt <> ''
        ";
        self.read(|log| {
            let mut statement = log.prepare_cached(sql)?;
            let mut all: BTreeSet<Seq> = seqs.iter().copied().collect();
            for seq in seqs {
                for copy in statement.query_map([seq.0], |row| row.get(0))? {
                    all.insert(Seq(copy?));
                }
            }
            Ok(all.into_iter().collect())
        })
    }

    /// The names of the applications that have messages, in alphabetical order.
    pub fn apps(&self) -> Result<Vec<String>, Error> {
        let sql = "SELECT app FROM apps ORDER BY app COLLATE NOCASE, app";
        self.read(|log| {
            let mut statement = log.prepare_cached(sql)?;
            statement.query_map([], |row| row.get(0))?.collect()
        })
    }

    /// Whether all of these are read.
    pub fn are_read(&self, seqs: &[Seq]) -> Result<bool, Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM messages WHERE seq = ? AND read = 0)";
        self.read(|log| {
            let mut is_unread = log.prepare_cached(sql)?;
            for seq in seqs {
                if is_unread.query_row([seq.0], |row| row.get(0))? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// The item as it came, byte for byte.
    pub fn raw(&self, seq: Seq) -> Result<Option<String>, Error> {
        let sql = "SELECT raw FROM messages WHERE seq = ?";
        self.read(|log| log.query_row(sql, params![seq.0], |row| row.get(0)).optional())
    }

    /// Reads the whole file to find damage.
    pub fn check(&self) -> Result<(), Error> {
        let verdicts: Vec<String> = self.read(|log| {
            let mut statement = log.prepare("PRAGMA quick_check")?;
            statement.query_map([], |row| row.get(0))?.collect()
        })?;
        // The index of an older version is removed in steps, so it may be incomplete.
        let is_damaged =
            verdicts.iter().any(|verdict| verdict != "ok" && !verdict.contains("messages_search"));
        if is_damaged { Err(Error::Damaged(self.path.clone())) } else { Ok(()) }
    }
}
