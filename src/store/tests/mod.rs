//! The message log on real files.
//!
//! Invariant: a test asserts only on a store that was opened again, so that it sees what is on disk.

mod damage;
mod events;
mod faults;
mod file;
mod marks;
mod notifications;
mod pause;
mod query;
mod rebuild;
mod record;
mod speed;

use std::path::PathBuf;

use tempfile::TempDir;

use super::{PendingAck, Query, Store};
use crate::domain::account::DeviceId;
use crate::domain::message::{Arrival, Entry, Message, MessageId, Priority, Receipt, Received, Seq};

/// Tasks share the store.
const _: fn() = || {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Store>();
};

/// A folder of its own, with a message log in it.
struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("handover").join("messages.db")
    }

    /// Opens the message log as after a restart, so that a test reads what is in the file.
    fn open(&self) -> Store {
        Store::open(&self.path()).unwrap()
    }
}

fn desk() -> DeviceId {
    DeviceId::new("desk").unwrap()
}

fn laptop() -> DeviceId {
    DeviceId::new("laptop").unwrap()
}

fn id(number: i64) -> MessageId {
    MessageId::from_stored(number)
}

fn receipt(text: &str) -> Receipt {
    Receipt::new(text).unwrap()
}

fn pending_ack(text: &str, expires: i64) -> PendingAck {
    PendingAck { receipt: receipt(text), expires }
}

/// A message with only a text.
fn plain(number: i64) -> Received {
    let message = Message { body: format!("text of {number}"), ..Message::unread(id(number)) };
    Received { message, raw: format!("{{\"id\":{number}}}") }
}

fn emergency(number: i64, of: &str) -> Received {
    let mut received = plain(number);
    received.message.priority = Priority::Emergency;
    received.message.receipt = Some(receipt(of));
    received
}

/// A message with every field.
fn full(number: i64) -> Received {
    let message = Message {
        id: id(number),
        umid: Some(502_550_228_871_720_147),
        app: "Backup".into(),
        icon: Some("mnsw2ykc6qa5sbn".into()),
        title: Some("Nächtliche Sicherung".into()),
        body: "<b>done</b> at 03:00\n\0\u{1f389}".into(),
        html: true,
        monospace: true,
        priority: Priority::Emergency,
        date: 1_631_773_887,
        queued: 1_631_773_893,
        url: Some("https://example.org/?a=1&b='\"".into()),
        url_title: Some("Open".into()),
        sound: Some("po".into()),
        receipt: Some(receipt("rLqVuqTRh62UzxtmqiaLzQmVcPgiCy")),
        acknowledged: false,
        expires: Some(1_631_777_487),
        encrypted: true,
        problem: Some("its id is no number".into()),
    };
    Received { message, raw: "{ \"id\" : 1,\r\n \"x\":\"\\u0000\" }".into() }
}

fn everything() -> Query {
    Query { limit: usize::MAX, ..Query::default() }
}

fn all(store: &Store) -> Vec<Entry> {
    store.messages(&everything()).unwrap()
}

fn ids(entries: &[Entry]) -> Vec<i64> {
    entries.iter().map(|entry| entry.message.id.number()).collect()
}

fn entry_of(store: &Store, number: i64) -> Entry {
    store.find(id(number)).unwrap().unwrap()
}
