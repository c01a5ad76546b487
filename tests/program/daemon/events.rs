//! Tests the events for subscribers, and commands that change the message log.

use std::path::PathBuf;
use std::time::Duration;

use handover::control::{self, Command, Event, Filter, Reply, Selection, Subscription};
use handover::domain::account::DeviceId;
use handover::domain::message::{Arrival, Message, MessageId, Received};
use handover::store::Store;
use handover::system::clock;
use rusqlite::Connection;
use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::process::TIMEOUT;
use crate::support::harness::Harness;

fn socket(harness: &Harness) -> PathBuf {
    harness.user.path("run/handover/control.sock")
}

fn log(harness: &Harness) -> PathBuf {
    harness.user.path("data/handover/messages.db")
}

async fn ask(harness: &Harness, command: &Command) -> Reply {
    control::ask(&socket(harness), command).await.expect("the daemon does it")
}

async fn subscribe(harness: &Harness, since: Option<i64>) -> Subscription {
    control::subscribe(&socket(harness), since).await.expect("subscribe")
}

async fn next(subscription: &mut Subscription) -> Event {
    let event = timeout(TIMEOUT, subscription.next()).await.expect("an event in time");
    event.expect("read an event").expect("the daemon runs")
}

/// The next event that is not about the status: its name, its number, and the id of its message.
async fn next_change(subscription: &mut Subscription) -> (String, i64, String) {
    loop {
        let event = next(subscription).await;
        if let Some(sequence) = event.sequence() {
            let json = serde_json::to_value(&event).expect("an event is JSON");
            let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
            return (text("event"), sequence, text("id"));
        }
    }
}

/// The names of the next events, whose numbers follow `sequence` without a gap.
async fn names(subscription: &mut Subscription, mut sequence: i64, count: usize) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..count {
        let (name, number, _) = next_change(subscription).await;
        assert_eq!(number, sequence + 1, "{name}");
        sequence = number;
        names.push(name);
    }
    names
}

/// A message log with this many unread messages that were deleted from the service.
fn fill_log(harness: &Harness, count: i64) {
    let store = Store::open(&log(harness)).expect("open the message log");
    let device = DeviceId::new("elsewhere").expect("a device id");
    let received = |number| {
        let id = MessageId::from_stored(number);
        Received { message: Message { body: "text".to_owned(), ..Message::unread(id) }, raw: String::new() }
    };
    let messages: Vec<_> = (1..=count).map(received).collect();
    store.record(&device, Arrival::Waited, &messages, &[], clock::unix()).expect("record");
    store.mark_initial_sync_done(&device, clock::unix()).expect("mark");
    let seqs = store.unread_seqs(None, None).expect("read");
    store.skip(&seqs, false, clock::unix()).expect("mark");
    store.mark_deleted_through(&device, MessageId::from_stored(count), clock::unix()).expect("mark");
}

#[tokio::test]
async fn a_reader_gets_every_event_of_a_message() {
    let harness = Harness::signed_in().await;
    harness.user.settings("emergency = 'manual'");
    let _daemon = harness.connected().await;
    let mut events = subscribe(&harness, None).await;
    assert!(matches!(next(&mut events).await, Event::Status(status) if status.link == "connected"));
    let start = events.sequence;

    harness.send("hello");
    assert_eq!(names(&mut events, start, 2).await, ["recorded", "shown"]);
    let listed = harness.user.handover(&["messages", "--mark-read"]).await.succeeded();
    assert!(listed.contains("hello"), "{listed}");
    assert_eq!(names(&mut events, start + 2, 1).await, ["read"]);

    harness.send_emergency("fire");
    let (name, number, id) = next_change(&mut events).await;
    assert_eq!((name.as_str(), number), ("recorded", start + 4));
    assert_eq!(next_change(&mut events).await, ("shown".to_owned(), start + 5, id.clone()));
    harness.user.handover(&["acknowledge", &id]).await.succeeded();
    assert_eq!(next_change(&mut events).await, ("read".to_owned(), start + 6, id.clone()));
    assert_eq!(next_change(&mut events).await, ("acknowledged".to_owned(), start + 7, id.clone()));

    harness.user.handover(&["sync"]).await.succeeded();
    ask(&harness, &Command::DeleteMessages(Selection { ids: vec![id.clone()], ..Selection::default() }))
        .await;
    assert_eq!(next_change(&mut events).await, ("deleted".to_owned(), start + 8, id));
    assert_eq!(harness.user.messages().await.len(), 1);

    harness.send_with("soon over", &[("ttl", "1")]);
    assert_eq!(names(&mut events, start + 8, 3).await, ["recorded", "shown", "expired"]);

    let mut paused = false;
    harness.user.handover(&["pause"]).await.succeeded();
    while !paused {
        paused = matches!(next(&mut events).await, Event::Status(status) if status.paused_until.is_some());
    }
}

