//! Signing in by flags, and signing out.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use handover::sandbox::{Endpoint, Fault, Options};
use handover::system::clock;

use crate::process::Finished;
use crate::support::stage::Stage;

const PASSWORD: &str = "  zwölf+Räume & 100 % = \"ja\"; 'é' \\ %20 \u{1f600} ";
const CODE: &str = "735019";

async fn stage(two_factor: Option<&str>) -> Stage {
    let options = Options {
        password: PASSWORD.to_owned(),
        two_factor: two_factor.map(str::to_owned),
        ..Options::new(clock::unix)
    };
    Stage::with(options).await
}

/// Runs `handover setup` with the account's email, a password and these flags.
async fn set_up(stage: &Stage, password: &str, flags: &[&str]) -> Finished {
    let always = ["setup", "--email", "sandbox@example.org", "--password-stdin"];
    let finished = stage.home.handover_told(&[&always, flags].concat(), &format!("{password}\n")).await;
    for secret in [password.trim(), CODE, &secret(stage)] {
        assert!(!finished.out.contains(secret) && !finished.err.contains(secret), "{finished:?}");
    }
    finished
}

/// The session secret that was saved, or something nobody prints.
fn secret(stage: &Stage) -> String {
    let Ok(file) = fs::read(stage.home.credentials()) else { return "\0".to_owned() };
    let login: serde_json::Value = serde_json::from_slice(&file).expect("the login is JSON");
    login["secret"].as_str().expect("the login has a secret").to_owned()
}

fn is_signed_in(stage: &Stage) -> bool {
    stage.home.credentials().exists()
}

#[tokio::test]
async fn a_login_is_saved_and_what_waits_is_recorded_in_silence() {
    let stage = stage(None).await;
    stage.sandbox.switch(|switches| switches.welcome = true);
    let printed = set_up(&stage, PASSWORD, &["--device-name", "desk"]).await.well();
    let expected = "signed in as desk\n\
        1 waiting message recorded, see it with `handover messages`\n\
        start receiving with `handover run`\n";
    assert_eq!(printed, expected);
    let mode = |below| stage.home.path(below).metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode("data/handover"), 0o700);
    assert_eq!(mode("data/handover/credentials.json"), 0o600);
    assert_eq!(mode("data/handover/messages.db"), 0o600);
    assert_eq!(mode("run/handover"), 0o700);
    assert_eq!(stage.left_on_server(), 0);
    assert_eq!(stage.home.messages().await.len(), 1);
    assert!(stage.shown_so_far().await.is_empty());
    let saved = fs::read_to_string(stage.home.credentials()).expect("read the login");
    assert!(!saved.contains(PASSWORD.trim()));
}

#[tokio::test]
async fn nothing_waiting_and_many_waiting_read_well() {
    let stage = stage(None).await;
    let printed = set_up(&stage, PASSWORD, &["--device-name", "desk"]).await.well();
    assert_eq!(printed, "signed in as desk\nno message was waiting\nstart receiving with `handover run`\n");
    stage.send("one");
    stage.send("two");
    let printed = set_up(&stage, PASSWORD, &["--device-name", "desk", "--take-over"]).await.well();
    let expected = "signed in as desk\n\
        2 waiting messages recorded, see them with `handover messages`\n\
        start receiving with `handover run`\n";
    assert_eq!(printed, expected);
}

#[tokio::test]
async fn a_wrong_password_is_said_and_nothing_is_saved() {
    let stage = stage(None).await;
    let said = set_up(&stage, "hunter2-hunter2", &["--device-name", "desk"]).await.badly(1);
    let expected = "error: signing in failed: the service refused: invalid email and/or password\n\
        hint: check the email address and the password\n";
    assert_eq!(said, expected);
    assert!(!is_signed_in(&stage));
    assert_eq!(stage.sandbox.counters().requests, 1);
}

#[tokio::test]
async fn a_two_factor_code_is_asked_for_and_used() {
    let stage = stage(Some(CODE)).await;
    let missing = set_up(&stage, PASSWORD, &["--device-name", "desk"]).await.badly(1);
    let expected = "error: setup stopped: the two-factor code is missing and there is no terminal to ask on\n\
        hint: add --two-factor\n";
    assert_eq!(missing, expected);

    for status in [412, 400] {
        stage.sandbox.switch(|switches| switches.wrong_code_status = status);
        let flags = ["--device-name", "desk", "--two-factor", "000000"];
        let wrong = set_up(&stage, PASSWORD, &flags).await.badly(1);
        assert!(wrong.starts_with("error: signing in failed: ") && wrong.contains("code"), "{wrong}");
        assert!(!is_signed_in(&stage));
    }

    let flags = ["--device-name", "desk", "--two-factor", CODE];
    assert!(set_up(&stage, PASSWORD, &flags).await.well().starts_with("signed in as desk\n"));
    assert!(is_signed_in(&stage));
}

#[tokio::test]
async fn a_name_in_use_is_taken_over_only_when_asked() {
    let stage = stage(None).await;
    let (_, phone) = stage.sandbox.add_device("desk");
    let said = set_up(&stage, PASSWORD, &["--device-name", "desk"]).await.badly(1);
    let expected = "error: registering this computer failed: the name desk is taken\n\
        hint: choose another --device-name, or, if it is this computer from before, add --take-over: the device that has it stops receiving\n";
    assert_eq!(said, expected);
    assert!(!is_signed_in(&stage));
    assert_eq!(stage.sandbox.devices(), std::slice::from_ref(&phone));

    set_up(&stage, PASSWORD, &["--device-name", "desk", "--take-over"]).await.well();
    let devices = stage.sandbox.devices();
    assert!(devices.len() == 1 && devices[0] != phone, "{devices:?}");
}

