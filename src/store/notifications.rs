//! Which notifications are on the screen, for the process that comes after this one.
//!
//! Invariant: every id here was given by one life of one notification server; with another they all go.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction};

use super::row::CONFIRMED;
use super::{Error, Store};
use crate::domain::message::{Receipt, Seq};
use crate::domain::notification::{LeftoverNotification, NotificationId};

/// Notifications that are kept: servers count up, and what is so far behind the latest is long gone.
const KEPT: u32 = 1_000;

/// A notification at the server that took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnScreen {
    /// The life of the server.
    pub server: String,
    /// Its id there.
    pub notification: NotificationId,
    /// All the messages it stands for.
    pub seqs: Vec<Seq>,
}

impl Store {
    /// The notifications that may still be on the screen of this server, but those whose messages were all seen to, and
    /// acknowledged where they ask for that; ascending by id.
    pub fn leftover_notifications(&self) -> Result<Option<(String, Vec<LeftoverNotification>)>, Error> {
        // No expiry ends an emergency, see `engine::announce`.
        let sql = "
            SELECT notice, seq, iif(priority = 2, 0, expires), iif(priority = 2, receipt, '')
            FROM notices JOIN messages USING (seq)
            WHERE notice IN (
                SELECT notice
                FROM notices JOIN messages USING (seq)
                WHERE read = 0 OR (
                    priority = 2 AND receipt <> '' AND acknowledged = 0
                    AND receipt NOT IN (SELECT receipt FROM acknowledgements WHERE state = ?)
                )
            )
            ORDER BY notice, seq
        ";
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
                // What it names beside other messages, as the one at the end of a pause may, it is not about.
                notification.receipt =
                    notification.receipt.take().filter(|one| receipt.as_ref() == Some(one));
                // It lasts as long as the last of its messages.
                notification.expires = notification.expires.zip(expires).map(|(one, other)| one.max(other));
            }
            Ok(Some((server, left.into_values().collect())))
        })
    }
}

/// Notes what a notification on the screen stands for.
pub(super) fn keep(
    log: &Transaction<'_>,
    OnScreen { server, notification, seqs }: &OnScreen,
) -> rusqlite::Result<()> {
    if self::server(log)?.as_ref() != Some(server) {
        log.execute("DELETE FROM notices", [])?;
        log.execute("INSERT OR REPLACE INTO notice_server (one, name) VALUES (1, ?)", [server])?;
    }
    let oldest = notification.0.saturating_sub(KEPT);
    log.prepare_cached("DELETE FROM notices WHERE notice < ?")?.execute([oldest])?;
    let keep = "
        INSERT INTO notices (seq, notice)
        VALUES (?1, ?2)
        ON CONFLICT (seq) DO UPDATE SET notice = ?2 WHERE notice <> ?2
    ";
    let mut keep = log.prepare_cached(keep)?;
    seqs.iter().try_for_each(|seq| keep.execute([seq.0, notification.0.into()]).map(drop))
}

fn server(log: &Transaction<'_>) -> rusqlite::Result<Option<String>> {
    log.prepare_cached("SELECT name FROM notice_server")?.query_row([], |row| row.get(0)).optional()
}
