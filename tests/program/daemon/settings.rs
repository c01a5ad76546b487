//! Tests that the running daemon follows changes of the settings.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use rustix::process::Signal;
use tokio::time::timeout;

use crate::process::{Running, TIMEOUT};
use crate::support::harness::Harness;
use crate::support::notification_server::Shown;

const CHANGED: &str = "the settings were changed";

fn file(harness: &Harness) -> PathBuf {
    harness.user.path("config/handover/config.toml")
}

/// Sends an emergency; returns whether it has to be acknowledged by hand.
async fn is_manual(harness: &Harness) -> bool {
    harness.send_emergency("fire");
    let notification: Shown = loop {
        let notification = harness.server.next_shown().await;
        // A notification about a mistake in the settings may come first.
        if notification.body == "fire" {
            break notification;
        }
    };
    notification.actions.iter().any(|word| word == "Acknowledge")
}

type Change = (&'static str, fn(&Harness));

/// Alternates between `manual` and another value.
const CHANGES: &[Change] = &[
    ("the first file, in a folder of its own", |harness| {
        harness.user.settings("emergency = 'manual'");
    }),
    ("written in place", |harness| {
        harness.user.settings("emergency = 'never'");
    }),
    ("replaced, as most editors do it", |harness| {
        let new = harness.user.path("config/handover/.config.toml.new");
        fs::write(&new, "emergency = 'manual'").expect("write beside it");
        fs::rename(new, file(harness)).expect("put it in place");
    }),
    ("removed", |harness| fs::remove_file(file(harness)).expect("remove it")),
    ("linked to from elsewhere, as dotfile managers do it", |harness| {
        fs::create_dir(harness.user.path("dots")).expect("make a folder");
        fs::write(harness.user.path("dots/handover.toml"), "emergency = 'manual'").expect("write");
        symlink("../../dots/handover.toml", file(harness)).expect("link to it");
    }),
    ("written where the link leads", |harness| {
        fs::write(harness.user.path("dots/handover.toml"), "emergency = 'never'").expect("write");
    }),
    ("moved away and made anew, as vim does it", |harness| {
        let real = harness.user.path("dots/handover.toml");
        fs::rename(&real, harness.user.path("dots/handover.toml~")).expect("move it away");
        fs::write(real, "emergency = 'manual'").expect("write it anew");
    }),
    ("gone with its folder", |harness| {
        fs::remove_dir_all(harness.user.path("config")).expect("remove it");
    }),
    ("back with its folder", |harness| {
        harness.user.settings("emergency = 'manual'");
    }),
];

#[tokio::test]
async fn changed_settings_apply_at_once_however_the_file_is_written() {
    let harness = Harness::signed_in().await;
    fs::remove_dir_all(harness.user.path("config")).expect("there is no folder for settings");
    let daemon = harness.connected().await;
    assert!(!is_manual(&harness).await);
    for (before, (way, change)) in CHANGES.iter().enumerate() {
        change(&harness);
        daemon.until_logged_times(CHANGED, before + 1).await;
        assert_eq!(is_manual(&harness).await, before % 2 == 0, "{way}");
    }
    assert_eq!(harness.sandbox.counters().socket_logins, 1, "it connected again");
    let log = daemon.stop(Signal::TERM).await.0.err;
    assert_eq!(log.matches(CHANGED).count(), CHANGES.len(), "{log}");
    assert!(!log.contains("not used") && !log.contains("cannot be watched"), "{log}");
}

async fn until_problems_are(harness: &Harness, expected: &[String]) {
    harness.until_status("the problems", |status| status["problems"] == serde_json::json!(expected)).await;
}

#[tokio::test]
async fn an_error_keeps_the_previous_settings_and_is_reported_until_it_is_fixed() {
    let harness = Harness::signed_in().await;
    harness.user.settings("emergency = 'manual'");
    let daemon = harness.connected().await;
    let path = harness.user.settings("emergency = 'never'\ncolour = 'red'");
    let problem =
        format!("the changed settings are not in use: {}:2: there is no setting \"colour\"", path.display());
    until_problems_are(&harness, std::slice::from_ref(&problem)).await;
    let said = harness.user.handover(&["status"]).await.succeeded();
    assert!(said.contains(&format!("\nproblem  {problem}\n")), "{said}");
    assert!(is_manual(&harness).await);
    // A second start prints the same as always.
    let running = "already running: Connected as desk, 1 unread, 1 emergency to acknowledge";
    assert_eq!(harness.user.handover(&["run", "--at-login"]).await.succeeded(), format!("{running}\n"));
    assert_eq!(harness.user.handover(&[]).await.succeeded(), format!("{running}; {problem}\n"));
    harness.server.next_shown().await;

    harness.user.settings("emergency = 'never'\nbacklog = 'loud'");
    let problem =
        format!("the changed settings are not in use: {}:2: backlog cannot be \"loud\"", path.display());
    until_problems_are(&harness, &[problem]).await;
    fs::remove_file(&path).expect("remove it");
    fs::create_dir(&path).expect("a folder in its place");
    let problem = format!("the changed settings are not in use: {}: it is a folder", path.display());
    until_problems_are(&harness, &[problem]).await;
    assert!(is_manual(&harness).await);

    fs::remove_dir(&path).expect("remove the folder");
    harness.user.settings("emergency = 'never'");
    until_problems_are(&harness, &[]).await;
    assert!(!is_manual(&harness).await);
    let log = daemon.stop(Signal::TERM).await.0.err;
    assert_eq!(log.matches(CHANGED).count(), 1, "{log}");
    assert_eq!(harness.sandbox.counters().acknowledges, 0);
}

const EMPTY: &str = "the settings file is empty: emergencies are not acknowledged automatically";

#[tokio::test]
async fn an_emptied_file_is_an_error() {
    let harness = Harness::signed_in().await;
    harness.user.settings("emergency = 'manual'\nbacklog = 'all'");
    let daemon = harness.connected().await;
    let path = harness.user.settings("");
    let problem = format!("the changed settings are not in use: {}: it is empty", path.display());
    until_problems_are(&harness, &[problem]).await;
    assert!(is_manual(&harness).await);
    fs::remove_file(&path).expect("remove it");
    until_problems_are(&harness, &[]).await;
    assert!(!is_manual(&harness).await);
    let log = daemon.stop(Signal::TERM).await.0.err;
    assert_eq!(log.matches("not in use").count(), 1, "{log}");
}

#[tokio::test]
async fn an_empty_file_at_the_start_acknowledges_nothing_and_is_reported() {
    let harness = Harness::signed_in().await;
    let file = harness.user.settings("");
    let daemon = harness.connected().await;
    until_problems_are(&harness, &[EMPTY.to_owned()]).await;
    assert!(is_manual(&harness).await);
    // The file is saved again, and is still empty.
    harness.user.settings("");
    daemon.stop(Signal::TERM).await;
    let _daemon = harness.connected().await;
    until_problems_are(&harness, &[EMPTY.to_owned()]).await;
    assert_eq!(harness.sandbox.counters().acknowledges, 0);
    // A user who created it with `touch` and wants the defaults can remove it.
    harness.user.settings("# the defaults");
    until_problems_are(&harness, &[]).await;
    assert!(!is_manual(&harness).await);
    fs::remove_file(&file).expect("remove it");
    assert!(!is_manual(&harness).await);
}

#[tokio::test]
async fn a_mistake_is_shown_in_a_notification_until_it_is_corrected() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    let path = harness.user.settings("emergency = manual");
    let first = harness.server.next_shown().await;
    assert_eq!(first.title, "There is a mistake in the settings");
    let expected = format!(
        "The previous settings stay in use, but Handover will not start again until the file is corrected.\n\
         error: {}:1: string values must be quoted\nhint: put quotes around it: emergency = \"...\"",
        path.display()
    );
    assert_eq!(first.body.replace("&quot;", "\""), expected);
    harness.user.settings("colour = 1");
    let second = harness.server.next_shown().await;
    assert_eq!(second.replaces, first.id);
    assert!(second.body.contains("there is no setting"), "{}", second.body);
    harness.user.settings("emergency = 'manual'");
    assert_eq!(harness.server.next_closed().await, second.id);
    assert!(harness.server.screen().is_empty());
}

