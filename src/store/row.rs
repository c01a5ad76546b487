//! A message as a row, and back.
//!
//! Invariant: a message is read back as it was recorded, except that an optional value that is an empty text or 0 is
//! read as `None`.

use rusqlite::types::Type;
use rusqlite::{Row, Statement, Transaction, params};

use crate::domain::account::DeviceId;
use crate::domain::message::{
    Acknowledgement, Arrival, Entry, Message, MessageId, Priority, Receipt, Received, Seq,
};

/// `acknowledgements.state`.
pub(super) const REQUESTED: i64 = 1;
/// `acknowledgements.state`.
pub(super) const CONFIRMED: i64 = 2;
/// `acknowledgements.state`.
pub(super) const GIVEN_UP: i64 = 3;

/// The value of a mark. 0 means "not yet", so a clock that was never set must not produce it.
pub(super) fn mark(unix: i64) -> i64 {
    unix.max(1)
}

/// The condition of an emergency that was not delivered as acknowledged. The index `messages_emergencies` holds exactly these.
macro_rules! emergency {
    () => {
        "priority = 2 AND receipt <> '' AND acknowledged = 0"
    };
}
pub(super) use emergency;

/// The condition of an emergency for which no acknowledgement was requested yet, as in `Entry::awaits_acknowledgement`.
macro_rules! awaits_acknowledgement {
    () => {
        "priority = 2 AND receipt <> '' AND acknowledged = 0
            AND receipt NOT IN (SELECT receipt FROM acknowledgements)"
    };
}
pub(super) use awaits_acknowledgement;

/// The parameters are a device, a unix time, whether the message came live, and the message.
pub(super) const INSERT: &str = "
    INSERT INTO messages (
        device, recorded, live, raw,
        id, umid, app, icon, title, body, html, monospace, priority, date,
        url, url_title, sound, receipt, acknowledged, expires, encrypted, problem, queued
    )
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id, device) DO NOTHING
";

/// Records a message; `false`, and no change, if it was recorded before.
pub(super) fn insert(
    statement: &mut Statement<'_>,
    device: &DeviceId,
    arrival: Arrival,
    received: &Received,
    unix: i64,
) -> rusqlite::Result<bool> {
    let message = &received.message;
    let text = |optional: &Option<String>| optional.clone().unwrap_or_default();
    let rows = statement.execute(params![
        device.as_str(),
        unix,
        arrival == Arrival::Live,
        received.raw,
        message.id.number(),
        message.umid.unwrap_or_default(),
        message.app,
        text(&message.icon),
        text(&message.title),
        message.body,
        message.html,
        message.monospace,
        message.priority.number(),
        message.date,
        text(&message.url),
        text(&message.url_title),
        text(&message.sound),
        message.receipt.as_ref().map(Receipt::as_str).unwrap_or_default(),
        message.acknowledged,
        message.expires.unwrap_or_default(),
        message.encrypted,
        text(&message.problem),
        message.queued,
    ])?;
    Ok(rows > 0)
}

macro_rules! columns {
    () => {
        "seq, device, recorded, live, announced, read,
        iif(
            priority = 2 AND receipt <> '',
            (
                SELECT count(*) - 1 + sum(copies.repeats)
                FROM messages AS copies INDEXED BY messages_receipts
                WHERE copies.receipt = messages.receipt AND copies.priority = 2 AND copies.receipt <> ''
            ),
            repeats
        ),
        iif(
            priority = 2 AND receipt <> '',
            (
                SELECT min(copies.seq)
                FROM messages AS copies INDEXED BY messages_receipts
                WHERE copies.receipt = messages.receipt AND copies.priority = 2 AND copies.receipt <> ''
            ),
            seq
        ),
        id, umid, messages.app, icon, messages.title, messages.body, html, monospace, priority, date,
        url, url_title, sound, receipt, acknowledged, messages.expires, encrypted, problem, queued,
        coalesce(acknowledgements.state, 0)"
    };
}

/// The columns of an entry, from `messages LEFT JOIN acknowledgements USING (receipt)`.
pub(super) const COLUMNS: &str = columns!();

/// Selects entries; a condition may follow.
pub(super) const SELECT: &str =
    concat!("SELECT ", columns!(), " FROM messages LEFT JOIN acknowledgements USING (receipt) ");

/// All entries of a query that begins with [`SELECT`].
pub(super) fn entries(
    transaction: &Transaction<'_>,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Entry>> {
    transaction.prepare_cached(sql)?.query_map(parameters, entry)?.collect()
}

/// Calls a function for each entry of a query that begins with [`SELECT`].
pub(super) fn each(
    transaction: &Transaction<'_>,
    sql: &str,
    parameters: impl rusqlite::Params,
    mut each: impl FnMut(Entry) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(sql)?;
    statement.query_map(parameters, entry)?.try_for_each(|entry| each(entry?))
}

/// Reads the columns of [`COLUMNS`].
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let mut columns = Columns { row, next: 0 };
    let seq = Seq(columns.take()?);
    let device = columns.device()?;
    let recorded = columns.take()?;
    let arrival = if columns.take()? { Arrival::Live } else { Arrival::Waited };
    let announced = columns.number()?;
    let read = columns.number()?;
    let repeats = columns.take()?;
    let first = Seq(columns.take()?);
    // These are in the order of the columns, because fields are evaluated in the order they are written.
    let message = Message {
        id: MessageId::from_stored(columns.take()?),
        umid: columns.number()?,
        app: columns.take()?,
        icon: columns.text()?,
        title: columns.text()?,
        body: columns.take()?,
        html: columns.take()?,
        monospace: columns.take()?,
        priority: Priority::from_number(columns.take()?),
        date: columns.take()?,
        url: columns.text()?,
        url_title: columns.text()?,
        sound: columns.text()?,
        receipt: columns.text()?.as_deref().and_then(Receipt::new),
        acknowledged: columns.take()?,
        expires: columns.number()?,
        encrypted: columns.take()?,
        problem: columns.text()?,
        queued: columns.take()?,
    };
    let acknowledgement = match columns.take::<i64>()? {
        REQUESTED => Acknowledgement::Wanted,
        CONFIRMED => Acknowledgement::Confirmed,
        GIVEN_UP => Acknowledgement::GivenUp,
        _ => Acknowledgement::NotWanted,
    };
    Ok(Entry { seq, device, message, recorded, arrival, announced, read, acknowledgement, repeats, first })
}

/// The columns of a row, one after the other.
struct Columns<'row> {
    row: &'row Row<'row>,
    next: usize,
}

impl Columns<'_> {
    fn take<T: rusqlite::types::FromSql>(&mut self) -> rusqlite::Result<T> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }

    fn number(&mut self) -> rusqlite::Result<Option<i64>> {
        Ok(Some(self.take()?).filter(|number| *number != 0))
    }

    fn text(&mut self) -> rusqlite::Result<Option<String>> {
        Ok(Some(self.take()?).filter(|text: &String| !text.is_empty()))
    }

    fn device(&mut self) -> rusqlite::Result<DeviceId> {
        let column = self.next;
        DeviceId::new(&self.take::<String>()?).ok_or_else(|| {
            rusqlite::Error::FromSqlConversionFailure(column, Type::Text, "not a device id".into())
        })
    }
}
