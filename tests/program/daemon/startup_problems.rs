//! Tests a start without a terminal that waits for the user to fix a problem.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use handover::system::clock;
use rustix::process::Signal;
use tokio::net::UnixListener;
use tokio::time::timeout;

use crate::process::{Running, TIMEOUT};
use crate::support::harness::Harness;
use crate::support::notification_server::Shown;

/// The arguments of a start at login, and of a click in a menu.
const UNWATCHED: [&[&str]; 2] = [&["run", "--at-login"], &[]];

/// Starts the daemon and reads the notification that says why it cannot continue.
async fn start_blocked(harness: &Harness, arguments: &[&str]) -> (Running, Shown) {
    let daemon = Running::start(harness.user.command(arguments));
    let notification = harness.server.next_shown().await;
    let notification = Shown { body: notification.body.replace("&quot;", "\""), ..notification };
    assert_eq!(
        (notification.title.as_str(), notification.byte_hint("urgency")),
        ("No messages are being received", Some(2))
    );
    (daemon, notification)
}

/// Checks that the start continues, and that the notification is closed.
async fn assert_continues(harness: &Harness, notification: &Shown) {
    assert_eq!(harness.server.next_closed().await, notification.id);
    harness.until_status("it is connected", |status| status["link"] == "connected").await;
    assert_eq!(harness.user.status().await["problems"], serde_json::json!([]));
    harness.send("the first");
    assert_eq!(harness.server.next_shown().await.body, "the first");
}

#[tokio::test]
async fn an_error_in_the_settings_is_shown_until_it_is_fixed() {
    let harness = Harness::signed_in().await;
    for arguments in UNWATCHED {
        let before = harness.sandbox.counters().sockets_opened;
        let path = harness.user.settings("emergency = 'manual'\ncolour = 'red'");
        let (daemon, notification) = start_blocked(&harness, arguments).await;
        let mistake =
            format!("the settings cannot be used: {}:2: there is no setting \"colour\"", path.display());
        // The text is the same as on a terminal.
        let said = harness.user.handover(&["setup"]).await.failed(1);
        assert_eq!(said, format!("{}\n", notification.body));
        assert!(said.starts_with(&format!("error: {mistake}\nhint: ")), "{said}");
        let status = harness.user.status().await;
        assert_eq!(
            status["problems"],
            serde_json::json!([format!("no messages are being received: {mistake}")])
        );
        let said = harness.user.handover(&["pause"]).await.failed(1);
        assert!(
            said.starts_with(&format!("error: no messages are being received: {mistake}\nhint: ")),
            "{said}"
        );
        assert_eq!(harness.sandbox.counters().sockets_opened, before, "it connected with invalid settings");

        harness.user.settings("emergency = 'manual'\nbacklog = 'loud'");
        let second = harness.server.next_shown().await;
        assert!(second.body.contains("backlog cannot be "), "{}", second.body);
        assert_eq!(second.replaces, notification.id);
        harness.user.settings("emergency = 'manual'");
        assert_continues(&harness, &second).await;
        harness.send_emergency("fire");
        let fire = harness.server.next_shown().await;
        assert!(fire.actions.iter().any(|word| word == "Acknowledge"), "the fixed settings are in use");
        daemon.stop(Signal::TERM).await;
    }
}

#[tokio::test]
async fn stopping_a_waiting_daemon_closes_its_notification() {
    let harness = Harness::signed_in().await;
    harness.user.settings("colour = 'red'");
    for signal in [Some(Signal::TERM), None] {
        let (daemon, notification) = start_blocked(&harness, UNWATCHED[0]).await;
        match signal {
            Some(signal) => daemon.signal(signal),
            None => drop(harness.user.handover(&["quit"]).await.succeeded()),
        }
        assert_eq!(daemon.ended().await.code, Some(0));
        assert_eq!(harness.server.next_closed().await, notification.id);
    }
}

