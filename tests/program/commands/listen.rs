//! Tests `handover listen`.

use std::os::unix::fs::PermissionsExt;
use std::{fs, io};

use handover::system::clock;
use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::process::{Running, TIMEOUT};
use crate::support::harness::Harness;

fn listen(harness: &Harness, arguments: &[&str]) -> Running {
    Running::start(harness.user.command(&[&["listen"], arguments].concat()))
}

/// The texts of the messages that were printed as JSON.
fn texts(printed: &str) -> Vec<String> {
    let text = |line: &str| serde_json::from_str::<Value>(line).expect("a line is JSON")["text"].clone();
    printed.lines().map(|line| text(line).as_str().expect("a text").to_owned()).collect()
}

#[tokio::test]
async fn without_a_daemon_it_says_how_to_start_one() {
    let harness = Harness::signed_in().await;
    let said = harness.user.handover(&["listen"]).await.failed(4);
    assert_eq!(said, "error: the daemon is not running\nhint: start it with `handover start`\n");
    for (arguments, why) in [
        (
            &["listen", "--match", "/(/"][..],
            "error: --match cannot be used: it is not a valid regular expression",
        ),
        (&["listen", "--min-priority", "3"], "error: invalid value '3' for '--min-priority <P>'"),
        (&["listen", "--since", "yesterday"], "error: --since cannot be used: `yesterday` is neither"),
    ] {
        let said = harness.user.handover(arguments).await.failed(2);
        assert!(said.starts_with(why), "{said}");
    }
    let said = harness.user.handover(&["listen", "--since", "123456789012345678"]).await.failed(1);
    assert!(
        said.starts_with("error: --since cannot be used: there is no message 123456789012345678"),
        "{said}"
    );
}

/// Answers commands in the place of a daemon, and passes on the connection that subscribes.
async fn answer(socket: UnixListener, subscribers: mpsc::Sender<UnixStream>) -> io::Result<()> {
    loop {
        let (mut connection, _) = socket.accept().await?;
        let mut request = String::new();
        BufReader::new(&mut connection).read_line(&mut request).await?;
        let is_subscription = request.contains("subscribe");
        let reply = if is_subscription {
            "{\"reply\":\"subscribed\",\"sequence\":1}\n"
        } else {
            "{\"reply\":\"failed\",\"message\":\"it is a stand-in\",\"hint\":null}\n"
        };
        connection.write_all(reply.as_bytes()).await?;
        if is_subscription {
            // The test may have ended.
            drop(subscribers.send(connection).await);
        }
    }
}

/// The daemon here is a socket without a message log, because a log that a daemon has open cannot be locked for readers.
#[tokio::test]
async fn a_message_log_that_is_locked_for_a_moment_ends_neither_listen_nor_watch() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    harness.send("one");
    harness.server.next_shown().await;
    daemon.stop(Signal::TERM).await;
    let lock = fs::File::create(harness.user.path("run/handover/lock")).expect("the lock of a daemon");
    lock.try_lock().expect("no daemon runs");
    let path = harness.user.path("run/handover/control.sock");
    for arguments in [&["listen", "--since", "1h", "--json"][..], &["messages", "--watch", "--json"]] {
        let (subscribers, mut subscriber) = mpsc::channel(1);
        let answers = tokio::spawn(answer(UnixListener::bind(&path).expect("listen"), subscribers));
        let command = Running::start(harness.user.command(arguments));
        let mut connection =
            timeout(TIMEOUT, subscriber.recv()).await.expect("in time").expect("a subscriber");
        command.until_printed("\"text\":\"one\"").await;

        let log = Connection::open(harness.user.path("data/handover/messages.db")).expect("the message log");
        log.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").expect("lock the message log");
        connection.write_all(b"{\"event\":\"missed\",\"sequence\":2}\n").await.expect("an event");
        command.until_logged("; trying again").await;
        drop(log);
        // After it has read the message log, it reads the end of this connection.
        answers.abort();
        drop(connection);
        command.until_logged("the daemon has stopped").await;
        fs::remove_file(&path).expect("remove the socket");
    }
}

#[tokio::test]
async fn no_message_is_missed_or_repeated_when_the_daemon_is_killed() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    harness.send("before");
    harness.server.next_shown().await;
    harness.send("start");
    harness.server.next_shown().await;
    let first = harness.user.messages().await[0]["id"].as_str().expect("an id").to_owned();
    let since = listen(&harness, &["--since", &first, "--json"]);
    let live = listen(&harness, &["--since", "0s", "--json"]);
    since.until_printed("\"text\":\"start\"").await;
    // From here on both listen.
    harness.send("live");
    for listener in [&since, &live] {
        listener.until_printed("\"text\":\"live\"").await;
    }

    daemon.kill().await;
    since.until_logged("the daemon has stopped; waiting until it runs again").await;
    for number in 0..3 {
        harness.send(&format!("missed {number}"));
    }
    // The daemon is killed again at once, whether or not it has recorded them.
    let daemon = harness.user.daemon();
    harness.until("a connection", |now| now.socket_logins > 1).await;
    daemon.kill().await;
    let daemon = harness.connected().await;
    harness.send("last");
    let expected = ["live", "missed 0", "missed 1", "missed 2", "last"];
    for listener in [since, live] {
        listener.until_logged("the daemon is running again").await;
        listener.until_printed("\"text\":\"last\"").await;
        let (ended, _) = listener.stop(Signal::TERM).await;
        let printed = texts(&ended.out);
        // A listener that began within the second of these messages prints them too.
        let is_new = |text: &&str| !["before", "start"].contains(text);
        let printed: Vec<_> = printed.iter().map(String::as_str).filter(is_new).collect();
        assert_eq!((ended.code, printed.as_slice()), (Some(0), &expected[..]));
    }
    drop(daemon);
}