#[tokio::test]
async fn a_reader_gets_events_that_could_not_be_read_for_a_while() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    harness.send("hello");
    harness.server.next_shown().await;
    harness.user.handover(&["sync"]).await.succeeded();
    let other = Connection::open(log(&harness)).expect("open the message log");
    other.execute_batch("ALTER TABLE events RENAME TO elsewhere").expect("hide the events");
    let mut events = subscribe(&harness, Some(0)).await;
    daemon.until_logged("the events cannot be read").await;
    other.execute_batch("ALTER TABLE elsewhere RENAME TO events").expect("bring them back");
    assert_eq!(names(&mut events, 0, 2).await, ["recorded", "shown"]);
}

#[tokio::test]
async fn a_reader_that_comes_back_after_a_crash_misses_nothing_and_gets_nothing_twice() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    let mut events = subscribe(&harness, None).await;
    let start = events.sequence;
    harness.send("one");
    assert_eq!(names(&mut events, start, 2).await, ["recorded", "shown"]);
    harness.send("two");
    harness.server.next_shown().await;
    harness.server.next_shown().await;
    daemon.kill().await;
    while timeout(TIMEOUT, events.next()).await.expect("the end").is_ok_and(|event| event.is_some()) {}

    let listed = harness.user.handover(&["messages", "--mark-read"]).await.succeeded();
    assert!(listed.contains("one") && listed.contains("two"), "{listed}");
    let _daemon = harness.connected().await;
    harness.send("three");
    let mut events = subscribe(&harness, Some(start + 1)).await;
    let mut seen = Vec::new();
    while seen.iter().filter(|(name, _)| name == "shown").count() < 3 {
        let (name, number, id) = next_change(&mut events).await;
        assert_eq!(number, start + 2 + i64::try_from(seen.len()).expect("a small number"));
        seen.push((name, id));
    }
    let messages = harness.user.messages().await;
    for (message, expected) in
        messages.iter().zip([&["shown", "read"][..], &["recorded", "shown", "read"], &["recorded", "shown"]])
    {
        let of_message = seen.iter().filter(|(_, id)| message["id"] == id.as_str());
        let mut names: Vec<&str> = of_message.map(|(name, _)| name.as_str()).collect();
        // If the daemon died between showing and marking, the notification was repeated and then marked.
        names.sort_by_key(|name| expected.iter().position(|other| other == name));
        assert_eq!(names, expected, "{seen:?}");
    }
}

#[tokio::test]
async fn a_reader_that_does_not_read_delays_nothing_and_is_told_what_it_missed() {
    let harness = Harness::signed_in().await;
    fill_log(&harness, 24_000);
    let daemon = harness.connected().await;
    let mut stuck = subscribe(&harness, None).await;
    let start = stuck.sequence;
    let pages = || {
        let path = format!("/proc/{}/statm", daemon.pid().as_raw_nonzero());
        let text = std::fs::read_to_string(path).expect("the memory of the daemon");
        text.split(' ').nth(1).and_then(|pages| pages.parse::<i64>().ok()).expect("a number")
    };
    let all =
        |rows: std::ops::RangeInclusive<i64>| Selection { rows: rows.collect(), ..Selection::default() };
    ask(&harness, &Command::MarkRead(all(1..=2_000))).await;
    let before = pages();
    for first in (2_001..=23_001).step_by(1_000) {
        ask(&harness, &Command::MarkRead(all(first..=first + 999))).await;
        harness.user.status().await;
    }
    assert!(pages() - before < 1_024, "{} pages more", pages() - before);
    harness.send("hello");
    assert_eq!(harness.server.next_shown().await.title, "Sandbox");

    let mut last = start;
    let mut missed = None;
    loop {
        let (name, number, _) = next_change(&mut stuck).await;
        if name == "missed" {
            assert_eq!(missed.replace(number), None, "it is reported once");
        } else {
            assert_eq!(number, last + 1);
        }
        last = number;
        if name == "shown" {
            break;
        }
    }
    assert!(missed.is_some_and(|missed| missed > start + 10_000), "{missed:?}");
}

