//! What the doctor says while a daemon runs.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;

use handover::sandbox::{Endpoint, Fault, Licence};

use super::Findings;
use crate::support::stage::Stage;

const SIGN_IN: &str = "sign in again with `handover setup`, or, when the cause is over, connect again with `handover sync`; the messages here are kept";

#[tokio::test]
async fn a_daemon_that_was_refused_or_displaced_says_so_and_is_not_helped_along() {
    let stage = Stage::signed_in().await;
    let daemon = stage.connected().await;
    stage.sandbox.close_sockets(b"A");
    daemon.until_logged("displaced").await;
    let found = Findings::of(&stage.home).await;
    found.fails(&["session"]);
    found.warns(&["daemon"]);
    let displaced = "Stopped: this device is connected from somewhere else";
    found.says("session", displaced);
    found.hints("session", "take the connection back with `handover sync`");
    found.says("daemon", &format!("running: {displaced}"));
    assert_eq!(stage.home.status().await["link"], "displaced");

    stage.home.handover(&["sync"]).await.well();
    stage.until("it is connected again", |now| now.socket_logins == 2).await;
    let downloads = stage.sandbox.counters().downloads;
    stage.sandbox.revoke_sessions();
    stage.until_status("it is refused", |status| status["link"] == "refused").await;
    let found = Findings::of(&stage.home).await;
    found.fails(&["session"]);
    found.warns(&["daemon"]);
    found.says("session", "Stopped: the service refused this login");
    found.hints("session", SIGN_IN);
    let said = found.field("daemon", "message");
    let expected = "running: Stopped: the service refused this login; the service refused: ";
    assert!(said.starts_with(expected), "{said}");
    assert_eq!(stage.sandbox.counters().downloads, downloads, "the login is not tried again");
}

#[tokio::test]
async fn a_missing_licence_is_in_the_status_and_in_the_findings_and_keeps_nothing_from_arriving() {
    let stage = Stage::signed_in().await;
    stage.sandbox.switch(|switches| switches.licence = Licence::Flagged);
    let daemon = stage.connected().await;
    let sentence = "the account has no licence for Pushover for Desktop; 30 days of the trial are left";
    daemon.until_logged(sentence).await;
    assert_eq!(stage.home.status().await["licence"], sentence);
    let printed = stage.home.handover(&["status"]).await.well();
    assert!(printed.lines().any(|line| line == format!("licence  {sentence}")), "{printed}");
    let found = Findings::of(&stage.home).await;
    found.fails(&[]);
    found.warns(&["licence"]);
    found.says("licence", sentence);

    stage.send("hello");
    assert_eq!(stage.server.next_shown().await.body, "hello");
    stage.sandbox.switch(|switches| switches.licence = Licence::Owned);
    stage.home.handover(&["sync"]).await.well();
    assert!(stage.home.status().await["licence"].is_null());
    Findings::of(&stage.home).await.warns(&[]);
}

#[tokio::test]
async fn the_days_of_the_trial_are_those_since_the_device_was_registered() {
    let stage = Stage::signed_in().await;
    stage.sandbox.switch(|switches| switches.licence = Licence::Flagged);
    let file = stage.home.credentials();
    let saved = std::fs::read_to_string(&file).expect("read the login");
    let mut login: serde_json::Value = serde_json::from_str(&saved).expect("the login is JSON");
    let now = handover::system::clock::unix();
    for (days, rest) in
        [(19, "11 days of the trial are left"), (29, "1 day of the trial is left"), (30, "the trial is over")]
    {
        // An hour more, so that no day ends meanwhile.
        login["registered"] = (now - days * 86_400 - 3_600).into();
        std::fs::write(&file, login.to_string()).expect("write the login");
        let found = Findings::of(&stage.home).await;
        found.fails(&[]);
        found.says("licence", &format!("the account has no licence for Pushover for Desktop; {rest}"));
    }
}

#[tokio::test]
async fn a_daemon_with_a_problem_says_it() {
    let mut stage = Stage::signed_in().await;
    stage.home.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let _daemon = stage.connected().await;
    stage.send("hello");
    stage.until("it is deleted", |now| now.deletes > 0).await;
    stage.home.handover(&["sync"]).await.well();
    let found = Findings::of(&stage.home).await;
    found.fails(&["notifications"]);
    found.warns(&["daemon"]);
    let said = found.field("daemon", "message");
    assert!(said.starts_with("running: Connected as desk, 1 unread; messages cannot be shown: "), "{said}");
}

#[tokio::test]
async fn a_daemon_that_waits_for_a_login_is_not_blamed_for_it() {
    let stage = Stage::new().await;
    let _daemon = stage.home.daemon();
    stage.server.next_shown().await;
    let found = Findings::of(&stage.home).await;
    found.fails(&["login"]);
    found.warns(&["daemon"]);
    found.says("daemon", "running: Not signed in");
    for name in ["session", "licence"] {
        assert!(!found.checks.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn a_daemon_that_is_offline_is_a_warning_beside_the_cause() {
    let stage = Stage::signed_in().await;
    stage.sandbox.faults().always(Endpoint::Socket, Fault::status(502));
    let _daemon = stage.home.daemon();
    stage.until("it was turned away", |now| now.faults > 0).await;
    stage.until_status("it waits", |status| status["link"] == "waiting").await;
    let found = Findings::of(&stage.home).await;
    found.fails(&["websocket"]);
    found.warns(&["daemon"]);
    let issue = "the service is unavailable: HTTP 502";
    found.says("daemon", &format!("running: Offline, will connect again; {issue}"));
    // Neither is known of a login that could not be tried.
    assert!(!found.checks.contains_key("session") && !found.checks.contains_key("licence"));
}

#[tokio::test]
async fn a_daemon_of_another_version_is_to_be_started_again() {
    let stage = Stage::signed_in().await;
    let socket = UnixListener::bind(stage.home.path("run/handover/control.sock")).expect("listen");
    std::thread::spawn(move || {
        for stream in socket.incoming().flatten() {
            let mut line = String::new();
            drop(BufReader::new(&stream).read_line(&mut line));
            // As version 0.0.9 would have answered, without what came later.
            let answer = r#"{"reply":"status","link":"connected","since":1,"paused_until":null,"unread":0,"unacknowledged":0,"last_message":null,"device":"desk","version":"0.0.9","pid":1,"sentence":"Connected as desk","problems":[]}"#;
            drop(writeln!(&stream, "{answer}"));
        }
    });
    let found = Findings::of(&stage.home).await;
    found.fails(&[]);
    found.warns(&["daemon"]);
    let version = env!("CARGO_PKG_VERSION");
    found.says("daemon", &format!("running as version 0.0.9, this is {version}: Connected as desk"));
    found.hints("daemon", "start it again: `handover quit`, then `handover run`");
}

#[tokio::test]
async fn a_folder_in_which_no_daemon_can_listen_is_said_so() {
    let mut stage = Stage::signed_in().await;
    let folder = stage.home.path(&"x".repeat(100));
    stage.home.set("XDG_RUNTIME_DIR", folder.to_str().expect("a path in UTF-8"));
    let found = Findings::of(&stage.home).await;
    found.fails(&["daemon"]);
    let said = found.field("daemon", "message");
    assert!(said.starts_with("no daemon can start: the control socket cannot be created: "), "{said}");
}
