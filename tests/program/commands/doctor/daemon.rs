//! Tests what the doctor reports while a daemon runs.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;

use handover::sandbox::{Endpoint, Fault, Licence};

use super::Findings;
use crate::support::harness::Harness;

const SIGN_IN: &str = "sign in again with `handover setup`, or, once the cause is fixed, reconnect with `handover sync`; your messages are kept";

#[tokio::test]
async fn a_refused_or_displaced_daemon_is_reported_and_not_reconnected() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    harness.sandbox.close_sockets(b"A");
    daemon.until_logged("displaced").await;
    let found = Findings::of(&harness.user).await;
    found.fails(&["session"]);
    found.warns(&["daemon"]);
    let displaced = "Stopped: this device is connected from somewhere else";
    found.says("session", displaced);
    found.hints("session", "take the connection back with `handover sync`");
    found.says("daemon", &format!("running: {displaced}"));
    assert_eq!(harness.user.status().await["link"], "displaced");

    harness.user.handover(&["sync"]).await.succeeded();
    harness.until("it is connected again", |now| now.socket_logins == 2).await;
    let downloads = harness.sandbox.counters().downloads;
    harness.sandbox.revoke_sessions();
    harness.until_status("it is refused", |status| status["link"] == "refused").await;
    let found = Findings::of(&harness.user).await;
    found.fails(&["session"]);
    found.warns(&["daemon"]);
    found.says("session", "Stopped: the service refuses this device");
    found.hints("session", SIGN_IN);
    let said = found.field("daemon", "message");
    let expected = "running: Stopped: the service refuses this device; the service refused: ";
    assert!(said.starts_with(expected), "{said}");
    assert_eq!(harness.sandbox.counters().downloads, downloads, "the login is not tried again");
}

#[tokio::test]
async fn a_mistake_in_the_settings_is_a_warning_while_the_daemon_keeps_the_previous_ones() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    let file = harness.user.settings("emergency = manual\n");
    harness.until_status("it noticed", |status| status["problems"] != serde_json::json!([])).await;
    let found = Findings::of(&harness.user).await;
    found.fails(&[]);
    found.warns(&["settings", "daemon"]);
    let said = "string values must be quoted; the running daemon keeps the previous settings, but will not start again";
    found.says("settings", &format!("the settings cannot be used: {}:1: {said}", file.display()));
    found.hints("settings", "put quotes around it: emergency = \"...\"");
    harness.send("still arrives");
    assert_eq!(harness.server.next_shown().await.body, "still arrives");
}

#[tokio::test]
async fn an_api_that_only_the_doctor_cannot_reach_is_a_warning() {
    let mut harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    harness.user.set("HANDOVER_API_URL", "https://handover.invalid");
    let found = Findings::of(&harness.user).await;
    found.fails(&[]);
    found.warns(&["api"]);
    found.says(
        "api",
        "handover.invalid cannot be reached: the host name was not found; but the daemon is connected and downloads \
         messages",
    );
}

#[tokio::test]
async fn a_missing_licence_is_reported_and_messages_still_arrive() {
    let harness = Harness::signed_in().await;
    harness.sandbox.switch(|switches| switches.licence = Licence::Flagged);
    let daemon = harness.connected().await;
    let sentence = "the account has no licence for Pushover for Desktop; 30 days of the trial are left";
    daemon.until_logged(sentence).await;
    assert_eq!(harness.user.status().await["licence"], sentence);
    let printed = harness.user.handover(&["status"]).await.succeeded();
    assert!(printed.lines().any(|line| line == format!("licence  {sentence}")), "{printed}");
    let found = Findings::of(&harness.user).await;
    found.fails(&[]);
    found.warns(&["licence"]);
    found.says("licence", sentence);

    harness.send("hello");
    assert_eq!(harness.server.next_shown().await.body, "hello");
    harness.sandbox.switch(|switches| switches.licence = Licence::Owned);
    harness.user.handover(&["sync"]).await.succeeded();
    assert!(harness.user.status().await["licence"].is_null());
    Findings::of(&harness.user).await.warns(&[]);
}

