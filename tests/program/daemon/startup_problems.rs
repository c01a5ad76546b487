//! A start that does not get through by itself, where no terminal says why.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use handover::system::clock;
use rustix::process::Signal;
use tokio::net::UnixListener;
use tokio::time::timeout;

use crate::process::{Running, TIMEOUT};
use crate::support::notification_server::Shown;
use crate::support::stage::Stage;

/// As the session starts it, and as a click in a menu does.
const UNWATCHED: [&[&str]; 2] = [&["run", "--at-login"], &[]];

/// Starts it and reads the notification that says why it cannot begin.
async fn starts_in_vain(stage: &Stage, arguments: &[&str]) -> (Running, Shown) {
    let daemon = Running::start(stage.home.command(arguments));
    let notification = stage.server.next_shown().await;
    let notification = Shown { body: notification.body.replace("&quot;", "\""), ..notification };
    assert_eq!(
        (notification.title.as_str(), notification.byte_hint("urgency")),
        ("No messages are received", Some(2))
    );
    (daemon, notification)
}

/// It goes on, and the notification goes.
async fn goes_on(stage: &Stage, notification: &Shown) {
    assert_eq!(stage.server.next_closed().await, notification.id);
    stage.until_status("it is connected", |status| status["link"] == "connected").await;
    assert_eq!(stage.home.status().await["problems"], serde_json::json!([]));
    stage.send("the first");
    assert_eq!(stage.server.next_shown().await.body, "the first");
}

#[tokio::test]
async fn a_mistake_in_the_settings_is_said_in_a_notification_and_followed_until_it_is_mended() {
    let stage = Stage::signed_in().await;
    for arguments in UNWATCHED {
        let before = stage.sandbox.counters().sockets_opened;
        let path = stage.home.settings("emergency = 'manual'\ncolour = 'red'");
        let (daemon, notification) = starts_in_vain(&stage, arguments).await;
        let mistake =
            format!("the settings cannot be used: {}:2: there is no setting \"colour\"", path.display());
        // The same words as on a terminal.
        let said = stage.home.handover(&["setup"]).await.badly(1);
        assert_eq!(said, format!("{}\n", notification.body));
        assert!(said.starts_with(&format!("error: {mistake}\nhint: ")), "{said}");
        let status = stage.home.status().await;
        assert_eq!(status["problems"], serde_json::json!([format!("no messages are received: {mistake}")]));
        let said = stage.home.handover(&["pause"]).await.badly(1);
        assert!(said.starts_with(&format!("error: no messages are received: {mistake}\nhint: ")), "{said}");
        assert_eq!(stage.sandbox.counters().sockets_opened, before, "with which settings?");

        stage.home.settings("emergency = 'manual'\nbacklog = 'loud'");
        let second = stage.server.next_shown().await;
        assert!(second.body.contains("backlog cannot be "), "{}", second.body);
        assert_eq!(second.replaces, notification.id);
        stage.home.settings("emergency = 'manual'");
        goes_on(&stage, &second).await;
        stage.send_emergency("fire");
        let fire = stage.server.next_shown().await;
        assert!(fire.actions.iter().any(|word| word == "Acknowledge"), "the settings that were mended");
        daemon.stop(Signal::TERM).await;
    }
}

#[tokio::test]
async fn whoever_ends_it_before_it_could_begin_is_left_with_no_notification() {
    let stage = Stage::signed_in().await;
    stage.home.settings("colour = 'red'");
    for signal in [Some(Signal::TERM), None] {
        let (daemon, notification) = starts_in_vain(&stage, UNWATCHED[0]).await;
        match signal {
            Some(signal) => daemon.signal(signal),
            None => drop(stage.home.handover(&["quit"]).await.well()),
        }
        assert_eq!(daemon.ended().await.code, Some(0));
        assert_eq!(stage.server.next_closed().await, notification.id);
    }
}