#[tokio::test]
async fn long_lived_readers_do_not_block_commands() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    let mut readers = Vec::new();
    for _ in 0..16 {
        readers.push(subscribe(&harness, None).await);
    }
    let refused = control::subscribe(&socket(&harness), None).await.expect_err("there are enough");
    assert_eq!(refused.to_string(), "not subscribed: too many readers are subscribed");
    harness.user.status().await;
    readers.pop();
    let again = async { while control::subscribe(&socket(&harness), None).await.is_err() {} };
    timeout(TIMEOUT, again).await.expect("there is room again");
}

#[tokio::test]
async fn a_filter_chooses_what_is_marked_and_deleted() {
    let harness = Harness::signed_in().await;
    fill_log(&harness, 3);
    let _daemon = harness.connected().await;
    harness.send("hello");
    harness.server.next_shown().await;
    harness.user.handover(&["sync"]).await.succeeded();
    let filter = |app: &str| {
        let filter = Filter { app: Some(app.to_owned()), before: None };
        Selection { filter: Some(filter), ..Selection::default() }
    };
    ask(&harness, &Command::MarkRead(filter("Sandbox"))).await;
    assert_eq!(harness.server.next_closed().await, 1);
    assert_eq!(harness.user.status().await["unread"], 3);
    let everything = Selection { filter: Some(Filter::default()), ..Selection::default() };
    let reply = ask(&harness, &Command::DeleteMessages(everything.clone())).await;
    assert_eq!(reply, Reply::Done { message: "1 message deleted".to_owned() }, "the others are unread");
    ask(&harness, &Command::MarkRead(everything)).await;
    assert_eq!(harness.user.status().await["unread"], 0);

    harness.user.handover(&["logout", "--forget-messages"]).await.succeeded();
    assert_eq!(harness.user.messages().await.len(), 0);
}

#[tokio::test]
async fn a_message_that_the_service_still_has_is_not_deleted_here() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    harness.sandbox.faults().next(
        handover::sandbox::Endpoint::Delete,
        handover::sandbox::Fault::status(503),
        100,
    );
    harness.send("hello");
    harness.server.next_shown().await;
    let id = harness.user.messages().await[0]["id"].as_str().expect("an id").to_owned();
    let delete = Command::DeleteMessages(Selection { ids: vec![id], ..Selection::default() });
    let refused = control::ask(&socket(&harness), &delete).await.expect_err("it would come again");
    assert!(refused.to_string().contains("the service still has 1 of the messages"), "{refused}");
    assert_eq!(harness.user.messages().await.len(), 1);
}

#[tokio::test]
async fn settings_are_read_again_when_asked() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    harness.user.settings("emergency = 'never'");
    assert_eq!(
        ask(&harness, &Command::Reload).await,
        Reply::Done { message: "the settings are now in use".to_owned() }
    );
    harness.user.settings("colour = 'red'");
    let refused = control::ask(&socket(&harness), &Command::Reload).await.expect_err("there is a mistake");
    assert!(refused.to_string().starts_with("the changed settings are not in use: "), "{refused}");
}

async fn say(harness: &Harness, line: &str) -> serde_json::Value {
    let mut stream = UnixStream::connect(socket(harness)).await.expect("connect");
    stream.write_all(line.as_bytes()).await.expect("send");
    let mut reply = String::new();
    let reading = async { BufReader::new(stream).read_line(&mut reply).await };
    timeout(TIMEOUT, reading).await.expect("a reply in time").expect("read it");
    serde_json::from_str(&reply).expect("a reply is JSON")
}

#[tokio::test]
async fn an_unknown_command_is_refused_with_an_explanation() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    let reply = say(&harness, "{\"command\":\"dance\"}\n").await;
    assert_eq!((&reply["reply"], &reply["unknown_command"]), (&"failed".into(), &true.into()));
    let message = reply["message"].as_str().expect("a sentence");
    let start = format!("this daemon, version {}, does not know the command: ", env!("CARGO_PKG_VERSION"));
    assert!(message.starts_with(&start), "{message}");
    assert_eq!(reply["hint"], "restart the daemon: `handover quit`, then start it again");
    let reply = say(&harness, "please\n").await;
    assert_eq!((&reply["reply"], &reply["unknown_command"]), (&"failed".into(), &false.into()));
}

