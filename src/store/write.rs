//! Writes to the message log.
//!
//! Invariant: a recorded message never changes; only marks are set, and each keeps the time it was first set. The user can
//! remove the mark that a message is read.

use rusqlite::{OptionalExtension, Transaction, named_params, params};

use super::events::{Appender, EventKind};
use super::row::{self, CONFIRMED, GIVEN_UP, REQUESTED, mark};
use super::{Error, OnScreen, PendingAck, Store, notifications};
use crate::domain::account::DeviceId;
use crate::domain::message::{Arrival, MessageId, Receipt, Received, Seq};

impl Store {
    /// Records new messages and marks those that were delivered again, in one transaction.
    ///
    /// Recording a known message again changes nothing, not even how it arrived. A repeated one is marked as not
    /// announced and not deleted.
    pub fn record(
        &self,
        device: &DeviceId,
        arrival: Arrival,
        new: &[Received],
        repeated: &[MessageId],
        unix: i64,
    ) -> Result<(), Error> {
        let repeat = "
            UPDATE messages
            SET announced = 0, held = 0, deleted = 0, repeats = repeats + 1
            WHERE id = ? AND device = ?
        ";
        let is_open = concat!(
            "
            SELECT 1
            FROM messages
            WHERE receipt = ? AND ",
            row::emergency!(),
            "
        "
        );
        // The user has read it with the copies before it. An emergency that was acknowledged automatically may still be unread.
        let read_before = "
            UPDATE messages
            SET read = :unix
            WHERE id = :id AND device = :device AND priority = 2 AND receipt <> '' AND read = 0
                AND EXISTS (
                    SELECT 1
                    FROM acknowledgements
                    WHERE receipt = messages.receipt AND state IN (:requested, :confirmed)
                )
                AND EXISTS (
                    SELECT 1
                    FROM messages AS earlier
                    WHERE earlier.receipt = messages.receipt AND earlier.priority = 2 AND earlier.receipt <> ''
                        AND earlier.seq < messages.seq AND earlier.read <> 0
                )
        ";
        self.write_events(unix, |log, events| {
            let mut insert = log.prepare_cached(row::INSERT)?;
            let mut read_before = log.prepare_cached(read_before)?;
            let mut is_open = log.prepare_cached(is_open)?;
            for received in new {
                if !row::insert(&mut insert, device, arrival, received, unix)? {
                    continue;
                }
                let parameters = named_params! {
                    ":id": received.message.id.number(),
                    ":device": device.as_str(),
                };
                events.append(EventKind::Recorded, "id = :id AND device = :device", parameters)?;
                if received.message.emergency_receipt().is_some() {
                    read_before.execute(named_params! {
                        ":id": received.message.id.number(),
                        ":device": device.as_str(),
                        ":unix": mark(unix),
                        ":requested": REQUESTED,
                        ":confirmed": CONFIRMED,
                    })?;
                }
                // It was acknowledged elsewhere, together with all earlier copies. If there are none, nothing is
                // marked, so that the first copy that arrives is still shown.
                let receipt = received.message.receipt.as_ref().filter(|_| received.message.acknowledged);
                if let Some(receipt) = receipt
                    && is_open.exists([receipt.as_str()])?
                {
                    confirm(log, events, receipt, unix)?;
                }
            }
            let mut repeat = log.prepare_cached(repeat)?;
            for id in repeated {
                repeat.execute(params![id.number(), device.as_str()])?;
            }
            Ok(())
        })
    }

    /// Marks messages as shown, and in the same transaction records the notification and the request to acknowledge.
    pub fn mark_announced(
        &self,
        seqs: &[Seq],
        on_screen: Option<&OnScreen>,
        acknowledge: Option<&PendingAck>,
        read: &[Seq],
        unix: i64,
    ) -> Result<(), Error> {
        self.write_events(unix, |log, events| {
            for seq in seqs {
                events.append(EventKind::Shown, "seq = :seq AND announced = 0", &[(":seq", &seq.0)])?;
            }
            announce(log, seqs, unix)?;
            on_screen.map_or(Ok(()), |on_screen| notifications::save(log, on_screen))?;
            acknowledge.map_or(Ok(()), |pending| request(log, pending, unix))?;
            mark_read(log, events, read, unix)
        })
    }

    /// Marks messages as announced without showing them; with `read`, also as read.
    pub fn skip(&self, seqs: &[Seq], read: bool, unix: i64) -> Result<(), Error> {
        self.write_events(unix, |log, events| {
            announce(log, seqs, unix)?;
            if read { mark_read(log, events, seqs, unix) } else { Ok(()) }
        })
    }

    /// Marks messages as read, including all copies of an emergency.
    pub fn mark_read(&self, seqs: &[Seq], unix: i64) -> Result<(), Error> {
        self.write_events(unix, |log, events| mark_read(log, events, seqs, unix))
    }

    /// Marks messages as not read, as if they had just been shown.
    pub fn mark_unread(&self, seqs: &[Seq], unix: i64) -> Result<(), Error> {
        self.write_events(unix, |log, events| {
            for seq in seqs {
                events.append(EventKind::Unread, "seq = :seq AND read <> 0", &[(":seq", &seq.0)])?;
                log.prepare_cached("UPDATE messages SET read = 0 WHERE seq = ?")?.execute([seq.0])?;
            }
            Ok(())
        })
    }

    /// Marks every copy of an emergency as read.
    pub fn mark_emergency_read(&self, receipt: &Receipt, unix: i64) -> Result<(), Error> {
        self.write_events(unix, |log, events| mark_copies_read(log, events, receipt.as_str(), unix))
    }

