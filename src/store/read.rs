//! Reads from the message log.
//!
//! Invariant: nothing here writes.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, Transaction, named_params, params};

use super::row::{self, CONFIRMED, REQUESTED};
use super::{Counts, Error, PendingAck, Query, Since, Store, search};
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
pub(super) const UNANNOUNCED: &str = "WHERE announced = 0 AND held = 0 ORDER BY device, id";

/// Follows [`row::SELECT`]. An id that the message log does not know, or none, counts as 0: every row comes after it. Base64
/// that is long enough may be encrypted although it is not marked so. Unread messages are those of `Entry::is_unread`.
pub(super) const NEWEST: &str = "
    WHERE seq > coalesce((SELECT max(seq) FROM messages WHERE id = :after), 0)
        AND max(date, recorded) >= :earliest
        AND (:words IS NULL OR seq IN (SELECT rowid FROM messages_search WHERE messages_search MATCH :words))
        AND (:unread IS NULL OR (read = 0 AND NOT (messages.expires <> 0 AND messages.expires <= :unread AND priority < 2)))
        AND (
            :maybe_encrypted IS NULL
            OR :maybe_encrypted = (encrypted <> 0 OR (length(body) >= 88 AND body NOT GLOB '*[^A-Za-z0-9+/=]*'))
        )
    ORDER BY seq DESC
    LIMIT :limit
";

/// Unread messages are those of `Entry::is_unread`; left to itself, SQLite would read every unread message to find the few
/// that expire. An emergency's age counts from the earlier of the sender's time and its recording, so one that was recorded
/// late, after a night without power, is over.
pub(super) const COUNTS: &str = concat!(
    "
    SELECT
        (SELECT count(*) FROM messages WHERE read = 0) - (
            SELECT count(*)
            FROM messages INDEXED BY messages_expiring
            WHERE read = 0 AND expires <> 0 AND priority < 2 AND expires <= :unix
        ),
        (
            SELECT count(DISTINCT receipt)
            FROM messages
            WHERE ",
    row::awaits_acknowledgement!(),
    "
                AND recorded >= :earliest AND (date = 0 OR date >= :earliest)
        ),
        (SELECT recorded FROM messages WHERE seq = (SELECT max(seq) FROM messages)),
        (SELECT count(*) FROM messages WHERE announced = 0 AND held = 0),
        (SELECT count(*) FROM messages),
        (
            SELECT min(expires)
            FROM messages INDEXED BY messages_expiring
            WHERE read = 0 AND expires <> 0 AND priority < 2 AND expires > :unix
        )
"
);

/// Follows [`row::SELECT`]. The emergencies are those that [`COUNTS`] counts.
pub(super) const OPEN_EMERGENCIES: &str = concat!(
    "
    WHERE seq IN (
        SELECT max(seq)
        FROM messages
        WHERE ",
    row::awaits_acknowledgement!(),
    "
            AND recorded >= :earliest AND (date = 0 OR date >= :earliest)
        GROUP BY receipt
    )
    ORDER BY seq DESC
    LIMIT :limit
"
);

