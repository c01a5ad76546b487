//! What is put into the log.
//!
//! Invariant: what was recorded never changes; only marks are set, each keeping the time it was set first.

use rusqlite::{Transaction, named_params, params};

use super::row::{self, CONFIRMED, GIVEN_UP, WANTED};
use super::{Error, OnScreen, PendingAck, Store, notifications};
use crate::domain::account::DeviceId;
use crate::domain::message::{Arrival, MessageId, Receipt, Received, Seq};

impl Store {
    /// Records what is new and notes what was delivered again, in one transaction.
    ///
    /// Recording a known message again changes nothing, not even how it came. A repeated one is to be announced and deleted anew.
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
        let is_open = "
            SELECT 1
            FROM messages
            WHERE receipt = ? AND priority = 2 AND receipt <> '' AND acknowledged = 0
        ";
        self.write(|log| {
            let mut insert = log.prepare_cached(row::INSERT)?;
            let mut is_open = log.prepare_cached(is_open)?;
            for received in new {
                let is_new = row::insert(&mut insert, device, arrival, received, unix)?;
                // Acknowledged elsewhere: true of all copies that came before. With none there is nothing to
                // settle, and the first that anybody hears of it is still to be shown.
                let receipt = received.message.receipt.as_ref().filter(|_| received.message.acknowledged);
                if let (true, Some(receipt)) = (is_new, receipt)
                    && is_open.exists([receipt.as_str()])?
                {
                    settle(log, receipt, CONFIRMED, unix)?;
                }
            }
            let mut repeat = log.prepare_cached(repeat)?;
            for id in repeated {
                repeat.execute(params![id.number(), device.as_str()])?;
            }
            Ok(())
        })
    }

    /// Marks messages as shown, and in the same transaction notes where and the request to acknowledge.
    pub fn mark_announced(
        &self,
        seqs: &[Seq],
        on_screen: Option<&OnScreen>,
        acknowledge: Option<&PendingAck>,
        unix: i64,
    ) -> Result<(), Error> {
        self.write(|log| {
            announce(log, seqs, false, unix)?;
            on_screen.map_or(Ok(()), |on_screen| notifications::keep(log, on_screen))?;
            acknowledge.map_or(Ok(()), |pending| want(log, pending, unix))
        })
    }

    /// Marks messages as announced that are not to be shown; with `read`, also as seen to.
    pub fn pass_over(&self, seqs: &[Seq], read: bool, unix: i64) -> Result<(), Error> {
        self.write(|log| announce(log, seqs, read, unix))
    }

    /// Marks messages as seen to by the user.
    pub fn mark_read(&self, seqs: &[Seq], unix: i64) -> Result<(), Error> {
        self.write(|log| {
            let mut statement = log.prepare("UPDATE messages SET read = ? WHERE seq = ? AND read = 0")?;
            seqs.iter().try_for_each(|seq| statement.execute(params![mark(unix), seq.0]).map(drop))
        })
    }

    /// Marks every copy of an emergency as seen to by the user.
    pub fn mark_emergency_read(&self, receipt: &Receipt, unix: i64) -> Result<(), Error> {
        let sql = "UPDATE messages SET read = ? WHERE receipt = ? AND priority = 2 AND read = 0";
        self.write(|log| log.execute(sql, params![mark(unix), receipt.as_str()]).map(drop))
    }

    /// Marks the first flush after registering this device as over.
    pub fn mark_initial_sync_done(&self, device: &DeviceId, unix: i64) -> Result<(), Error> {
        let sql = "
            INSERT INTO devices (device, flushed)
            VALUES (?, ?)
            ON CONFLICT (device) DO NOTHING
        ";
        self.write(|log| log.execute(sql, params![device.as_str(), mark(unix)]).map(drop))
    }

    /// Notes the request to acknowledge an emergency; one that is acknowledged stays so, one that was given up is
    /// wanted anew.
    pub fn request_acknowledgement(&self, pending: &PendingAck, unix: i64) -> Result<(), Error> {
        self.write(|log| want(log, pending, unix))
    }

    /// Marks an emergency as acknowledged, here or elsewhere.
    pub fn mark_acknowledged(&self, receipt: &Receipt, unix: i64) -> Result<(), Error> {
        self.write(|log| settle(log, receipt, CONFIRMED, unix))
    }

    /// Marks the acknowledgement of an emergency as refused or expired, unless it was confirmed.
    pub fn give_up_acknowledgement(&self, receipt: &Receipt, unix: i64) -> Result<(), Error> {
        self.write(|log| settle(log, receipt, GIVEN_UP, unix))
    }

    /// Marks as deleted on the server what is recorded of this device up to and including `id`, as far as the
    /// service gave it its id.
    pub fn mark_deleted_through(&self, device: &DeviceId, id: MessageId, unix: i64) -> Result<(), Error> {
        let sql = "
            UPDATE messages
            SET deleted = ?
            WHERE device = ? AND id > 0 AND id <= ? AND deleted = 0
        ";
        let parameters = params![mark(unix), device.as_str(), id.number()];
        self.write(|log| log.prepare_cached(sql)?.execute(parameters).map(drop))
    }

    /// Takes the lock that writing needs and gives it back, to find out whether anybody keeps it.
    pub fn check_writable(&self) -> Result<(), Error> {
        self.write(|_| Ok(()))
    }

    /// Forgets every message, and leaves nothing of it in the files. Numbers of rows are not used again.
    ///
    /// After an error the messages may be gone already, but not yet what the files hold of them: forgetting
    /// again finishes it.
    pub fn forget_messages(&self) -> Result<(), Error> {
        self.write(|log| {
            log.execute_batch(
                "
                DELETE FROM messages;
                DELETE FROM acknowledgements;
                DELETE FROM devices;
                DELETE FROM notices;
                -- Deleting a row leaves its words in the index until the index is next merged.
                INSERT INTO messages_search (messages_search) VALUES ('delete-all');
                ",
            )
        })?;
        let connection = self.connection();
        let sweep = || {
            connection.execute_batch("VACUUM")?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
        };
        match sweep() {
            Ok(false) => Ok(()),
            Ok(true) => Err(Error::Locked),
            Err(error) => Err(Error::from_sqlite(error, &self.path)),
        }
    }
}