#[tokio::test]
async fn a_name_the_service_would_refuse_is_not_even_asked_for() {
    let stage = stage(None).await;
    for name in ["a b", "", "käse", "abcdefghijklmnopqrstuvwxyz"] {
        let said = set_up(&stage, PASSWORD, &["--device-name", name]).await.badly(2);
        let expected = format!(
            "error: invalid value '{name}' for '--device-name <DEVICE_NAME>': use up to 25 of A-Z a-z 0-9 _ -\n"
        );
        assert!(said.starts_with(&expected), "{said}");
    }
    assert!(stage.sandbox.journal().is_empty());
}

#[tokio::test]
async fn too_many_devices_are_said_so() {
    let stage = stage(None).await;
    stage.sandbox.switch(|switches| switches.max_devices = 1);
    stage.sandbox.add_device("phone");
    let said = set_up(&stage, PASSWORD, &["--device-name", "desk"]).await.badly(1);
    assert!(said.starts_with("error: registering this computer failed: "), "{said}");
    assert!(said.contains("\nhint: remove a device on the service's web site, or "), "{said}");
    assert!(!is_signed_in(&stage));
}

#[tokio::test]
async fn a_service_that_is_not_there_is_said_so() {
    let mut stage = stage(None).await;
    let closed =
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a closed port");
    stage.home.set("HANDOVER_API_URL", &format!("http://{closed}"));
    let said = set_up(&stage, PASSWORD, &["--device-name", "desk"]).await.badly(1);
    let expected = "error: signing in failed: the service cannot be reached: the connection was refused\n\
        hint: check the network, or try again in a little while\n";
    assert_eq!(said, expected);
    assert!(!is_signed_in(&stage));
}

#[tokio::test]
async fn a_login_is_kept_although_what_waits_cannot_be_fetched() {
    let stage = stage(None).await;
    stage.sandbox.faults().next(Endpoint::Download, Fault::status(503), 1);
    let printed = set_up(&stage, PASSWORD, &["--device-name", "desk"]).await.well();
    assert!(
        printed.starts_with("signed in as desk\nthe outstanding messages could not be fetched: "),
        "{printed}"
    );
    assert!(printed.contains("; `handover run` will fetch them\n"), "{printed}");
    stage.send("waiting");
    let _daemon = stage.connected().await;
    assert_eq!(stage.home.messages().await.len(), 1);
    assert!(stage.shown_so_far().await.is_empty(), "the first flush is silent, whoever makes it");
}

#[tokio::test]
async fn without_a_terminal_it_names_the_missing_flag() {
    let stage = stage(None).await;
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
        assert_eq!(stage.home.handover(arguments).await.badly(1), expected);
    }
    assert!(stage.sandbox.journal().is_empty());
}

#[tokio::test]
async fn a_running_daemon_carries_on_with_a_new_login() {
    let stage = stage(None).await;
    set_up(&stage, PASSWORD, &["--device-name", "desk"]).await.well();
    let daemon = stage.connected().await;
    for (flags, sentence) in [
        (&["--device-name", "attic"][..], "Connected as attic"),
        (&["--device-name", "attic", "--take-over"], "Connected as attic, 1 unread"),
    ] {
        let before = stage.sandbox.counters();
        let printed = set_up(&stage, PASSWORD, flags).await.well();
        assert_eq!(printed, "signed in as attic\nthe running daemon carries on with this login\n");
        stage.until("the new login", |now| now.socket_logins > before.socket_logins).await;
        stage.home.handover(&["sync"]).await.well();
        assert_eq!(stage.home.status().await["sentence"], sentence);
        stage.send_with("to the new device", &[("device", "attic")]);
        while stage.server.next_shown().await.body != "to the new device" {}
        let notifications: Vec<_> =
            stage.server.screen().into_values().map(|notification| notification.body).collect();
        assert!(
            notifications.iter().all(|body| body == "to the new device"),
            "no warning stays: {notifications:?}"
        );
    }
    drop(daemon);
}

#[tokio::test]
async fn signing_out_keeps_the_messages_unless_told_otherwise() {
    let stage = Stage::signed_in().await;
    let daemon = stage.connected().await;
    stage.send("kept");
    stage.server.next_shown().await;
    assert_eq!(stage.home.handover(&["logout"]).await.well(), "signed out; the messages are kept\n");
    assert!(!is_signed_in(&stage));
    stage.until("the connection is let go of", |now| now.sockets_now == 0).await;
    let status = stage.home.status().await;
    assert_eq!((&status["link"], &status["device"]), (&"signed-out".into(), &serde_json::Value::Null));
    let said = stage.home.handover(&["sync"]).await.badly(3);
    assert_eq!(said, "error: not signed in: no login is saved here\nhint: run `handover setup` to sign in\n");
    assert_eq!(stage.home.messages().await.len(), 1);

    // It waits for a login.
    stage.home.handover_told(&SIGN_IN_AGAIN, &stage.sandbox.account().password).await.well();
    stage.until("the new login", |now| now.socket_logins == 2).await;
    stage.home.handover(&["sync"]).await.well();
    daemon.stop(rustix::process::Signal::TERM).await;

    let forgotten = stage.home.handover(&["logout", "--forget-messages"]).await.well();
    assert_eq!(forgotten, "signed out; the messages are forgotten\n");
    let listed = stage.home.handover(&["messages"]).await;
    assert_eq!((listed.code, listed.out.as_str(), listed.err.as_str()), (Some(0), "", "no messages\n"));
    assert_eq!(
        stage.home.handover(&["logout"]).await.well(),
        "nobody was signed in; the messages are kept\n"
    );
}

const SIGN_IN_AGAIN: [&str; 7] =
    ["setup", "--email", "sandbox@example.org", "--password-stdin", "--device-name", "desk", "--take-over"];