impl Store {
    /// Which of these messages are in the message log already, and what it knows about each.
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
        self.read(|log| row::entries(log, &[row::SELECT, UNANNOUNCED].concat(), []))
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
            WHERE state = ?
            ORDER BY expires, receipt
        ";
        self.read(|log| {
            let mut statement = log.prepare(sql)?;
            let pending = statement.query_map([REQUESTED], |row| {
                let receipt = Receipt::new(&row.get::<_, String>(0)?);
                let expires = row.get(1)?;
                Ok(receipt.map(|receipt| PendingAck { receipt, expires }))
            })?;
            pending.filter_map(Result::transpose).collect()
        })
    }

    /// Counts at this unix time, which decides what is expired. Emergencies that the service cannot repeat any more are not
    /// counted.
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
                    last_recorded: row.get(2)?,
                    unannounced: count(3)?,
                    messages: count(4)?,
                })
            })
        })
    }

    /// The newest messages that match, in the order they were recorded.
    pub fn messages(&self, query: &Query) -> Result<Vec<Entry>, Error> {
        let mut newest_first = Vec::new();
        self.read(|log| {
            each_newest(log, query, None, |entry| {
                newest_first.push(entry);
                Ok(())
            })
        })?;
        newest_first.reverse();
        Ok(newest_first)
    }

    /// Whether an encrypted message may match a query although the index does not find its words.
    pub fn may_hide_words(&self, query: &Query) -> Result<bool, Error> {
        if query.search.as_deref().and_then(search::all_words).is_none() {
            return Ok(false);
        }
        let any = Query { search: None, limit: 1, ..query.clone() };
        let mut found = false;
        self.read(|log| {
            each_newest(log, &any, Some(true), |_entry| {
                found = true;
                Ok(())
            })
        })?;
        Ok(found)
    }

    /// The newest messages that match, decrypted and in the order they were recorded.
    ///
    /// The index of the message log contains only the ciphertext of encrypted messages, so each such message is decrypted and
    /// searched, one at a time.
    pub fn messages_decrypted(
        &self,
        query: &Query,
        decrypt: impl Fn(Entry) -> Entry,
    ) -> Result<Vec<Entry>, Error> {
        let Some(words) = query.search.as_deref().and_then(search::all_words) else {
            return Ok(self.messages(query)?.into_iter().map(decrypt).collect());
        };
        let all = Query { search: None, limit: usize::MAX, ..query.clone() };
        let mut found: BTreeMap<Seq, Entry> = BTreeMap::new();
        self.read(|log| {
            each_newest(log, query, Some(false), |entry| {
                found.insert(entry.seq, entry);
                Ok(())
            })?;
            let words = search::Words::new(words)?;
            each_newest(log, &all, Some(true), |entry| {
                let oldest = found.first_key_value().map(|(seq, _)| *seq);
                if found.len() >= query.limit && oldest.is_none_or(|oldest| entry.seq < oldest) {
                    return Ok(());
                }
                let entry = decrypt(entry);
                if words.are_in(&entry.message)? {
                    found.insert(entry.seq, entry);
                }
                if found.len() > query.limit {
                    found.pop_first();
                }
                Ok(())
            })
        })?;
        Ok(found.into_values().collect())
    }

    /// The emergencies that [`Counts::unacknowledged`] counts, the newest first and at most this many; of those that
    /// were repeated, the last copy.
    pub fn open_emergencies(&self, limit: usize, unix: i64) -> Result<Vec<Entry>, Error> {
        let sql = [row::SELECT, OPEN_EMERGENCIES].concat();
        let parameters = named_params! {
            ":earliest": unix.saturating_sub(LONGEST_EMERGENCY),
            ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
        };
        self.read(|log| row::entries(log, &sql, parameters))
    }

    /// The message with this id; the one recorded last when several devices have it.
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

    /// The rows of unread messages: of an application, or of all; recorded before a unix time, or at any.
    pub fn unread_seqs(&self, app: Option<&str>, before: Option<i64>) -> Result<Vec<Seq>, Error> {
        self.seqs_where("read = 0", app, before)
    }

    /// The same of messages that were shown and read, without emergencies that await an acknowledgement.
    pub fn finished_seqs(&self, app: Option<&str>, before: Option<i64>) -> Result<Vec<Seq>, Error> {
        let finished = concat!(
            "
            announced <> 0 AND read <> 0 AND NOT (
                ",
            row::awaits_acknowledgement!(),
            "
            )
        "
        );
        self.seqs_where(finished, app, before)
    }

    fn seqs_where(&self, condition: &str, app: Option<&str>, before: Option<i64>) -> Result<Vec<Seq>, Error> {
        let sql = format!(
            "
            SELECT seq
            FROM messages
            WHERE {condition} AND (:app IS NULL OR app = :app) AND (:before IS NULL OR recorded < :before)
            "
        );
        self.read(|log| {
            let parameters = named_params! { ":app": app, ":before": before };
            log.prepare_cached(&sql)?.query_map(parameters, |row| row.get(0).map(Seq))?.collect()
        })
    }

    /// The rows of an emergency and its repeats, as far as the service did not deliver them as acknowledged.
    pub fn copies_of(&self, receipt: &Receipt) -> Result<Vec<Seq>, Error> {
        let sql = concat!("SELECT seq FROM messages WHERE receipt = ? AND ", row::emergency!());
        self.read(|log| {
            let mut statement = log.prepare_cached(sql)?;
            statement.query_map([receipt.as_str()], |row| row.get(0).map(Seq))?.collect()
        })
    }

    /// The rows of the emergencies that still await an acknowledgement, as `Entry::awaits_acknowledgement` says.
    pub fn unacknowledged_emergencies(&self) -> Result<BTreeSet<Seq>, Error> {
        let sql = concat!(
            "
            SELECT seq
            FROM messages
            WHERE ",
            row::awaits_acknowledgement!(),
            "
        "
        );
        self.read(|log| log.prepare_cached(sql)?.query_map([], |row| row.get(0).map(Seq))?.collect())
    }

    /// The message in this row.
    pub fn entry(&self, seq: Seq) -> Result<Option<Entry>, Error> {
        let sql = [row::SELECT, "WHERE seq = ?"].concat();
        Ok(self.read(|log| row::entries(log, &sql, [seq.0]))?.pop())
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

    /// Reads all of the file once, to find damage.
    pub fn check(&self) -> Result<(), Error> {
        let verdict: String =
            self.read(|log| log.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)))?;
        if verdict == "ok" { Ok(()) } else { Err(Error::Damaged(self.path.clone())) }
    }
}

/// Calls a function for each message of a query, the newest first; on request only for those that may be encrypted, or only
/// for the others.
fn each_newest(
    log: &Transaction<'_>,
    query: &Query,
    maybe_encrypted: Option<bool>,
    each: impl FnMut(Entry) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let (after, earliest) = match query.since {
        Some(Since::Id(id)) => (Some(id.number()), i64::MIN),
        Some(Since::Time(unix)) => (None, unix),
        None => (None, i64::MIN),
    };
    let parameters = named_params! {
        ":after": after,
        ":earliest": earliest,
        ":words": query.search.as_deref().and_then(search::all_words),
        ":unread": query.unread,
        ":maybe_encrypted": maybe_encrypted,
        ":limit": i64::try_from(query.limit).unwrap_or(i64::MAX),
    };
    row::each(log, &[row::SELECT, NEWEST].concat(), parameters, each)
}