#[tokio::test]
async fn an_older_daemon_has_to_be_restarted() {
    let harness = Harness::signed_in().await;
    fill_log(&harness, 1);
    let lock = std::fs::File::create(harness.user.path("run/handover/lock")).expect("the lock");
    lock.try_lock().expect("no daemon runs");
    let listener = tokio::net::UnixListener::bind(socket(&harness)).expect("listen");
    let old_daemon = async {
        loop {
            let (stream, _) = listener.accept().await.expect("accept");
            let mut stream = BufReader::new(stream);
            stream.read_line(&mut String::new()).await.expect("read");
            let reply = "{\"reply\":\"failed\",\"hint\":null,\"message\":\"the request makes no sense: unknown \
                         variant `mark-read`, expected one of `status`, `sync`\"}\n";
            stream.write_all(reply.as_bytes()).await.expect("write");
        }
    };
    let restart = "hint: restart it: `handover quit`, then start it again\n";
    let commands = async {
        let said = harness.user.handover(&["messages", "--mark-read"]).await.failed(1);
        assert_eq!(
            said,
            format!(
                "error: the running daemon is an older version, which does not know this command\n{restart}"
            )
        );
        let older = Connection::open(log(&harness)).expect("open the message log");
        older.pragma_update(None, "user_version", 5).expect("set the version");
        let said = harness.user.handover(&["messages"]).await.failed(1);
        assert_eq!(
            said,
            "error: the message log cannot be read: the running daemon is an older version of Handover\n"
                .to_owned()
                + restart
        );
        older.pragma_update(None, "user_version", 99).expect("set the version");
        let said = harness.user.handover(&["messages"]).await.failed(1);
        assert_eq!(
            said,
            "error: the message log cannot be used: the file was made by a newer version of Handover\n\
             hint: update Handover\n"
        );
    };
    tokio::select! {
        () = old_daemon => {}
        () = commands => {}
    }
}

#[tokio::test]
async fn a_log_of_an_older_version_is_updated_when_no_daemon_runs() {
    let harness = Harness::signed_in().await;
    fill_log(&harness, 1);
    let version = || -> i64 {
        let log = Connection::open(log(&harness)).expect("open the message log");
        log.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("read the version")
    };
    let current = version();
    let older = Connection::open(log(&harness)).expect("open the message log");
    older
        .execute_batch(
            "
            DROP INDEX messages_time;
            DROP INDEX messages_emergencies_by_time;
            ALTER TABLE messages DROP COLUMN queued;
            DROP INDEX messages_receipts;
            DROP INDEX messages_unread_receipts;
            DROP INDEX messages_encrypted;
            DROP INDEX acknowledgements_requested;
            DROP TRIGGER counters_insert;
            DROP TRIGGER counters_delete;
            DROP TRIGGER counters_read;
            DROP TABLE counters;
            DROP TRIGGER apps_insert;
            DROP TRIGGER apps_delete;
            DROP TABLE apps;
            DROP TABLE latest_pause;
            DROP TABLE message_words;
            DROP TABLE message_terms;
            DROP TABLE words_indexed;
            DROP TABLE search_rebuild;
            DROP TABLE lease;
            CREATE TRIGGER messages_search_insert AFTER INSERT ON messages BEGIN SELECT 1; END;
            DROP TABLE events;
            DROP TABLE expiry_events;
            PRAGMA user_version = 5;
            ",
        )
        .expect("make it an older log");
    drop(older);
    assert_eq!(harness.user.messages().await.len(), 1);
    assert_eq!(version(), current);
}

#[tokio::test]
async fn a_starting_daemon_says_why_a_command_has_to_wait() {
    let harness = Harness::signed_in().await;
    let log = Connection::open(log(&harness)).expect("the message log");
    log.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").expect("lock the message log");
    let daemon = harness.user.daemon();
    daemon.until_logged("messages cannot be saved").await;
    for command in [
        Command::MarkRead(Selection::default()),
        Command::DeleteMessages(Selection::default()),
        Command::ForgetMessages,
        Command::Subscribe { since: None },
        Command::Sync,
        Command::Resume,
    ] {
        let refused = control::ask(&socket(&harness), &command).await.expect_err("it has no log yet");
        assert!(refused.to_string().starts_with("messages cannot be saved: "), "{command:?}: {refused}");
    }
    assert!(matches!(ask(&harness, &Command::Status).await, Reply::Status(_)));
    assert!(matches!(ask(&harness, &Command::Reload).await, Reply::Done { .. }));
    drop(log);
    let connected = async { while harness.user.status().await["link"] != "connected" {} };
    timeout(TIMEOUT, connected).await.expect("it continues automatically");
    let mut events = subscribe(&harness, None).await;
    assert!(matches!(next(&mut events).await, Event::Status(_)));
    let (finished, took) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0));
    assert!(took < Duration::from_secs(5), "a reader does not keep the daemon from stopping");
}
