//! Tests signing in with flags, and signing out.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use handover::sandbox::{Endpoint, Fault, Options};
use handover::system::clock;

use crate::process::Finished;
use crate::support::harness::Harness;

const PASSWORD: &str = "  zwölf+Räume & 100 % = \"ja\"; 'é' \\ %20 \u{1f600} ";
const CODE: &str = "735019";

async fn harness(two_factor: Option<&str>) -> Harness {
    let options = Options {
        password: PASSWORD.to_owned(),
        two_factor: two_factor.map(str::to_owned),
        ..Options::new(clock::unix)
    };
    Harness::with(options).await
}

/// Runs `handover setup` with the account's email, a password and these flags.
async fn set_up(harness: &Harness, password: &str, flags: &[&str]) -> Finished {
    let always = ["setup", "--email", "sandbox@example.org", "--password-stdin"];
    let finished =
        harness.user.handover_with_input(&[&always, flags].concat(), &format!("{password}\n")).await;
    for secret in [password.trim(), CODE, &secret(harness)] {
        assert!(!finished.out.contains(secret) && !finished.err.contains(secret), "{finished:?}");
    }
    finished
}

/// The saved session secret, or a text that is never printed.
fn secret(harness: &Harness) -> String {
    let Ok(file) = fs::read(harness.user.credentials()) else { return "\0".to_owned() };
    let login: serde_json::Value = serde_json::from_slice(&file).expect("the login is JSON");
    login["secret"].as_str().expect("the login has a secret").to_owned()
}

fn is_signed_in(harness: &Harness) -> bool {
    harness.user.credentials().exists()
}

#[tokio::test]
async fn setup_saves_the_login_and_records_waiting_messages_silently() {
    let harness = harness(None).await;
    harness.sandbox.switch(|switches| switches.welcome = true);
    let printed = set_up(&harness, PASSWORD, &["--device-name", "desk"]).await.succeeded();
    let expected = "signed in as desk\n\
        1 waiting message was saved; see it with `handover messages`\n\
        start receiving with `handover start`\n";
    assert_eq!(printed, expected);
    let mode = |below| harness.user.path(below).metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode("data/handover"), 0o700);
    assert_eq!(mode("data/handover/credentials.json"), 0o600);
    assert_eq!(mode("data/handover/messages.db"), 0o600);
    assert_eq!(mode("run/handover"), 0o700);
    assert_eq!(harness.left_on_server(), 0);
    assert_eq!(harness.user.messages().await.len(), 1);
    assert!(harness.shown_so_far().await.is_empty());
    let saved = fs::read_to_string(harness.user.credentials()).expect("read the login");
    assert!(!saved.contains(PASSWORD.trim()));
}

#[tokio::test]
async fn the_number_of_waiting_messages_is_worded_correctly() {
    let harness = harness(None).await;
    let printed = set_up(&harness, PASSWORD, &["--device-name", "desk"]).await.succeeded();
    assert_eq!(
        printed,
        "signed in as desk\nno messages were waiting\nstart receiving with `handover start`\n"
    );
    harness.send("one");
    harness.send("two");
    let printed = set_up(&harness, PASSWORD, &["--device-name", "desk", "--take-over"]).await.succeeded();
    let expected = "signed in as desk\n\
        2 waiting messages were saved; see them with `handover messages`\n\
        start receiving with `handover start`\n";
    assert_eq!(printed, expected);
}

#[tokio::test]
async fn a_wrong_password_is_reported_and_nothing_is_saved() {
    let harness = harness(None).await;
    let said = set_up(&harness, "hunter2-hunter2", &["--device-name", "desk"]).await.failed(1);
    let expected = "error: signing in failed: the service refused: invalid email and/or password\n\
        hint: check the email address and the password\n";
    assert_eq!(said, expected);
    assert!(!is_signed_in(&harness));
    assert_eq!(harness.sandbox.counters().requests, 1);
}

