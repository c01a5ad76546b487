//! Tests what the doctor reports about problems of this computer.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use rusqlite::Connection;

use super::Findings;
use crate::process::run;
use crate::support::bus::Bus;
use crate::support::harness::Harness;
use crate::support::notification_server::{Behaviour, NotificationServer};
use crate::user::PROGRAM;

const LATER: &str =
    "start a notification server in your desktop session; until then messages are saved, and shown later";

#[tokio::test]
async fn a_missing_login_is_the_only_finding() {
    let harness = Harness::new().await;
    let found = Findings::of(&harness.user).await;
    found.fails(&["login"]);
    found.says("login", "not signed in: no login is saved here");
    found.hints("login", "run `handover setup` to sign in");
    found.says("messages", "no messages yet");
    assert!(!found.checks.contains_key("session") && !found.checks.contains_key("licence"));
    assert!(!harness.user.path("data/handover").exists(), "nothing was made");
}

#[tokio::test]
async fn a_login_others_can_read_is_reported_with_the_command_that_fixes_it() {
    let harness = Harness::signed_in().await;
    let file = harness.user.credentials();
    fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("let others read it");
    let found = Findings::of(&harness.user).await;
    found.fails(&["login"]);
    let path = file.display();
    found.says("login", &format!("the login cannot be read: {path}: other users can read or write it"));
    found.hints("login", &format!("run `chmod 600 {path}`, or sign in again"));

    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("fix it");
    Findings::of(&harness.user).await.fails(&[]);
}

#[tokio::test]
async fn a_damaged_login_is_reported_without_its_content() {
    let harness = Harness::signed_in().await;
    fs::write(harness.user.credentials(), "{\"secret\":\"hunter2\"").expect("damage it");
    let found = Findings::of(&harness.user).await;
    found.fails(&["login"]);
    assert!(found.field("login", "message").contains("it is damaged in line 1"));
    assert!(!format!("{:?}", found.checks).contains("hunter2"));
}

#[tokio::test]
async fn an_error_in_the_settings_names_its_line_and_the_other_checks_run() {
    let harness = Harness::signed_in().await;
    let file = harness.user.settings("backlog = 'all'\n\ncolour = 'red'\n");
    let found = Findings::of(&harness.user).await;
    found.fails(&["settings"]);
    let path = file.display();
    found.says("settings", &format!("the settings cannot be used: {path}:3: there is no setting \"colour\""));
    assert!(found.field("settings", "hint").starts_with("expected one of \"device_name\", "));
    assert_eq!(found.names, super::ALL);
}

#[tokio::test]
async fn an_empty_settings_file_is_a_warning() {
    let harness = Harness::signed_in().await;
    let path = harness.user.settings("");
    let found = Findings::of(&harness.user).await;
    let said = format!("{} is empty, so emergencies are not acknowledged automatically", path.display());
    found.says("settings", &said);
    assert_eq!(found.field("settings", "outcome"), "warning");
    found.hints("settings", "write your settings again, or remove the file to use the defaults");
}

#[tokio::test]
async fn a_missing_bus_is_distinguished_from_a_missing_notification_server() {
    let mut harness = Harness::signed_in().await;
    harness.user.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let found = Findings::of(&harness.user).await;
    found.fails(&["notifications"]);
    let said = found.field("notifications", "message");
    assert!(said.starts_with("messages cannot be shown: the session bus cannot be reached: "), "{said}");
    let inside = "start Handover inside your desktop session; until then messages are saved, and shown later";
    found.hints("notifications", inside);

    let bus = Bus::start();
    harness.user.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
    let found = Findings::of(&harness.user).await;
    found.fails(&["notifications"]);
    found.says("notifications", "messages cannot be shown: no notification server is running");
    found.hints("notifications", LATER);
}

#[tokio::test]
async fn a_hanging_notification_server_or_bus_times_out() {
    let mut harness = Harness::signed_in().await;
    harness.server.behave(Behaviour::Hang);
    let found = Findings::of(&harness.user).await;
    found.fails(&["notifications"]);
    found.says("notifications", "messages cannot be shown: the notification server does not respond");

    let socket = harness.user.path("bus");
    let _silent = UnixListener::bind(&socket).expect("listen");
    harness.user.set("DBUS_SESSION_BUS_ADDRESS", &format!("unix:path={}", socket.display()));
    let found = Findings::of(&harness.user).await;
    found.fails(&["notifications"]);
    found.says("notifications", "messages cannot be shown: the session bus does not respond");
}

