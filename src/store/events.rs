//! The events of the message log: what happened to which message, in an order that readers can resume from.
//!
//! Invariant: an event is in the same transaction as the change it describes, and its number is larger than that of every
//! event before it, across restarts.

use rusqlite::{OptionalExtension, ToSql, Transaction, named_params, params};
use tokio::sync::watch;

use super::row::mark;
use super::{Error, Store};
use crate::domain::message::{MessageId, Seq};

/// How many events are kept. A reader that lags further behind is told that it missed some.
const KEPT: i64 = 10_000;

/// How many more there may be before the oldest are forgotten, all at once.
const EXCESS: i64 = 256;

/// Something that happened to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number, larger than that of every earlier event.
    pub number: i64,
    /// What happened.
    pub kind: EventKind,
    /// The row of the message.
    pub seq: Seq,
    /// The message's id.
    pub id: MessageId,
    /// When, unix seconds.
    pub unix: i64,
}

/// What happened to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It was recorded.
    Recorded = 1,
    /// It was shown in a notification.
    Shown = 2,
    /// The user read it.
    Read = 3,
    /// It is an emergency and was acknowledged.
    Acknowledged = 4,
    /// It expired unread.
    Expired = 5,
    /// It was deleted from the message log.
    Deleted = 6,
    /// Every message was deleted from the message log; the event names none.
    AllDeleted = 7,
    /// The user marked it as not read.
    Unread = 8,
}

impl EventKind {
    fn from_stored(number: i64) -> Option<Self> {
        let all = [
            Self::Recorded,
            Self::Shown,
            Self::Read,
            Self::Acknowledged,
            Self::Expired,
            Self::Deleted,
            Self::AllDeleted,
            Self::Unread,
        ];
        all.into_iter().find(|kind| *kind as i64 == number)
    }
}

/// Some events after a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// The events up to this number are missing, since they are no longer kept or the message log is another one.
    pub missed: Option<i64>,
    /// The following events, in order.
    pub events: Vec<Event>,
}

impl Store {
    /// The number of the latest event, updated with every event that is written through this value.
    pub fn latest_event(&self) -> watch::Receiver<i64> {
        self.latest_event.subscribe()
    }

    /// The events after a number, at most `limit` of them.
    pub fn events_after(&self, number: i64, limit: usize) -> Result<Events, Error> {
        let sql = "
            SELECT number, kind, seq, id, time
            FROM events
            WHERE number > ?
            ORDER BY number
            LIMIT ?
        ";
        self.read(|log| {
            let latest = latest(log)?;
            let oldest: Option<i64> =
                log.query_row("SELECT min(number) FROM events", [], |row| row.get(0))?;
            let before = oldest.unwrap_or(latest + 1) - 1;
            // A number larger than the latest comes from another message log, which has been moved away.
            let missed =
                if number > latest { Some(latest) } else { Some(before).filter(|before| *before > number) };
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement = log.prepare_cached(sql)?;
            let rows = statement.query_map(params![missed.unwrap_or(number), limit], |row| {
                Ok(EventKind::from_stored(row.get(1)?)
                    .map(|kind| (row.get(0), kind, row.get(2), row.get(3), row.get(4))))
            })?;
            let mut events = Vec::new();
            for row in rows {
                // A kind that only a newer program knows is skipped.
                let Some((number, kind, seq, id, unix)) = row? else { continue };
                let id = MessageId::from_stored(id?);
                events.push(Event { number: number?, kind, seq: Seq(seq?), id, unix: unix? });
            }
            Ok(Events { missed, events })
        })
    }

    /// Writes an event for every unread message that expired since this was last called.
    pub fn record_expired(&self, unix: i64) -> Result<(), Error> {
        let through: Option<i64> = self.read(|log| {
            log.prepare_cached("SELECT through FROM expiry_events")?
                .query_row([], |row| row.get(0))
                .optional()
        })?;
        let expired = "
            read = 0 AND expires <> 0 AND priority < 2 AND expires <= :unix
                AND expires > (SELECT through FROM expiry_events)
        ";
        let any = format!("SELECT EXISTS (SELECT 1 FROM messages WHERE {expired})");
        // Messages that expired before there were events get none.
        if through.is_some()
            && !self.read(|log| {
                log.prepare_cached(&any)?.query_row(named_params! { ":unix": unix }, |row| row.get(0))
            })?
        {
            return Ok(());
        }
        self.write_events(unix, |log, events| {
            events.append(EventKind::Expired, expired, &[(":unix", &unix)])?;
            log.execute("INSERT OR REPLACE INTO expiry_events (one, through) VALUES (1, ?)", [unix]).map(drop)
        })
    }
}

/// The number of the latest event, kept or not; 0 when there was none.
pub(super) fn latest(log: &rusqlite::Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)";
    log.prepare_cached(sql)?.query_row([], |row| row.get(0))
}

/// Appends the events of one transaction.
pub(super) struct Appender<'log> {
    log: &'log Transaction<'log>,
    unix: i64,
    /// The number of the latest event that was appended.
    latest: Option<i64>,
    appended: i64,
}

impl<'log> Appender<'log> {
    pub(super) fn new(log: &'log Transaction<'log>, unix: i64) -> Self {
        Self { log, unix: mark(unix), latest: None, appended: 0 }
    }

    /// Appends an event for every message that meets a condition. Call it before the change that the event describes.
    pub(super) fn append(
        &mut self,
        kind: EventKind,
        condition: &str,
        parameters: &[(&str, &dyn ToSql)],
    ) -> rusqlite::Result<()> {
        let kind = kind as i64;
        let sql = format!(
            "INSERT INTO events (kind, seq, id, time) SELECT {kind}, seq, id, :time FROM messages WHERE {condition}"
        );
        let mut parameters = parameters.to_vec();
        parameters.push((":time", &self.unix));
        let appended = self.log.prepare_cached(&sql)?.execute(&*parameters)?;
        self.count(appended);
        Ok(())
    }

    /// Appends the event that every message was deleted, which replaces all events before it.
    pub(super) fn all_deleted(&mut self) -> rusqlite::Result<()> {
        self.log.execute("DELETE FROM events", [])?;
        let parameters = [EventKind::AllDeleted as i64, self.unix];
        self.log.execute("INSERT INTO events (kind, time) VALUES (?, ?)", parameters)?;
        self.count(1);
        Ok(())
    }

    fn count(&mut self, appended: usize) {
        if appended > 0 {
            self.appended += i64::try_from(appended).unwrap_or(i64::MAX);
            self.latest = Some(self.log.last_insert_rowid());
        }
    }

    /// Forgets the oldest events when there are too many; returns the number of the latest event, if any was appended.
    pub(super) fn finish(self) -> rusqlite::Result<Option<i64>> {
        if let Some(latest) = self.latest
            && latest / EXCESS != (latest - self.appended) / EXCESS
        {
            self.log.prepare_cached("DELETE FROM events WHERE number <= ?")?.execute([latest - KEPT])?;
        }
        Ok(self.latest)
    }
}
