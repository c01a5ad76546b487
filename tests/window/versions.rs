//! A window and a daemon of different versions.
//!
//! Invariant: the daemon of the other version is a socket that says what such a daemon says; the message log is a real one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use handover::app::instance::Instance;
use handover::domain::account::DeviceId;
use handover::sandbox::Options;
use handover::store::Store;
use handover::system::clock;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use crate::harness::{Desk, rows};
use crate::long_log::fill;

const MESSAGES: i64 = 10;

/// A daemon of another version, until this is dropped.
struct OtherDaemon {
    serving: tokio::task::JoinHandle<()>,
    _lock: Instance,
}

impl OtherDaemon {
    /// Answers each command with lines; after the last line the connection stays open if there are several.
    fn start(desk: &Desk, reply: fn(&Value) -> Vec<Value>) -> Self {
        let folder = desk.user.path("run/handover");
        fs::create_dir_all(&folder).expect("make the folder of the socket");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("make it private");
        let lock = Instance::take(&folder.join("lock")).expect("use the lock").expect("no daemon runs");
        let socket = UnixListener::bind(folder.join("control.sock")).expect("make the socket");
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                tokio::spawn(answer(stream, reply));
            }
        });
        Self { serving, _lock: lock }
    }
}

impl Drop for OtherDaemon {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(mut stream: UnixStream, reply: fn(&Value) -> Vec<Value>) {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let command = serde_json::from_str(&line).unwrap_or_default();
        let replies = reply(&command);
        for line in &replies {
            let line = [line.to_string(), "\n".to_owned()].concat();
            if writer.write_all(line.as_bytes()).await.is_err() {
                return;
            }
        }
        if replies.len() < 2 {
            return;
        }
    }
}

/// The status as version 0.1.0 knew it.
fn status(sentence: &str) -> Value {
    json!({
        "link": "connected", "since": 1_790_000_000, "paused_until": null, "unread": 0, "unacknowledged": 0,
        "last_message": null, "device": "desk", "licence": null, "version": "0.0.9", "pid": 1,
        "sentence": sentence, "problems": [],
    })
}

fn older(command: &Value) -> Vec<Value> {
    if command["command"] == "status" {
        let mut reply = status("Connected as desk");
        reply["reply"] = "status".into();
        return vec![reply];
    }
    let command = command["command"].as_str().unwrap_or_default();
    vec![json!({
        "reply": "failed", "hint": null,
        "message": format!("the request makes no sense: unknown variant `{command}`, expected `status`"),
    })]
}

fn newer(command: &Value) -> Vec<Value> {
    match command["command"].as_str() {
        Some("status") => {
            let mut reply = status("Dreaming as desk");
            reply["reply"] = "status".into();
            reply["link"] = "dreaming".into();
            reply["moon"] = json!({ "phase": "full" });
            vec![reply]
        }
        Some("subscribe") => {
            let mut event = status("Dreaming as desk");
            event["event"] = "status".into();
            event["link"] = "dreaming".into();
            vec![
                json!({ "reply": "subscribed", "sequence": 7, "protocol": 2 }),
                event,
                json!({ "event": "dreamt", "sequence": 8, "of": "sheep" }),
                json!({ "event": "recorded", "sequence": 9, "id": "1", "row": 1, "time": 1, "new": true }),
            ]
        }
        _ => vec![json!({ "reply": "done", "message": "done", "took": 3 })],
    }
}

/// A message log with some messages.
fn messages(desk: &Desk) -> PathBuf {
    let path = desk.user.path("data/handover/messages.db");
    let device = DeviceId::new("desk").expect("a device");
    fill(&Store::open(&path).expect("make a message log"), &device, MESSAGES);
    path
}

/// The version of the log, and how many tables, indexes and triggers it has.
fn schema(log: &Path) -> (i64, i64) {
    let log = Connection::open(log).expect("open the message log");
    let one = |query: &str| log.query_row(query, [], |row| row.get(0)).expect("read the schema");
    (one("PRAGMA user_version"), one("SELECT count(*) FROM sqlite_schema"))
}

fn set_version(log: &Path, version: impl Fn(i64) -> i64) {
    let log = Connection::open(log).expect("open the message log");
    let now: i64 = log.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("its version");
    log.pragma_update(None, "user_version", version(now)).expect("change its version");
}

#[tokio::test]
async fn an_older_daemon_is_named_with_what_to_do_and_messages_can_be_read() {
    let mut desk = Desk::new(Options::new(clock::unix)).await;
    messages(&desk);
    desk.user.sign_in(&desk.sandbox).await;
    let _daemon = OtherDaemon::start(&desk, older);
    desk.open(&[]).await;
    desk.until_shown("The running daemon is an older version").await;
    desk.until_shown("handover quit").await;
    desk.until("the messages are listed", |elements| rows(elements).len() == 10).await;
}

#[tokio::test]
async fn a_message_log_of_an_older_daemon_is_left_alone() {
    let mut desk = Desk::new(Options::new(clock::unix)).await;
    let log = messages(&desk);
    desk.user.sign_in(&desk.sandbox).await;
    set_version(&log, |now| now - 1);
    let shape = schema(&log);
    let before = fs::read(&log).expect("read the message log");
    let _daemon = OtherDaemon::start(&desk, older);
    desk.open(&[]).await;
    desk.until_shown("The messages cannot be read").await;
    desk.until_shown("older version of Handover").await;
    desk.window = None;
    assert_eq!(fs::read(&log).expect("read the message log"), before);
    // A change may still be in the file beside it.
    assert_eq!(schema(&log), shape);
}

#[tokio::test]
async fn a_newer_daemon_is_followed_as_far_as_it_is_understood() {
    let mut desk = Desk::new(Options::new(clock::unix)).await;
    messages(&desk);
    desk.user.sign_in(&desk.sandbox).await;
    let _daemon = OtherDaemon::start(&desk, newer);
    desk.open(&[]).await;
    desk.until_shown("Dreaming as desk").await;
    desk.until("the messages are listed", |elements| rows(elements).len() == 10).await;
    desk.screen.press(&["F5"]);
    desk.until_shown("Done").await;
}

#[tokio::test]
async fn a_message_log_of_a_newer_version_is_named_and_left_alone() {
    let mut desk = Desk::new(Options::new(clock::unix)).await;
    let log = messages(&desk);
    desk.user.sign_in(&desk.sandbox).await;
    set_version(&log, |now| now + 1);
    let shape = schema(&log);
    let before = fs::read(&log).expect("read the message log");
    let _daemon = OtherDaemon::start(&desk, newer);
    desk.open(&[]).await;
    desk.until_shown("The messages cannot be read").await;
    desk.until_shown("newer version of Handover").await;
    desk.window = None;
    assert_eq!(fs::read(&log).expect("read the message log"), before);
    // A change may still be in the file beside it.
    assert_eq!(schema(&log), shape);
}
