//! A damaged message log: the program saves what can be read, says so, and goes on.
//!
//! Invariant: the damaged file is kept, and nothing that the service still has is lost.

use std::fs;
use std::path::PathBuf;

use crate::support::harness::Harness;

const PAGE: usize = 4096;

struct Damaged {
    harness: Harness,
    file: PathBuf,
}

impl Damaged {
    /// A message log with these messages, whose daemon has stopped.
    async fn with_messages(texts: &[&str]) -> Self {
        let harness = Harness::signed_in().await;
        harness.user.settings("backlog = 'all'");
        let daemon = harness.connected().await;
        for text in texts {
            harness.send(text);
            harness.server.next_shown().await;
        }
        harness.until("all are deleted from the service", |_| harness.left_on_server() == 0).await;
        daemon.kill().await;
        let file = harness.user.path("data/handover/messages.db");
        // What is only in the write-ahead log is written into the file when it is closed.
        drop(handover::store::Store::open(&file).expect("open"));
        Self { harness, file }
    }

    /// Overwrites the page that this index begins with.
    fn destroy_index(&self, name: &str) {
        let log = rusqlite::Connection::open(&self.file).expect("open");
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
        let page: i64 = log.query_row(sql, [name], |row| row.get(0)).expect("the index");
        let page = usize::try_from(page).expect("a page");
        drop(log);
        let mut bytes = fs::read(&self.file).expect("read");
        bytes[(page - 1) * PAGE..page * PAGE].fill(0x55);
        fs::write(&self.file, bytes).expect("write");
    }

    /// Waits for the notification about the repair.
    async fn reported(&self) -> String {
        loop {
            let shown = self.harness.server.next_shown().await;
            if shown.title == "The message log was damaged" {
                return shown.body;
            }
        }
    }

    async fn texts(&self) -> Vec<serde_json::Value> {
        self.harness.user.messages().await.iter().map(|message| message["text"].clone()).collect()
    }

    fn kept(&self) -> PathBuf {
        self.file.with_file_name("messages.db.damaged-1")
    }
}

#[tokio::test]
async fn a_message_log_with_a_destroyed_header_is_repaired_at_the_start() {
    let damaged = Damaged::with_messages(&["one", "two"]).await;
    let mut bytes = fs::read(&damaged.file).expect("read");
    bytes[..PAGE].fill(0);
    fs::write(&damaged.file, &bytes).expect("write");
    let daemon = damaged.harness.connected().await;
    let report = damaged.reported().await;
    assert!(report.contains("2 messages were saved from it"), "{report}");
    assert!(report.contains("messages.db.damaged-1"), "{report}");
    assert_eq!(fs::read(damaged.kept()).expect("it is kept"), bytes);
    let status = damaged.harness.user.status().await;
    assert!(status["problems"][0].as_str().expect("a problem").starts_with("the message log was damaged: "));
    damaged.harness.send("three");
    damaged.harness.until("it is deleted", |_| damaged.harness.left_on_server() == 0).await;
    assert_eq!(damaged.texts().await, ["one", "two", "three"]);
    drop(daemon);
}

#[tokio::test]
async fn damage_that_is_found_while_running_restarts_the_daemon_which_repairs_it() {
    let damaged = Damaged::with_messages(&["one", "two"]).await;
    // Nothing reads this index until a message is recorded.
    damaged.destroy_index("sqlite_autoindex_messages_1");
    let daemon = damaged.harness.connected().await;
    damaged.harness.send("three");
    let report = damaged.reported().await;
    assert!(report.contains("2 of 2 messages were saved from it"), "{report}");
    damaged.harness.until("it is deleted", |_| damaged.harness.left_on_server() == 0).await;
    assert_eq!(damaged.texts().await, ["one", "two", "three"]);
    drop(daemon);
}

#[tokio::test]
async fn doctor_names_the_command_that_repairs_and_it_does() {
    let damaged = Damaged::with_messages(&["one", "two"]).await;
    let user = &damaged.harness.user;
    let output = user.handover(&["doctor", "--repair"]).await;
    assert_eq!(output.out, "the message log is not damaged\n", "{output:?}");
    damaged.destroy_index("messages_unread");
    let output = user.handover(&["doctor"]).await;
    assert!(output.out.contains("`handover doctor --repair`"), "{output:?}");
    let output = user.handover(&["doctor", "--repair"]).await;
    assert!(output.out.contains("2 of 2 messages were saved from it"), "{output:?}");
    assert!(damaged.kept().exists());
    let output = user.handover(&["doctor"]).await;
    assert!(output.out.contains("an earlier one was damaged"), "{output:?}");
    let daemon = damaged.harness.connected().await;
    let output = user.handover(&["doctor", "--repair"]).await;
    assert!(output.err.contains("the daemon is running"), "{output:?}");
    drop(daemon);
}