#[tokio::test]
async fn an_unreadable_login_is_shown_and_retried() {
    let harness = Harness::signed_in().await;
    let file = harness.user.credentials();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("change the mode");
    let (daemon, notification) = start_blocked(&harness, UNWATCHED[0]).await;
    let path = file.display();
    assert_eq!(
        notification.body,
        format!(
            "error: the login cannot be read: {path}: other users can read or write it\n\
             hint: run `chmod 600 {path}`, or sign in again"
        )
    );
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("fix it");
    // A user who fixed it need not wait for the next retry.
    harness.user.handover(&["sync"]).await;
    assert_continues(&harness, &notification).await;
    daemon.stop(Signal::TERM).await;

    fs::write(&file, "no login").expect("spoil it");
    let (_daemon, notification) = start_blocked(&harness, UNWATCHED[1]).await;
    let account = harness.sandbox.account();
    let again = ["setup", "--email", &account.email, "--password-stdin", "--device-name", "attic"];
    harness.user.handover_with_input(&again, &account.password).await.succeeded();
    assert_continues(&harness, &notification).await;
}

#[tokio::test]
async fn a_notification_server_that_starts_late_shows_the_problem() {
    let mut harness = Harness::signed_in().await;
    let path = harness.user.settings("colour = 'red'");
    let address = harness.bus.address().to_owned();
    drop(std::mem::replace(&mut harness.server, {
        let other = crate::support::bus::Bus::start();
        crate::support::notification_server::NotificationServer::start(other.address()).await
    }));
    let daemon = Running::start(harness.user.command(UNWATCHED[0]));
    daemon.until_logged("messages cannot be shown").await;
    harness.server = crate::support::notification_server::NotificationServer::start(&address).await;
    let notification = harness.server.next_shown().await;
    assert!(notification.body.contains("there is no setting"), "{}", notification.body);
    fs::remove_file(path).expect("fix it");
    assert_continues(&harness, &notification).await;
}

#[tokio::test]
async fn an_unreadable_log_is_shown_in_a_notification() {
    let harness = Harness::signed_in().await;
    let log = harness.user.path("data/handover/messages.db");
    let newer = rusqlite::Connection::open(&log).expect("open");
    newer.pragma_update(None, "user_version", 1_000).expect("make it a file of a newer version");
    drop(newer);
    let (_daemon, notification) = start_blocked(&harness, UNWATCHED[0]).await;
    assert!(
        notification.body.starts_with("error: the message log cannot be used: "),
        "{}",
        notification.body
    );
    fs::rename(&log, harness.user.path("newer")).expect("move it away");
    harness.user.handover(&["sync"]).await;
    assert_eq!(harness.server.next_closed().await, notification.id);
    harness.until_status("it is connected", |status| status["link"] == "connected").await;
}

#[tokio::test]
async fn commands_are_answered_while_the_session_bus_hangs() {
    let mut harness = Harness::signed_in().await;
    let path = harness.user.path("run/hangs");
    let bus = UnixListener::bind(&path).expect("listen");
    harness.user.set("DBUS_SESSION_BUS_ADDRESS", &format!("unix:path={}", path.display()));
    let daemon = harness.user.daemon();
    let _asking = timeout(TIMEOUT, bus.accept()).await.expect("it connects").expect("accept");
    let began = clock::instant();
    assert_eq!(harness.user.status().await["sentence"], "Connecting");
    assert_eq!(harness.user.handover(&["quit"]).await.succeeded(), "stopped\n");
    assert_eq!(daemon.ended().await.code, Some(0));
    assert!(clock::instant().duration_since(began).as_secs() < 3, "nobody waited for the bus");
}

#[tokio::test]
async fn a_start_while_another_daemon_stops_waits_and_runs() {
    let harness = Harness::signed_in().await;
    for arguments in [&["run", "--at-login"][..], &[], &["run"]] {
        // The other daemon holds the lock but no longer listens.
        fs::create_dir_all(harness.user.path("run/handover")).expect("a folder");
        let lock = fs::File::create(harness.user.path("run/handover/lock")).expect("the file");
        lock.try_lock().expect("nobody holds it");
        let mut command = harness.user.command(arguments);
        command.env("HANDOVER_LOG", "debug");
        let daemon = Running::start(command);
        daemon.until_logged("another instance is starting or stopping").await;
        let before = harness.sandbox.counters().socket_logins;
        drop(lock);
        harness.until("it runs", |now| now.socket_logins > before).await;
        daemon.stop(Signal::TERM).await;
    }
}
