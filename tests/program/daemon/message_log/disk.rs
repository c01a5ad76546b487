//! Tests a message log that cannot be written.
//!
//! Invariant: the status and notifications do not wait for the disk.

use handover::control::{self, Command, Reply};
use handover::system::clock;
use rusqlite::Connection;

use crate::support::harness::Harness;
use crate::support::notification_server::{NotificationServer, Shown};

/// Another program that keeps the message log locked until it is dropped.
fn lock(harness: &Harness) -> Connection {
    let connection = Connection::open(harness.user.path("data/handover/messages.db")).expect("open");
    connection.execute_batch("BEGIN EXCLUSIVE").expect("lock");
    connection
}

#[tokio::test]
async fn the_status_is_available_at_once_while_the_message_log_is_locked() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    let _lock = lock(&harness);
    harness.send("one");
    let socket = harness.user.path("run/handover/control.sock");
    let mut milliseconds = Vec::new();
    loop {
        let began = clock::instant();
        let reply = control::ask(&socket, &Command::Status).await.expect("the daemon answers");
        milliseconds.push(began.elapsed().as_millis());
        let Reply::Status(status) = reply else { panic!("a status was expected, not {reply:?}") };
        let is_reported =
            status.problems.iter().any(|problem| problem.starts_with("messages cannot be saved"));
        // Each attempt to write waits for the lock, so many of these requests fall into one attempt.
        if is_reported && milliseconds.len() > 200 {
            break;
        }
    }
    milliseconds.sort_unstable();
    let nearly_all = milliseconds[milliseconds.len() * 9 / 10];
    assert!(nearly_all < 100, "{milliseconds:?}");
}

#[tokio::test]
async fn messages_are_shown_once_while_the_message_log_is_locked_and_are_saved_afterwards() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    let lock = lock(&harness);
    harness.send("one");
    harness.send_emergency("fire");
    let mut bodies = Vec::new();
    let mut report = None;
    while bodies.len() < 2 || report.is_none() {
        let notification = harness.server.next_shown().await;
        if notification.title == "Messages cannot be saved" {
            report = Some(notification);
        } else {
            bodies.push(notification.body.clone());
        }
    }
    // Whether they come with one download or two decides which is shown first.
    bodies.sort();
    assert!(bodies[0].starts_with("fire\nNot saved: "), "{bodies:?}");
    assert!(bodies[1].starts_with("one\nNot saved: "), "{bodies:?}");
    let report = report.expect("the loop waits for it");
    assert!(report.body.contains("error: the file is locked by another program"), "{}", report.body);

    drop(lock);
    let before = harness.sandbox.counters();
    harness.user.handover(&["sync"]).await.succeeded();
    harness.until("they are deleted from the service", |now| now.deletes > before.deletes).await;
    harness.until_status("it is over", |status| status["problems"] == serde_json::json!([])).await;
    let listed = harness.user.messages().await;
    let texts: Vec<_> = listed.iter().map(|message| message["text"].as_str().unwrap_or_default()).collect();
    assert_eq!(texts, ["one", "fire"]);
    assert!(listed.iter().all(|message| !message["announced"].is_null()), "{listed:?}");
}

#[tokio::test]
async fn a_restarted_notification_server_shows_that_messages_cannot_be_saved() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    let _lock = lock(&harness);
    harness.send("one");
    let is_report = |notification: &Shown| notification.title == "Messages cannot be saved";
    while !is_report(&harness.server.next_shown().await) {}
    // The service and the user's files stay until the end.
    let Harness { user: _user, sandbox: _sandbox, server, bus } = harness;
    drop(server);
    let server = NotificationServer::start(bus.address()).await;
    while !is_report(&server.next_shown().await) {}
}
