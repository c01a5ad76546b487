//! Tests how long messages are kept, and a message log that another computer uses.

use std::path::PathBuf;

use handover::control::{self, Event, Subscription};
use handover::domain::account::DeviceId;
use handover::domain::message::{Arrival, Message, MessageId, Received, Seq};
use handover::store::Store;
use handover::system::clock;
use rusqlite::{Connection, params};
use rustix::process::Signal;
use tokio::time::timeout;

use crate::process::{Running, TIMEOUT};
use crate::support::harness::Harness;

fn log(harness: &Harness) -> PathBuf {
    harness.user.path("data/handover/messages.db")
}

/// Records messages that were read this long ago.
fn fill_log(harness: &Harness, first: i64, count: i64, age: i64) {
    let store = Store::open(&log(harness)).expect("open the message log");
    let device = DeviceId::new("elsewhere").expect("a device id");
    let unix = clock::unix() - age;
    let received = |number| {
        let message = Message { body: "text".to_owned(), ..Message::unread(MessageId::from_stored(number)) };
        Received { message, raw: "x".repeat(2_000) }
    };
    let messages: Vec<_> = (first..first + count).map(received).collect();
    store.record(&device, Arrival::Waited, &messages, &[], unix).expect("record");
    let seqs: Vec<Seq> = store.unread_seqs(None, None).expect("read");
    store.skip(&seqs, true, unix).expect("mark");
    store.mark_deleted_through(&device, MessageId::from_stored(first + count), unix).expect("mark");
}

async fn until_deleted(events: &mut Subscription, count: usize) {
    let deleted = async {
        let mut deleted = 0;
        while deleted < count {
            let event = events.next().await.expect("read an event").expect("the daemon runs");
            deleted += usize::from(matches!(event, Event::Deleted(_)));
        }
    };
    assert!(timeout(TIMEOUT, deleted).await.is_ok(), "{count} messages are deleted");
}

#[tokio::test]
async fn messages_are_deleted_as_the_setting_says_and_when_it_changes() {
    let harness = Harness::signed_in().await;
    fill_log(&harness, 1_001, 30, 100 * 86_400);
    fill_log(&harness, 2_001, 20, 3_600);
    harness.user.settings("keep = '90 days'");
    let daemon = harness.connected().await;
    let socket = harness.user.path("run/handover/control.sock");
    let mut events = control::subscribe(&socket, Some(0)).await.expect("subscribe");
    until_deleted(&mut events, 30).await;
    assert_eq!(harness.user.messages_of(&["--limit", "99"]).await.len(), 20);

    harness.send("unread");
    harness.server.next_shown().await;
    harness.user.settings("keep = 5");
    until_deleted(&mut events, 16).await;
    let left = harness.user.messages_of(&["--limit", "99"]).await;
    assert_eq!((left.len(), &left[4]["text"]), (5, &"unread".into()));
    daemon.stop(Signal::TERM).await;
}

/// Writes the lease of another computer, renewed this many seconds ago.
fn lease_elsewhere(harness: &Harness, age: i64) {
    let log = Connection::open(log(harness)).expect("open the message log");
    log.execute(
        "INSERT OR REPLACE INTO lease (one, computer, name, renewed) VALUES (1, 'x', 'office', ?)",
        params![clock::unix() - age],
    )
    .expect("write the lease");
}

#[tokio::test]
async fn a_message_log_that_another_computer_uses_is_left_alone() {
    let harness = Harness::signed_in().await;
    lease_elsewhere(&harness, 60);
    let said = harness.user.handover(&["messages", "--mark-read"]).await;
    assert_eq!(said.code, Some(0), "reading is allowed");
    let said = harness.user.handover(&["logout", "--forget-messages"]).await.failed(1);
    let error = "error: the message log cannot be used: the computer office is using it\n\
        hint: quit Handover on that computer, or set XDG_DATA_HOME to a different folder on each; \
        if it crashed or lost the network, this passes within 15 minutes\n";
    assert_eq!(said, error);
    assert_eq!(harness.user.handover(&["run"]).await.failed(1), error);
}

#[tokio::test]
async fn the_daemon_waits_for_another_computer_and_takes_over_a_stale_lease() {
    let harness = Harness::signed_in().await;
    lease_elsewhere(&harness, 60);
    let daemon = Running::start(harness.user.command(&["run", "--at-login"]));
    let shown = harness.server.next_shown().await;
    assert!(shown.body.contains("the computer office is using it"), "{}", shown.body);
    assert_eq!(harness.sandbox.counters().socket_logins, 0);
    lease_elsewhere(&harness, 1_000);
    harness.user.handover(&["sync"]).await;
    harness.until_status("it is connected", |status| status["link"] == "connected").await;
    daemon.stop(Signal::TERM).await;
    let log = Connection::open(log(&harness)).expect("open the message log");
    let leases: i64 = log
        .query_row("SELECT count(*) FROM lease WHERE computer <> 'x'", [], |row| row.get(0))
        .expect("read");
    assert_eq!(leases, 0, "another computer may start at once");
}