#[tokio::test]
async fn missing_capabilities_of_the_notification_server_are_reported() {
    let mut harness = Harness::signed_in().await;
    for (capabilities, settings, outcome, message, hint) in [
        (&["body", "body-markup"][..], "# none", "ok", "fake 1; it shows no buttons and no links", ""),
        (
            &["body", "body-markup", "body-hyperlinks"],
            "emergency = 'manual'",
            "warning",
            "fake 1; it shows no buttons",
            "acknowledge emergencies with `handover acknowledge ID`",
        ),
        (
            &[],
            "# none",
            "warning",
            "fake 1; it shows no text under the title, no buttons, no bold or italic text and no links",
            "read the text with `handover messages`",
        ),
    ] {
        let bus = Bus::start();
        let _server = NotificationServer::with_capabilities(bus.address(), capabilities).await;
        harness.user.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
        harness.user.settings(settings);
        let found = Findings::of(&harness.user).await;
        found.fails(&[]);
        assert_eq!(found.field("notifications", "outcome"), outcome);
        found.says("notifications", message);
        found.hints("notifications", hint);
    }
}

#[tokio::test]
async fn a_damaged_log_is_reported_and_left_alone() {
    let harness = Harness::signed_in().await;
    let file = harness.user.path("data/handover/messages.db");
    for beside in ["messages.db-wal", "messages.db-shm"] {
        // It is already gone if the last program that had the file open has closed it.
        drop(fs::remove_file(file.with_file_name(beside)));
    }
    let mut bytes = fs::read(&file).expect("read the message log");
    bytes.iter_mut().skip(100).for_each(|byte| *byte = 0x5a);
    fs::write(&file, &bytes).expect("damage it");
    let found = Findings::of(&harness.user).await;
    found.fails(&["messages"]);
    let path = file.display();
    let expected = format!("the message log cannot be used: {path} is damaged or not a message log");
    found.says("messages", &expected);
    found.hints(
        "messages",
        "run `handover doctor --repair`: it saves what can be read, and keeps the damaged file",
    );
    assert!(fs::read(&file).expect("read it again") == bytes);
}

#[tokio::test]
async fn a_log_locked_by_another_program_is_reported() {
    let harness = Harness::signed_in().await;
    let file = harness.user.path("data/handover/messages.db");
    for hold in ["BEGIN IMMEDIATE", "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE"] {
        let other = Connection::open(&file).expect("open the message log");
        other.execute_batch(hold).expect("hold it");
        let found = Findings::of(&harness.user).await;
        found.fails(&["messages"]);
        found.says("messages", "the message log cannot be used: the file is locked by another program");
        found.hints(
            "messages",
            "close the program that has the file open; nothing is lost, and saving is retried",
        );
    }
    Findings::of(&harness.user).await.fails(&[]);
}

#[tokio::test]
async fn a_file_in_place_of_the_data_folder_is_reported() {
    let harness = Harness::new().await;
    let folder = harness.user.path("data/handover");
    fs::write(&folder, "").expect("put a file in its place");
    let found = Findings::of(&harness.user).await;
    found.fails(&["login", "folder", "messages"]);
    let path = folder.display();
    found.says(
        "folder",
        &format!("messages cannot be saved: {path}: there is a file where a folder should be"),
    );
    found.hints(
        "folder",
        "check who owns the folder, that it is not read-only, and that the disk is not full",
    );
}

/// A real network file system would need a server and the right to mount it. So the program runs in a separate
/// namespace, in which the kernel's list of mounts has one. Skipped if the system does not let users create namespaces.
#[tokio::test]
async fn a_folder_on_a_network_file_system_is_a_warning() {
    let harness = Harness::signed_in().await;
    let mounts = harness.user.path("mounts");
    fs::write(&mounts, "30 1 0:45 / / rw - nfs4 server:/home rw\n").expect("write a list of mounts");
    let in_namespace = async |last: &str| {
        let script = format!("mount --bind \"$1\" /proc/$$/mountinfo && {last}");
        let mounts = mounts.to_str().expect("a path in UTF-8");
        let options = ["-m", "--map-current-user", "--keep-caps", "sh", "-c", &script, "sh", mounts, PROGRAM];
        run(harness.user.command_of("unshare", &options), "").await
    };
    if in_namespace("true").await.code != Some(0) {
        return;
    }
    let found = Findings::reported(in_namespace("exec \"$2\" doctor --json").await);
    found.warns(&["folder", "daemon"]);
    let folder = harness.user.path("data/handover");
    found.says("folder", &format!("{} is on a network file system (nfs4)", folder.display()));
    found.hints(
        "folder",
        "set XDG_DATA_HOME to a folder on a local disk; only one computer can use the folder at a time",
    );
    found.fails(&[]);
}