/// The value of a mark. 0 is "not yet", and a clock that was never set must not unset a mark.
pub(super) fn mark(unix: i64) -> i64 {
    unix.max(1)
}

fn announce(log: &Transaction<'_>, seqs: &[Seq], read: bool, unix: i64) -> rusqlite::Result<()> {
    let mut statement = log.prepare_cached(
        "
        UPDATE messages
        SET announced = iif(announced = 0, :unix, announced),
            read = iif(:read AND read = 0, :unix, read)
        WHERE seq = :seq
        ",
    )?;
    seqs.iter().try_for_each(|seq| {
        let parameters = named_params! { ":unix": mark(unix), ":read": read, ":seq": seq.0 };
        statement.execute(parameters).map(drop)
    })
}

fn want(log: &Transaction<'_>, pending: &PendingAck, unix: i64) -> rusqlite::Result<()> {
    let sql = "
        INSERT INTO acknowledgements (receipt, state, expires, changed)
        VALUES (:receipt, :wanted, :expires, :unix)
        ON CONFLICT (receipt) DO UPDATE
        SET state = :wanted, expires = max(expires, :expires), changed = :unix
        WHERE state <> :confirmed
    ";
    let parameters = named_params! {
        ":receipt": pending.receipt.as_str(),
        ":wanted": WANTED,
        ":confirmed": CONFIRMED,
        ":expires": pending.expires,
        ":unix": unix,
    };
    log.execute(sql, parameters).map(drop)
}

fn settle(log: &Transaction<'_>, receipt: &Receipt, state: i64, unix: i64) -> rusqlite::Result<()> {
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