#[tokio::test]
async fn a_two_factor_code_is_requested_and_used() {
    let harness = harness(Some(CODE)).await;
    let missing = set_up(&harness, PASSWORD, &["--device-name", "desk"]).await.failed(1);
    let expected = "error: setup stopped: the two-factor code is missing and there is no terminal to ask on\n\
        hint: add --two-factor\n";
    assert_eq!(missing, expected);

    for status in [412, 400] {
        harness.sandbox.switch(|switches| switches.wrong_code_status = status);
        let flags = ["--device-name", "desk", "--two-factor", "000000"];
        let wrong = set_up(&harness, PASSWORD, &flags).await.failed(1);
        assert!(wrong.starts_with("error: signing in failed: ") && wrong.contains("code"), "{wrong}");
        assert!(!is_signed_in(&harness));
    }

    let flags = ["--device-name", "desk", "--two-factor", CODE];
    assert!(set_up(&harness, PASSWORD, &flags).await.succeeded().starts_with("signed in as desk\n"));
    assert!(is_signed_in(&harness));
}

#[tokio::test]
async fn a_device_name_in_use_is_taken_over_only_on_request() {
    let harness = harness(None).await;
    let (_, phone) = harness.sandbox.add_device("desk");
    let said = set_up(&harness, PASSWORD, &["--device-name", "desk"]).await.failed(1);
    let expected = "error: registering this computer failed: the name desk is taken\n\
        hint: choose another --device-name, or, if this computer had it before, add --take-over: the device that has it stops receiving\n";
    assert_eq!(said, expected);
    assert!(!is_signed_in(&harness));
    assert_eq!(harness.sandbox.devices(), std::slice::from_ref(&phone));

    set_up(&harness, PASSWORD, &["--device-name", "desk", "--take-over"]).await.succeeded();
    let devices = harness.sandbox.devices();
    assert!(devices.len() == 1 && devices[0] != phone, "{devices:?}");
}

#[tokio::test]
async fn an_invalid_device_name_is_not_sent_to_the_service() {
    let harness = harness(None).await;
    for name in ["a b", "", "käse", "abcdefghijklmnopqrstuvwxyz"] {
        let said = set_up(&harness, PASSWORD, &["--device-name", name]).await.failed(2);
        let expected = format!(
            "error: invalid value '{name}' for '--device-name <DEVICE_NAME>': use up to 25 of A-Z a-z 0-9 _ -\n"
        );
        assert!(said.starts_with(&expected), "{said}");
    }
    assert!(harness.sandbox.journal().is_empty());
}

#[tokio::test]
async fn too_many_devices_are_reported() {
    let harness = harness(None).await;
    harness.sandbox.switch(|switches| switches.max_devices = 1);
    harness.sandbox.add_device("phone");
    let said = set_up(&harness, PASSWORD, &["--device-name", "desk"]).await.failed(1);
    assert!(said.starts_with("error: registering this computer failed: "), "{said}");
    assert!(said.contains("\nhint: remove a device at https://pushover.net, or "), "{said}");
    assert!(!is_signed_in(&harness));
}

#[tokio::test]
async fn an_unreachable_service_is_reported() {
    let mut harness = harness(None).await;
    let closed =
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a closed port");
    harness.user.set("HANDOVER_API_URL", &format!("http://{closed}"));
    let said = set_up(&harness, PASSWORD, &["--device-name", "desk"]).await.failed(1);
    let expected = "error: signing in failed: the service cannot be reached: the connection was refused\n\
        hint: check the network, or try again later\n";
    assert_eq!(said, expected);
    assert!(!is_signed_in(&harness));
}

#[tokio::test]
async fn the_login_is_kept_if_waiting_messages_cannot_be_downloaded() {
    let harness = harness(None).await;
    harness.sandbox.faults().next(Endpoint::Download, Fault::status(503), 1);
    let printed = set_up(&harness, PASSWORD, &["--device-name", "desk"]).await.succeeded();
    assert!(
        printed.starts_with("signed in as desk\nthe outstanding messages could not be fetched: "),
        "{printed}"
    );
    assert!(printed.contains("; `handover start` will fetch them\n"), "{printed}");
    harness.send("waiting");
    let _daemon = harness.connected().await;
    assert_eq!(harness.server.next_shown().await.body, "waiting");
    assert_eq!(harness.user.messages().await.len(), 1);
}