#[tokio::test]
async fn several_listen_at_once_each_with_its_own_filter() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    let filters: [&[&str]; 6] = [
        &[],
        &["--min-priority", "1"],
        &["--match", "DISK"],
        &["--match", r"/\d+ %/"],
        &["--app", "sandbox"],
        &["--app", "Other"],
    ];
    let listeners: Vec<_> =
        filters.iter().map(|filter| listen(&harness, &[&["--since", "1h"], *filter].concat())).collect();
    harness.send_with("started, 100 % of the disk", &[("priority", "1")]);
    for listener in &listeners[..5] {
        listener.until_printed("started").await;
    }
    harness.send("the disk is full");
    harness.send_with("90 % of the Disk", &[("title", "Warning")]);
    harness.send_with("end, 100 % of the disk", &[("priority", "1")]);
    for listener in &listeners[..5] {
        listener.until_printed("end, 100 %").await;
    }
    let ended = listeners.into_iter().map(|listener| listener.stop(Signal::INT));
    let mut matched = Vec::new();
    for listener in ended {
        let (listener, _) = listener.await;
        assert_eq!(listener.code, Some(0), "{}", listener.err);
        let found = ["disk is full", "90 % of", "end, 100"].map(|text| listener.out.matches(text).count());
        matched.push(found);
    }
    assert_eq!(matched, [[1, 1, 1], [0, 0, 1], [1, 1, 1], [0, 1, 1], [1, 1, 1], [0, 0, 0]]);
}

#[tokio::test]
async fn a_program_is_run_for_each_message_without_a_shell() {
    let harness = Harness::signed_in().await;
    let script = harness.user.path("script");
    fs::write(&script, "#!/bin/sh\nread line\necho \"$1|$HANDOVER_TEXT|$line\"\nexit \"$2\"\n")
        .expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("its mode");
    let _daemon = harness.connected().await;
    harness.send("one $(echo x)");
    harness.server.next_shown().await;
    let program = script.to_str().expect("a path in UTF-8");
    let listener = listen(&harness, &["--since", "1h", "--exec", program, "$HOME; -a", "0"]);
    let printed = listener.until_printed("$HOME; -a|one $(echo x)|{\"id\":").await;
    assert!(printed.contains("\"text\":\"one $(echo x)\""), "{printed}");
    let failing = listen(&harness, &["--since", "1h", "--exec", program, "x", "3"]);
    failing.until_logged("the program failed for message ").await;
    failing.until_logged("it exited with code 3").await;
    harness.send("two");
    listener.until_printed("|two|").await;
    failing.until_printed("|two|").await;
    let (ended, _) = listener.stop(Signal::TERM).await;
    assert_eq!((ended.code, &*ended.err, ended.out.lines().count()), (Some(0), "", 2), "{}", ended.out);
}

#[tokio::test]
async fn it_exits_quietly_when_its_output_is_closed() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    for text in ["one", "two", "three"] {
        harness.send(text);
        harness.server.next_shown().await;
    }
    let program = crate::user::PROGRAM;
    let command = harness.user.command_of(
        "/bin/sh",
        &[
            "-c",
            "exec 3>&1; { \"$0\" listen --since 1h --json 2>&3; echo \"ended with $?\" >&3; } | head -n 1",
            program,
        ],
    );
    let shell = Running::start(command);
    harness.send("four");
    shell.until_printed("\"text\":\"one\"").await;
    harness.send("five");
    let printed = shell.until_printed("ended with 0").await;
    assert_eq!(printed.lines().count(), 2, "{printed}");
}

#[tokio::test]
async fn a_repeat_of_an_emergency_is_not_printed_again() {
    let harness = Harness::signed_in().await;
    harness.user.settings("emergency = 'manual'");
    let _daemon = harness.connected().await;
    let listener = listen(&harness, &["--since", "1h", "--json"]);
    let repeat = || {
        harness
            .sandbox
            .inject(&json!({"app": "Alarm", "message": "fire", "date": clock::unix(), "priority": 2,
            "acked": 0, "receipt": "rLqVuqTRh62UzxtmqiaLzQmVcPgiCy"}))
    };
    repeat();
    listener.until_printed("fire").await;
    repeat();
    harness.send("after");
    let printed = listener.until_printed("after").await;
    assert_eq!(texts(&printed), ["fire", "after"]);
}
