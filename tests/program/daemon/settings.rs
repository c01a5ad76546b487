//! The settings are followed while the daemon runs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use rustix::process::Signal;
use tokio::time::timeout;

use crate::process::{Running, TIMEOUT};
use crate::support::notification_server::Shown;
use crate::support::stage::Stage;

const CHANGED: &str = "the settings were changed";

fn file(stage: &Stage) -> PathBuf {
    stage.home.path("config/handover/config.toml")
}

/// Shows an emergency; whether it is to be acknowledged by hand.
async fn is_manual(stage: &Stage) -> bool {
    stage.send_emergency("fire");
    let notification: Shown = stage.server.next_shown().await;
    notification.actions.iter().any(|word| word == "Acknowledge")
}

type Way = (&'static str, fn(&Stage));

/// By turns to `manual` and to something else.
const WAYS: &[Way] = &[
    ("the first file, in a folder of its own", |stage| {
        stage.home.settings("emergency = 'manual'");
    }),
    ("written in place", |stage| {
        stage.home.settings("emergency = 'never'");
    }),
    ("replaced, as most editors do it", |stage| {
        let new = stage.home.path("config/handover/.config.toml.new");
        fs::write(&new, "emergency = 'manual'").expect("write beside it");
        fs::rename(new, file(stage)).expect("put it in place");
    }),
    ("removed", |stage| fs::remove_file(file(stage)).expect("remove it")),
    ("linked to from elsewhere, as dotfile managers do it", |stage| {
        fs::create_dir(stage.home.path("dots")).expect("make a folder");
        fs::write(stage.home.path("dots/handover.toml"), "emergency = 'manual'").expect("write");
        symlink("../../dots/handover.toml", file(stage)).expect("link to it");
    }),
    ("written where the link leads", |stage| {
        fs::write(stage.home.path("dots/handover.toml"), "emergency = 'never'").expect("write");
    }),
    ("moved away and made anew, as vim does it", |stage| {
        let real = stage.home.path("dots/handover.toml");
        fs::rename(&real, stage.home.path("dots/handover.toml~")).expect("move it away");
        fs::write(real, "emergency = 'manual'").expect("write it anew");
    }),
    ("gone with its folder", |stage| {
        fs::remove_dir_all(stage.home.path("config")).expect("remove it");
    }),
    ("back with its folder", |stage| {
        stage.home.settings("emergency = 'manual'");
    }),
];

#[tokio::test]
async fn changed_settings_are_in_force_at_once_however_they_are_changed() {
    let stage = Stage::signed_in().await;
    fs::remove_dir_all(stage.home.path("config")).expect("there is no folder for settings");
    let daemon = stage.connected().await;
    assert!(!is_manual(&stage).await);
    for (before, (way, change)) in WAYS.iter().enumerate() {
        change(&stage);
        daemon.until_logged_times(CHANGED, before + 1).await;
        assert_eq!(is_manual(&stage).await, before % 2 == 0, "{way}");
    }
    assert_eq!(stage.sandbox.counters().socket_logins, 1, "it connected again");
    let log = daemon.stop(Signal::TERM).await.0.err;
    assert_eq!(log.matches(CHANGED).count(), WAYS.len(), "{log}");
    assert!(!log.contains("not used") && !log.contains("cannot be watched"), "{log}");
}

async fn until_problems_are(stage: &Stage, expected: &[String]) {
    stage.until_status("the problems", |status| status["problems"] == serde_json::json!(expected)).await;
}

#[tokio::test]
async fn a_mistake_keeps_the_settings_before_and_is_said_until_it_is_mended() {
    let stage = Stage::signed_in().await;
    stage.home.settings("emergency = 'manual'");
    let daemon = stage.connected().await;
    let path = stage.home.settings("emergency = 'never'\ncolour = 'red'");
    let problem =
        format!("the changed settings are not used: {}:2: there is no setting \"colour\"", path.display());
    until_problems_are(&stage, std::slice::from_ref(&problem)).await;
    let said = stage.home.handover(&["status"]).await.well();
    assert!(said.contains(&format!("\nproblem  {problem}\n")), "{said}");
    assert!(is_manual(&stage).await);
    // Whoever starts it once more is told the same as ever.
    let running = "already running: Connected as desk, 1 unread, 1 emergency to acknowledge";
    assert_eq!(stage.home.handover(&["run", "--at-login"]).await.well(), format!("{running}\n"));
    assert_eq!(stage.home.handover(&[]).await.well(), format!("{running}; {problem}\n"));
    stage.server.next_shown().await;

    stage.home.settings("emergency = 'never'\nbacklog = 'loud'");
    let problem =
        format!("the changed settings are not used: {}:2: backlog cannot be \"loud\"", path.display());
    until_problems_are(&stage, &[problem]).await;
    fs::remove_file(&path).expect("remove it");
    fs::create_dir(&path).expect("a folder in its place");
    let problem = format!("the changed settings are not used: {}: it is a folder", path.display());
    until_problems_are(&stage, &[problem]).await;
    assert!(is_manual(&stage).await);

    fs::remove_dir(&path).expect("remove the folder");
    stage.home.settings("emergency = 'never'");
    until_problems_are(&stage, &[]).await;
    assert!(!is_manual(&stage).await);
    let log = daemon.stop(Signal::TERM).await.0.err;
    assert_eq!(log.matches(CHANGED).count(), 1, "{log}");
    assert_eq!(stage.sandbox.counters().acknowledges, 0);
}

const EMPTY: &str = "the settings file is empty: no emergency is acknowledged by itself";

#[tokio::test]
async fn a_file_that_was_emptied_is_a_mistake() {
    let stage = Stage::signed_in().await;
    stage.home.settings("emergency = 'manual'\nbacklog = 'all'");
    let daemon = stage.connected().await;
    let path = stage.home.settings("");
    let problem = format!("the changed settings are not used: {}: it is empty", path.display());
    until_problems_are(&stage, &[problem]).await;
    assert!(is_manual(&stage).await);
    fs::remove_file(&path).expect("remove it");
    until_problems_are(&stage, &[]).await;
    assert!(!is_manual(&stage).await);
    let log = daemon.stop(Signal::TERM).await.0.err;
    assert_eq!(log.matches("not used").count(), 1, "{log}");
}

#[tokio::test]
async fn an_empty_file_at_the_start_acknowledges_nothing_and_is_said() {
    let stage = Stage::signed_in().await;
    let file = stage.home.settings("");
    let daemon = stage.connected().await;
    until_problems_are(&stage, &[EMPTY.to_owned()]).await;
    assert!(is_manual(&stage).await);
    // Saved once more, and still empty.
    stage.home.settings("");
    daemon.stop(Signal::TERM).await;
    let _daemon = stage.connected().await;
    until_problems_are(&stage, &[EMPTY.to_owned()]).await;
    assert_eq!(stage.sandbox.counters().acknowledges, 0);
    // Whoever made it with `touch` and wants the defaults says so.
    stage.home.settings("# the defaults");
    until_problems_are(&stage, &[]).await;
    assert!(!is_manual(&stage).await);
    fs::remove_file(&file).expect("remove it");
    assert!(!is_manual(&stage).await);
}

#[tokio::test]
async fn a_mistake_that_is_mended_at_once_was_none() {
    let stage = Stage::signed_in().await;
    let daemon = stage.connected().await;
    stage.home.settings("emergency = ");
    stage.home.settings("emergency = 'manual'");
    daemon.until_logged(CHANGED).await;
    let log = daemon.stop(Signal::TERM).await.0.err;
    assert!(!log.contains("not used"), "{log}");
}

#[tokio::test]
async fn of_a_hundred_rapid_changes_the_last_counts() {
    let stage = Stage::signed_in().await;
    let _daemon = stage.connected().await;
    for round in 0..100 {
        stage.home.settings(["emergency = 'never'", "emergency = 'manual'", "backlog = "][round % 3]);
    }
    stage.home.settings("emergency = 'manual'");
    let in_force = timeout(TIMEOUT, async { while !is_manual(&stage).await {} });
    in_force.await.expect("the last ones are in force within 30 s");
    until_problems_are(&stage, &[]).await;
    assert!(is_manual(&stage).await);
}

#[tokio::test]
async fn another_place_for_the_login_is_no_reason_to_connect_again() {
    let stage = Stage::signed_in().await;
    let daemon = stage.connected().await;
    for (before, place) in ["keyring", "file", "auto"].into_iter().enumerate() {
        stage.home.settings(&format!("secret_store = '{place}'"));
        daemon.until_logged_times(CHANGED, before + 1).await;
    }
    stage.send("still there");
    assert_eq!(stage.server.next_shown().await.body, "still there");
    until_problems_are(&stage, &[]).await;
    assert_eq!(stage.sandbox.counters().socket_logins, 1);
    assert!(stage.home.credentials().exists());
}

#[tokio::test]
async fn a_system_that_watches_no_more_files_is_said_once() {
    let stage = Stage::signed_in().await;
    stage.home.settings("emergency = 'manual'");
    // The limits of a user of its own, who is the same one outside.
    let script = "echo 0 > /proc/sys/user/max_inotify_watches && exec \"$0\" run";
    let program = env!("CARGO_BIN_EXE_handover");
    let command =
        stage.home.command_of("unshare", &["--user", "--map-root-user", "sh", "-c", script, program]);
    let daemon = Running::start(command);
    let log = daemon.until_logged("the settings file cannot be watched").await;
    let said = "cannot be watched and is read every five minutes: OS file watch limit reached.";
    assert!(log.contains(said), "{log}");
    assert!(is_manual(&stage).await);
    // What `setup` changes is followed all the same.
    stage.home.settings("emergency = 'never'");
    let account = stage.sandbox.account();
    let again = ["setup", "--email", &account.email, "--password-stdin", "--device-name", "attic"];
    stage.home.handover_told(&again, &account.password).await.well();
    stage.until_status("it has the new login", |status| status["device"] == "attic").await;
    assert!(!is_manual(&stage).await);
    let log = daemon.stop(Signal::TERM).await.0.err;
    assert_eq!(log.matches("cannot be watched").count(), 1, "{log}");
}
