//! Which notifications are on the screen, for the next process.
//!
//! Invariant: all ids were assigned by the same run of the same notification server; when another one is in use, they
//! are deleted.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction};

use super::row::{self, CONFIRMED};
use super::{Error, Store};
use crate::domain::message::{Receipt, Seq};
use crate::domain::notification::{LeftoverNotification, NotificationId};

/// How many notifications are remembered. Notification servers count up, so one this far behind the latest is no longer
/// on the screen.
const REMEMBERED: u32 = 1_000;

/// A notification on the screen of the notification server that accepted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnScreen {
    /// The run of the notification server.
    pub server: String,
    /// Its id there.
    pub notification: NotificationId,
    /// All of its messages.
    pub seqs: Vec<Seq>,
}

impl Store {
    /// The notifications that may still be on the screen of this notification server, in ascending order of id, without those
    /// whose messages were all read and, where necessary, acknowledged.
    pub fn leftover_notifications(&self) -> Result<Option<(String, Vec<LeftoverNotification>)>, Error> {
        // An emergency does not expire, see `engine::announce`.
        let sql = concat!(
            "
            SELECT notice, seq, iif(priority = 2, 0, expires), iif(priority = 2, receipt, '')
            FROM notices JOIN messages USING (seq)
            WHERE notice IN (
                SELECT notice
                FROM notices JOIN messages USING (seq)
                WHERE read = 0 OR (
                    ",
            row::emergency!(),
            "
                    AND receipt NOT IN (SELECT receipt FROM acknowledgements WHERE state = ?)
                )
            )
            ORDER BY notice, seq
        "
        );
        self.read(|log| {
            let Some(server) = server(log)? else { return Ok(None) };
            let mut statement = log.prepare(sql)?;
            let mut rows = statement.query([CONFIRMED])?;
            let mut left = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let id = NotificationId(row.get(0)?);
                let expires = Some(row.get(2)?).filter(|expires| *expires != 0_i64);
                let receipt = Receipt::new(&row.get::<_, String>(3)?);
                let notification = left.entry(id).or_insert_with(|| LeftoverNotification {
                    id,
                    seqs: Vec::new(),
                    receipt: receipt.clone(),
                    expires,
                });
                notification.seqs.push(Seq(row.get(1)?));
                // A summary that lists an emergency among other messages is not the emergency's notification.
                notification.receipt =
                    notification.receipt.take().filter(|one| receipt.as_ref() == Some(one));
                // It expires with the last of its messages.
                notification.expires = notification.expires.zip(expires).map(|(one, other)| one.max(other));
            }
            Ok(Some((server, left.into_values().collect())))
        })
    }

    /// Gives a notification another id.
    pub fn move_notification(&self, before: NotificationId, now: NotificationId) -> Result<(), Error> {
        self.write(|log| {
            let update = "UPDATE notices SET notice = ?2 WHERE notice = ?1";
            log.prepare_cached(update)?.execute([before.0, now.0]).map(drop)
        })
    }
}

/// Records which messages a notification on the screen is about.
pub(super) fn save(
    log: &Transaction<'_>,
    OnScreen { server, notification, seqs }: &OnScreen,
) -> rusqlite::Result<()> {
    if self::server(log)?.as_ref() != Some(server) {
        log.execute("DELETE FROM notices", [])?;
        log.execute("INSERT OR REPLACE INTO notice_server (one, name) VALUES (1, ?)", [server])?;
    }
    let oldest = notification.0.saturating_sub(REMEMBERED);
    log.prepare_cached("DELETE FROM notices WHERE notice < ?")?.execute([oldest])?;
    let save = "
        INSERT INTO notices (seq, notice)
        VALUES (?1, ?2)
        ON CONFLICT (seq) DO UPDATE SET notice = ?2 WHERE notice <> ?2
    ";
    let mut save = log.prepare_cached(save)?;
    seqs.iter().try_for_each(|seq| save.execute([seq.0, notification.0.into()]).map(drop))
}

fn server(log: &Transaction<'_>) -> rusqlite::Result<Option<String>> {
    log.prepare_cached("SELECT name FROM notice_server")?.query_row([], |row| row.get(0)).optional()
}
