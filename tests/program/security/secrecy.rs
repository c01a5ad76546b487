//! What must stay secret: no secret and no message text is in any log, and no login is readable by others.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use handover::sandbox::{Endpoint, Fault, Options};
use handover::system::clock;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::harness::Harness;

const PASSWORD: &str = "PASSWORD-kd83hf";
const CODE: &str = "CODE-71935";
/// A word that is in every text of every message.
const MARKER: &str = "MARKER-2f9c";

#[tokio::test]
async fn no_text_of_a_message_reaches_the_log() {
    let options = Options {
        password: PASSWORD.to_owned(),
        two_factor: Some(CODE.to_owned()),
        ..Options::new(clock::unix)
    };
    let mut harness = Harness::with(options).await;
    harness.user.set("HANDOVER_LOG", "trace");
    let mut said = String::new();
    let mut note = |finished: crate::process::Finished| said.push_str(&(finished.out + &finished.err));

    let flags = [
        "setup",
        "--email",
        "sandbox@example.org",
        "--password-stdin",
        "--device-name",
        "desk",
        "--two-factor",
    ];
    note(harness.user.handover_with_input(&[&flags[..], &["000000"]].concat(), PASSWORD).await);
    note(harness.user.handover_with_input(&[&flags[..], &[CODE]].concat(), PASSWORD).await);
    let login = std::fs::read_to_string(harness.user.credentials()).expect("the login is saved");
    let login: Value = serde_json::from_str(&login).expect("the login is JSON");
    let secret = login["secret"].as_str().expect("the login has a secret").to_owned();

    // Every kind of message and every kind of issue.
    let daemon = harness.connected().await;
    send_every_kind(&harness).await;
    for fault in [Fault::status(500), Fault::Garbage, Fault::HalfBody, Fault::CaptivePortal, Fault::Drop] {
        for endpoint in [Endpoint::Download, Endpoint::Delete] {
            harness.sandbox.faults().next(endpoint, fault.clone(), 1);
            harness.send(MARKER);
            note(harness.user.handover(&["sync"]).await);
        }
    }
    let reply =
        json!({"status": 1, "messages": [{"id": "x", "message": MARKER, "title": [MARKER]}, MARKER, 5]});
    harness.sandbox.faults().next(Endpoint::Download, Fault::Json(reply), 1);
    note(harness.user.handover(&["sync"]).await);
    note(harness.user.handover(&["acknowledge", "17"]).await);
    note(harness.user.handover(&["status"]).await);
    note(daemon.kill().await);

    // The same again, with a login that is refused.
    let daemon = harness.connected().await;
    send_every_kind(&harness).await;
    harness.sandbox.revoke_sessions();
    daemon.until_logged("refused").await;
    note(harness.user.handover(&["sync"]).await);
    note(harness.user.handover(&["run"]).await);
    note(daemon.stop(Signal::TERM).await.0);
    note(harness.user.handover(&["logout"]).await);

    assert!(
        said.contains("DEBUG") && said.matches("INFO the connection to the service: connected").count() >= 2,
        "there is a log: {said}"
    );
    let words = [PASSWORD, CODE, &secret, MARKER];
    let told: Vec<_> = said.lines().filter(|line| words.iter().any(|word| line.contains(word))).collect();
    assert!(told.is_empty(), "{told:#?}");
}

/// Sends a message of each kind and waits until all of them are handled.
async fn send_every_kind(harness: &Harness) {
    let fields = [("title", MARKER), ("url", "https://MARKER-2f9c.example/"), ("url_title", MARKER)];
    for more in [
        &[("priority", "-2")][..],
        &[("priority", "-1"), ("sound", MARKER)],
        &[("html", "1")],
        &[("priority", "1")],
        &[("priority", "2"), ("retry", "3600"), ("expire", "10800")],
    ] {
        harness.send_with(&format!("<b>{MARKER}</b>"), &[&fields[..], more].concat());
    }
    harness.sandbox.inject(
        &json!({"message": [MARKER], "title": 5, "app": {"x": MARKER}, "date": MARKER, "html": MARKER}),
    );
    harness.sandbox.inject(&json!({"id": MARKER, "message": MARKER, "receipt": MARKER, "priority": 2}));
    harness.user.handover(&["sync"]).await;
}

#[tokio::test]
async fn a_login_that_others_can_read_is_refused() {
    let harness = Harness::signed_in().await;
    let file = harness.user.credentials();
    for mode in [0o640, 0o604, 0o660] {
        set_permissions(&file, Permissions::from_mode(mode)).expect("change the mode");
        let path = file.display();
        let expected = format!(
            "error: the login cannot be read: {path}: other users can read or write it\n\
             hint: run `chmod 600 {path}`, or sign in again\n"
        );
        assert_eq!(harness.user.handover(&["run"]).await.failed(1), expected);
    }
    assert_eq!(harness.sandbox.counters().sockets_opened, 0);
    set_permissions(&file, Permissions::from_mode(0o600)).expect("change the mode");
    let _daemon = harness.connected().await;
}

#[tokio::test]
async fn all_files_are_readable_by_their_owner_only() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    for (below, mode) in [
        ("data/handover", 0o700),
        ("data/handover/credentials.json", 0o600),
        ("data/handover/messages.db", 0o600),
        ("data/handover/messages.db-wal", 0o600),
        ("data/handover/messages.db-shm", 0o600),
        ("run/handover", 0o700),
        ("run/handover/control.sock", 0o600),
    ] {
        let found = harness.user.path(below).metadata().expect(below).permissions().mode() & 0o777;
        assert_eq!(found, mode, "{below}: {found:o}");
    }
}