#[tokio::test]
async fn an_error_that_is_fixed_at_once_is_not_reported() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    harness.user.settings("emergency = ");
    harness.user.settings("emergency = 'manual'");
    daemon.until_logged(CHANGED).await;
    let log = daemon.stop(Signal::TERM).await.0.err;
    assert!(!log.contains("not used"), "{log}");
}

#[tokio::test]
async fn the_last_of_a_hundred_rapid_changes_applies() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    for round in 0..100 {
        harness.user.settings(["emergency = 'never'", "emergency = 'manual'", "backlog = "][round % 3]);
    }
    harness.user.settings("emergency = 'manual'");
    let in_force = timeout(TIMEOUT, async { while !is_manual(&harness).await {} });
    in_force.await.expect("the last ones are in force within 30 s");
    until_problems_are(&harness, &[]).await;
    assert!(is_manual(&harness).await);
}

#[tokio::test]
async fn changing_the_secret_store_does_not_reconnect() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    for (before, place) in ["keyring", "file", "auto"].into_iter().enumerate() {
        harness.user.settings(&format!("secret_store = '{place}'"));
        daemon.until_logged_times(CHANGED, before + 1).await;
    }
    harness.send("still there");
    assert_eq!(harness.server.next_shown().await.body, "still there");
    until_problems_are(&harness, &[]).await;
    assert_eq!(harness.sandbox.counters().socket_logins, 1);
    assert!(harness.user.credentials().exists());
}

#[tokio::test]
async fn running_out_of_file_watches_is_reported_once() {
    let harness = Harness::signed_in().await;
    harness.user.settings("emergency = 'manual'");
    // The limit is set in a separate user namespace, in which the user stays the same outside.
    let script = "echo 0 > /proc/sys/user/max_inotify_watches && exec \"$0\" run";
    let program = env!("CARGO_BIN_EXE_handover");
    let command =
        harness.user.command_of("unshare", &["--user", "--map-root-user", "sh", "-c", script, program]);
    let daemon = Running::start(command);
    let log = daemon.until_logged("the settings file cannot be watched").await;
    let said = "cannot be watched and is read every five minutes: OS file watch limit reached.";
    assert!(log.contains(said), "{log}");
    assert!(is_manual(&harness).await);
    // Changes by `setup` are followed nevertheless.
    harness.user.settings("emergency = 'never'");
    let account = harness.sandbox.account();
    let again = ["setup", "--email", &account.email, "--password-stdin", "--device-name", "attic"];
    harness.user.handover_with_input(&again, &account.password).await.succeeded();
    harness.until_status("it has the new login", |status| status["device"] == "attic").await;
    assert!(!is_manual(&harness).await);
    let log = daemon.stop(Signal::TERM).await.0.err;
    assert_eq!(log.matches("cannot be watched").count(), 1, "{log}");
}