    /// Marks the initial sync after registering this device as done.
    pub fn mark_initial_sync_done(&self, device: &DeviceId, unix: i64) -> Result<(), Error> {
        let sql = "
            INSERT INTO devices (device, flushed)
            VALUES (?, ?)
            ON CONFLICT (device) DO NOTHING
        ";
        self.write(|log| log.execute(sql, params![device.as_str(), mark(unix)]).map(drop))
    }

    /// Records the request to acknowledge an emergency. An acknowledged emergency stays acknowledged; a request that
    /// was given up is made again.
    pub fn request_acknowledgement(&self, pending: &PendingAck, unix: i64) -> Result<(), Error> {
        self.write(|log| request(log, pending, unix))
    }

    /// Marks an emergency as acknowledged, here or elsewhere.
    pub fn mark_acknowledged(&self, receipt: &Receipt, unix: i64) -> Result<(), Error> {
        self.write_events(unix, |log, events| confirm(log, events, receipt, unix))
    }

    /// Marks the acknowledgement of an emergency as refused or expired, unless it was confirmed.
    pub fn give_up_acknowledgement(&self, receipt: &Receipt, unix: i64) -> Result<(), Error> {
        self.write(|log| set_state(log, receipt, GIVEN_UP, unix))
    }

    /// Marks the recorded messages of this device up to and including `id` as deleted from the service, if their ids are from
    /// the service.
    pub fn mark_deleted_through(&self, device: &DeviceId, id: MessageId, unix: i64) -> Result<(), Error> {
        let sql = "
            UPDATE messages
            SET deleted = ?
            WHERE device = ? AND id > 0 AND id <= ? AND deleted = 0
        ";
        let parameters = params![mark(unix), device.as_str(), id.number()];
        self.write(|log| log.prepare_cached(sql)?.execute(parameters).map(drop))
    }
}

fn announce(log: &Transaction<'_>, seqs: &[Seq], unix: i64) -> rusqlite::Result<()> {
    let mut statement =
        log.prepare_cached("UPDATE messages SET announced = ? WHERE seq = ? AND announced = 0")?;
    seqs.iter().try_for_each(|seq| statement.execute(params![mark(unix), seq.0]).map(drop))
}

fn mark_read(
    log: &Transaction<'_>,
    events: &mut Appender<'_>,
    seqs: &[Seq],
    unix: i64,
) -> rusqlite::Result<()> {
    let mut statement = log.prepare_cached("UPDATE messages SET read = ? WHERE seq = ? AND read = 0")?;
    let mut receipt =
        log.prepare_cached("SELECT receipt FROM messages WHERE seq = ? AND priority = 2 AND receipt <> ''")?;
    seqs.iter().try_for_each(|seq| {
        events.append(EventKind::Read, "seq = :seq AND read = 0", &[(":seq", &seq.0)])?;
        statement.execute(params![mark(unix), seq.0])?;
        let receipt: Option<String> = receipt.query_row([seq.0], |row| row.get(0)).optional()?;
        receipt.map_or(Ok(()), |receipt| mark_copies_read(log, events, &receipt, unix))
    })
}

/// Marks every copy of an emergency as read.
fn mark_copies_read(
    log: &Transaction<'_>,
    events: &mut Appender<'_>,
    receipt: &str,
    unix: i64,
) -> rusqlite::Result<()> {
    let unread = "receipt = :receipt AND receipt <> '' AND priority = 2 AND read = 0";
    events.append(EventKind::Read, unread, &[(":receipt", &receipt)])?;
    let sql = format!("UPDATE messages SET read = :unix WHERE {unread}");
    log.prepare_cached(&sql)?.execute(named_params! { ":unix": mark(unix), ":receipt": receipt }).map(drop)
}

/// Marks an emergency as acknowledged, with an event for each of its copies.
fn confirm(
    log: &Transaction<'_>,
    events: &mut Appender<'_>,
    receipt: &Receipt,
    unix: i64,
) -> rusqlite::Result<()> {
    let unconfirmed = concat!(
        "
        receipt = :receipt AND ",
        row::emergency!(),
        "
            AND NOT EXISTS (SELECT 1 FROM acknowledgements WHERE receipt = :receipt AND state = :confirmed)
    "
    );
    let parameters = named_params! { ":receipt": receipt.as_str(), ":confirmed": CONFIRMED };
    events.append(EventKind::Acknowledged, unconfirmed, parameters)?;
    set_state(log, receipt, CONFIRMED, unix)
}

fn request(log: &Transaction<'_>, pending: &PendingAck, unix: i64) -> rusqlite::Result<()> {
    let sql = "
        INSERT INTO acknowledgements (receipt, state, expires, changed)
        VALUES (:receipt, :requested, :expires, :unix)
        ON CONFLICT (receipt) DO UPDATE
        SET state = :requested, expires = max(expires, :expires), changed = :unix
        WHERE state <> :confirmed
    ";
    let parameters = named_params! {
        ":receipt": pending.receipt.as_str(),
        ":requested": REQUESTED,
        ":confirmed": CONFIRMED,
        ":expires": pending.expires,
        ":unix": unix,
    };
    log.execute(sql, parameters).map(drop)
}

/// Sets the state of an acknowledgement, unless it is confirmed.
fn set_state(log: &Transaction<'_>, receipt: &Receipt, state: i64, unix: i64) -> rusqlite::Result<()> {
    let sql = "
        INSERT INTO acknowledgements (receipt, state, changed)
        VALUES (:receipt, :state, :unix)
        ON CONFLICT (receipt) DO UPDATE
        SET state = :state, changed = :unix
        WHERE state <> :confirmed AND state <> :state
    ";
    let parameters = named_params! {
        ":receipt": receipt.as_str(),
        ":state": state,
        ":confirmed": CONFIRMED,
        ":unix": unix,
    };
    log.execute(sql, parameters).map(drop)
}