#[tokio::test]
async fn the_trial_counts_from_the_registration_of_the_device() {
    let harness = Harness::signed_in().await;
    harness.sandbox.switch(|switches| switches.licence = Licence::Flagged);
    let file = harness.user.credentials();
    let saved = std::fs::read_to_string(&file).expect("read the login");
    let mut login: serde_json::Value = serde_json::from_str(&saved).expect("the login is JSON");
    let now = handover::system::clock::unix();
    for (days, rest) in
        [(19, "11 days of the trial are left"), (29, "1 day of the trial is left"), (30, "the trial is over")]
    {
        // One hour is added, so that no day ends during the test.
        login["registered"] = (now - days * 86_400 - 3_600).into();
        std::fs::write(&file, login.to_string()).expect("write the login");
        let found = Findings::of(&harness.user).await;
        found.fails(&[]);
        found.says("licence", &format!("the account has no licence for Pushover for Desktop; {rest}"));
    }
}

#[tokio::test]
async fn an_issue_of_the_daemon_is_reported() {
    let mut harness = Harness::signed_in().await;
    harness.user.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let _daemon = harness.connected().await;
    harness.send("hello");
    harness.until("it is deleted", |now| now.deletes > 0).await;
    harness.user.handover(&["sync"]).await.succeeded();
    let found = Findings::of(&harness.user).await;
    found.fails(&["notifications"]);
    found.warns(&["daemon"]);
    let said = found.field("daemon", "message");
    assert!(said.starts_with("running: Connected as desk, 1 unread; messages cannot be shown: "), "{said}");
}

#[tokio::test]
async fn a_daemon_that_waits_for_a_login_is_no_finding() {
    let harness = Harness::new().await;
    let _daemon = harness.user.daemon();
    harness.server.next_shown().await;
    let found = Findings::of(&harness.user).await;
    found.fails(&["login"]);
    found.warns(&["daemon"]);
    found.says("daemon", "running: Not signed in");
    for name in ["session", "licence"] {
        assert!(!found.checks.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn an_offline_daemon_is_a_warning_beside_the_cause() {
    let harness = Harness::signed_in().await;
    harness.sandbox.faults().always(Endpoint::Socket, Fault::status(502));
    let _daemon = harness.user.daemon();
    harness.until("it was turned away", |now| now.faults > 0).await;
    harness.until_status("it waits", |status| status["link"] == "waiting").await;
    let found = Findings::of(&harness.user).await;
    found.fails(&["websocket"]);
    found.warns(&["daemon"]);
    let issue = "the service is unavailable: HTTP 502";
    found.says("daemon", &format!("running: Offline, will reconnect; {issue}"));
    // Nothing is reported about a login that could not be tested.
    assert!(!found.checks.contains_key("session") && !found.checks.contains_key("licence"));
}

#[tokio::test]
async fn a_daemon_of_another_version_should_be_restarted() {
    let harness = Harness::signed_in().await;
    let socket = UnixListener::bind(harness.user.path("run/handover/control.sock")).expect("listen");
    std::thread::spawn(move || {
        for stream in socket.incoming().flatten() {
            let mut line = String::new();
            drop(BufReader::new(&stream).read_line(&mut line));
            // This is the reply of version 0.0.9, without the newer fields.
            let answer = r#"{"reply":"status","link":"connected","since":1,"paused_until":null,"unread":0,"unacknowledged":0,"last_message":null,"device":"desk","version":"0.0.9","pid":1,"sentence":"Connected as desk","problems":[]}"#;
            drop(writeln!(&stream, "{answer}"));
        }
    });
    let found = Findings::of(&harness.user).await;
    found.fails(&[]);
    found.warns(&["daemon"]);
    let version = env!("CARGO_PKG_VERSION");
    found.says(
        "daemon",
        &format!("running as version 0.0.9, but this is version {version}: Connected as desk"),
    );
    found.hints("daemon", "restart it: `handover quit`, then `handover start`");
}

#[tokio::test]
async fn an_unusable_runtime_folder_is_reported() {
    let mut harness = Harness::signed_in().await;
    let folder = harness.user.path(&"x".repeat(100));
    harness.user.set("XDG_RUNTIME_DIR", folder.to_str().expect("a path in UTF-8"));
    let found = Findings::of(&harness.user).await;
    found.fails(&["daemon"]);
    let said = found.field("daemon", "message");
    assert!(said.starts_with("no daemon can start: the control socket cannot be created: "), "{said}");
}
