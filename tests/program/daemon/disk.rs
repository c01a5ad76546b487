//! The disk does not take what is written to the message log.
//!
//! Invariant: what the user has to know does not wait for the disk.

use std::time::Instant;

use handover::control::{self, Command, Reply};
use rusqlite::Connection;

use crate::support::harness::Harness;

/// Another program that keeps the message log locked until it is dropped.
fn lock(harness: &Harness) -> Connection {
    let connection = Connection::open(harness.user.path("data/handover/messages.db")).expect("open");
    connection.execute_batch("BEGIN EXCLUSIVE").expect("lock");
    connection
}

#[tokio::test]
async fn the_status_is_there_at_once_while_the_message_log_is_locked() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    let _lock = lock(&harness);
    harness.send("one");
    let socket = harness.user.path("run/handover/control.sock");
    let mut milliseconds = Vec::new();
    loop {
        let began = Instant::now();
        let reply = control::ask(&socket, &Command::Status).await.expect("the daemon answers");
        milliseconds.push(began.elapsed().as_millis());
        let Reply::Status(status) = reply else { panic!("a status was expected, not {reply:?}") };
        let is_reported =
            status.problems.iter().any(|problem| problem.starts_with("messages cannot be saved"));
        // Each attempt to write waits for the lock, so that many of these fall into one.
        if is_reported && milliseconds.len() > 200 {
            break;
        }
    }
    milliseconds.sort_unstable();
    let nearly_all = milliseconds[milliseconds.len() * 9 / 10];
    assert!(nearly_all < 100, "{milliseconds:?}");
}