#[tokio::test]
async fn without_a_terminal_setup_names_the_missing_flag() {
    let harness = harness(None).await;
    for (arguments, expected) in [
        (
            &["setup"][..],
            "error: setup stopped: the email address is missing and there is no terminal to ask on\n\
             hint: add --email\n",
        ),
        (
            &["setup", "--email", "a@b.example"],
            "error: setup stopped: the password is missing and there is no terminal to ask on\n\
             hint: add --password-stdin and give it as the first line of standard input\n",
        ),
    ] {
        assert_eq!(harness.user.handover(arguments).await.failed(1), expected);
    }
    assert!(harness.sandbox.journal().is_empty());
}

#[tokio::test]
async fn a_running_daemon_continues_with_the_new_login() {
    let harness = harness(None).await;
    set_up(&harness, PASSWORD, &["--device-name", "desk"]).await.succeeded();
    let daemon = harness.connected().await;
    for (flags, sentence) in [
        (&["--device-name", "attic"][..], "Connected as attic"),
        (&["--device-name", "attic", "--take-over"], "Connected as attic, 1 unread"),
    ] {
        let before = harness.sandbox.counters();
        let printed = set_up(&harness, PASSWORD, flags).await.succeeded();
        assert_eq!(printed, "signed in as attic\nthe running daemon now uses this login\n");
        harness.until("the new login", |now| now.socket_logins > before.socket_logins).await;
        harness.user.handover(&["sync"]).await.succeeded();
        assert_eq!(harness.user.status().await["sentence"], sentence);
        harness.send_with("to the new device", &[("device", "attic")]);
        while harness.server.next_shown().await.body != "to the new device" {}
        // After this the message is deleted, so that the device of the next round does not receive it again.
        harness.user.handover(&["sync"]).await.succeeded();
        let notifications: Vec<_> =
            harness.server.screen().into_values().map(|notification| notification.body).collect();
        assert!(
            notifications.iter().all(|body| body == "to the new device"),
            "no warning stays: {notifications:?}"
        );
    }
    drop(daemon);
}

#[tokio::test]
async fn signing_out_keeps_messages_unless_asked_to_delete_them() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    harness.send("kept");
    harness.server.next_shown().await;
    let stays = "the device desk stays registered with the service; remove it at https://pushover.net\n";
    let said = harness.user.handover(&["logout"]).await.succeeded();
    assert_eq!(said, format!("signed out; the messages are kept\n{stays}"));
    assert!(!is_signed_in(&harness));
    harness.until("the connection is closed", |now| now.sockets_now == 0).await;
    let status = harness.user.status().await;
    assert_eq!((&status["link"], &status["device"]), (&"signed-out".into(), &serde_json::Value::Null));
    let said = harness.user.handover(&["sync"]).await.failed(3);
    assert_eq!(said, "error: not signed in: no login is saved here\nhint: run `handover setup` to sign in\n");
    assert_eq!(harness.user.messages().await.len(), 1);

    // The daemon waits for a login.
    harness.user.handover_with_input(&SIGN_IN_AGAIN, &harness.sandbox.account().password).await.succeeded();
    harness.until("the new login", |now| now.socket_logins == 2).await;
    harness.user.handover(&["sync"]).await.succeeded();
    daemon.stop(rustix::process::Signal::TERM).await;

    let forgotten = harness.user.handover(&["logout", "--forget-messages"]).await.succeeded();
    assert_eq!(forgotten, format!("signed out; the messages were deleted\n{stays}"));
    let listed = harness.user.handover(&["messages"]).await;
    assert_eq!((listed.code, listed.out.as_str(), listed.err.as_str()), (Some(0), "", "no messages\n"));
    assert_eq!(
        harness.user.handover(&["logout"]).await.succeeded(),
        "you were not signed in; the messages are kept\n"
    );
}