#[tokio::test]
async fn a_login_that_cannot_be_read_is_said_in_a_notification_and_tried_again() {
    let stage = Stage::signed_in().await;
    let file = stage.home.credentials();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("change the mode");
    let (daemon, notification) = starts_in_vain(&stage, UNWATCHED[0]).await;
    let path = file.display();
    assert_eq!(
        notification.body,
        format!(
            "error: the login cannot be read: {path}: others can read or write it\n\
             hint: run `chmod 600 {path}`, or sign in again"
        )
    );
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("mend it");
    // Whoever mended it need not wait for the next try.
    stage.home.handover(&["sync"]).await;
    goes_on(&stage, &notification).await;
    daemon.stop(Signal::TERM).await;

    fs::write(&file, "no login").expect("spoil it");
    let (_daemon, notification) = starts_in_vain(&stage, UNWATCHED[1]).await;
    let account = stage.sandbox.account();
    let again = ["setup", "--email", &account.email, "--password-stdin", "--device-name", "attic"];
    stage.home.handover_told(&again, &account.password).await.well();
    goes_on(&stage, &notification).await;
}

#[tokio::test]
async fn a_notification_server_that_comes_late_is_told_too() {
    let mut stage = Stage::signed_in().await;
    let path = stage.home.settings("colour = 'red'");
    let address = stage.bus.address().to_owned();
    drop(std::mem::replace(&mut stage.server, {
        let other = crate::support::bus::Bus::start();
        crate::support::notification_server::NotificationServer::start(other.address()).await
    }));
    let daemon = Running::start(stage.home.command(UNWATCHED[0]));
    daemon.until_logged("messages cannot be shown").await;
    stage.server = crate::support::notification_server::NotificationServer::start(&address).await;
    let notification = stage.server.next_shown().await;
    assert!(notification.body.contains("there is no setting"), "{}", notification.body);
    fs::remove_file(path).expect("mend it");
    goes_on(&stage, &notification).await;
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_said_in_a_notification() {
    let stage = Stage::signed_in().await;
    let log = stage.home.path("data/handover/messages.db");
    for end in ["-wal", "-shm"] {
        drop(fs::remove_file(format!("{}{end}", log.display())));
    }
    fs::write(&log, [b'x'; 8192]).expect("damage it");
    let (_daemon, notification) = starts_in_vain(&stage, UNWATCHED[0]).await;
    assert!(
        notification.body.starts_with("error: the log of messages cannot be used: "),
        "{}",
        notification.body
    );
    fs::rename(&log, stage.home.path("damaged")).expect("move it away");
    stage.home.handover(&["sync"]).await;
    assert_eq!(stage.server.next_closed().await, notification.id);
    stage.until_status("it is connected", |status| status["link"] == "connected").await;
}

#[tokio::test]
async fn commands_are_answered_while_the_session_bus_hangs() {
    let mut stage = Stage::signed_in().await;
    let path = stage.home.path("run/hangs");
    let bus = UnixListener::bind(&path).expect("listen");
    stage.home.set("DBUS_SESSION_BUS_ADDRESS", &format!("unix:path={}", path.display()));
    let daemon = stage.home.daemon();
    let _asking = timeout(TIMEOUT, bus.accept()).await.expect("it connects").expect("accept");
    let began = clock::instant();
    assert_eq!(stage.home.status().await["sentence"], "Connecting");
    assert_eq!(stage.home.handover(&["quit"]).await.well(), "stopped\n");
    assert_eq!(daemon.ended().await.code, Some(0));
    assert!(clock::instant().duration_since(began).as_secs() < 3, "nobody waited for the bus");
}

#[tokio::test]
async fn who_starts_it_while_another_is_stopping_has_one_that_runs() {
    let stage = Stage::signed_in().await;
    for arguments in [&["run", "--at-login"][..], &[], &["run"]] {
        // It holds the lock and does not listen any more.
        fs::create_dir_all(stage.home.path("run/handover")).expect("a folder");
        let lock = fs::File::create(stage.home.path("run/handover/lock")).expect("the file");
        lock.try_lock().expect("nobody holds it");
        let mut command = stage.home.command(arguments);
        command.env("HANDOVER_LOG", "debug");
        let daemon = Running::start(command);
        daemon.until_logged("another is starting or stopping").await;
        let before = stage.sandbox.counters().socket_logins;
        drop(lock);
        stage.until("it runs", |now| now.socket_logins > before).await;
        daemon.stop(Signal::TERM).await;
    }
}