#[tokio::test]
async fn signing_in_again_uses_the_name_from_before_the_sign_out() {
    let harness = harness(None).await;
    set_up(&harness, PASSWORD, &["--device-name", "attic"]).await.succeeded();
    harness.user.handover(&["logout"]).await.succeeded();
    let said = set_up(&harness, PASSWORD, &[]).await.failed(1);
    assert!(said.starts_with("error: registering this computer failed: the name attic is taken\n"), "{said}");
    let said = set_up(&harness, PASSWORD, &["--take-over"]).await.succeeded();
    assert!(said.starts_with("signed in as attic\n"), "{said}");
    assert_eq!(harness.sandbox.devices().len(), 1);
}

#[tokio::test]
async fn a_flag_turns_starting_at_login_on_or_off() {
    let harness = harness(None).await;
    let entry = harness.user.path("config/autostart/handover.desktop");
    let said = set_up(&harness, PASSWORD, &["--device-name", "desk", "--autostart", "on"]).await.succeeded();
    assert!(said.ends_with("\nHandover will start at login\n"), "{said}");
    assert!(entry.exists());
    let said = set_up(&harness, PASSWORD, &["--take-over", "--autostart", "off"]).await.succeeded();
    assert!(said.ends_with("\nHandover does not start at login\n"), "{said}");
    assert!(!entry.exists());
}

const SIGN_IN_AGAIN: [&str; 7] =
    ["setup", "--email", "sandbox@example.org", "--password-stdin", "--device-name", "desk", "--take-over"];

#[tokio::test]
async fn messages_from_before_a_sign_in_stay_unread_and_are_shown_in_one_summary() {
    let harness = harness(None).await;
    harness.sandbox.switch(|switches| switches.welcome = true);
    set_up(&harness, PASSWORD, &["--device-name", "desk"]).await.succeeded();
    let daemon = harness.connected().await;
    harness.user.handover(&["sync"]).await.succeeded();
    assert_eq!(harness.user.status().await["unread"], 0, "the welcome is silent");
    assert!(harness.shown_so_far().await.is_empty());

    // With a daemon.
    harness.user.handover(&["logout"]).await.succeeded();
    harness.until("the connection is closed", |now| now.sockets_now == 0).await;
    harness.send("one");
    harness.send_with("two", &[("priority", "1")]);
    harness.user.handover_with_input(&SIGN_IN_AGAIN, PASSWORD).await.succeeded();
    let summary = harness.server.next_shown().await;
    assert_eq!(summary.title, "2 messages arrived before you signed in");
    assert_eq!(summary.body, "Sandbox: two\nSandbox: one");
    harness.until_status("both are unread", |status| status["unread"] == 2).await;

    // Without one.
    daemon.stop(rustix::process::Signal::TERM).await;
    harness.user.handover(&["logout"]).await.succeeded();
    harness.send("three");
    harness.send("four");
    harness.user.handover_with_input(&SIGN_IN_AGAIN, PASSWORD).await.succeeded();
    assert!(harness.shown_so_far().await.is_empty(), "clicks would get lost when the command ends");
    let _daemon = harness.user.daemon();
    assert_eq!(harness.server.next_shown().await.title, "2 messages arrived before you signed in");
    harness.send("five");
    assert_eq!(harness.server.next_shown().await.body, "five");
    harness.until_status("all are unread", |status| status["unread"] == 5).await;
}

#[tokio::test]
async fn an_emergency_at_the_front_of_a_large_backlog_leaves_the_rest_to_the_daemon() {
    let harness = harness(None).await;
    set_up(&harness, PASSWORD, &["--device-name", "desk"]).await.succeeded();
    harness.user.handover(&["logout"]).await.succeeded();
    harness.send_with("fire", &[("priority", "2"), ("retry", "3600"), ("expire", "10000")]);
    // Several parts of a download, the last of which is not full.
    for number in 0..1_900 {
        harness.send(&format!("m{number}"));
    }
    harness.user.handover_with_input(&SIGN_IN_AGAIN, PASSWORD).await.succeeded();
    assert_eq!(harness.server.next_shown().await.body, "fire");
    let _daemon = harness.user.daemon();
    assert_eq!(harness.server.next_shown().await.title, "1900 messages arrived before you signed in");
}
