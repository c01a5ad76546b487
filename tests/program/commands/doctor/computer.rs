//! What the doctor says of a computer with something wrong.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use rusqlite::Connection;

use super::Findings;
use crate::support::bus::Bus;
use crate::support::notification_server::{Behaviour, NotificationServer};
use crate::support::stage::Stage;

const LATER: &str =
    "start a notification server in your desktop session; until then messages are saved, and shown later";

#[tokio::test]
async fn without_a_login_only_that_is_wrong() {
    let stage = Stage::new().await;
    let found = Findings::of(&stage.home).await;
    found.fails(&["login"]);
    found.says("login", "not signed in: no login is saved here");
    found.hints("login", "run `handover setup` to sign in");
    found.says("messages", "nothing was received yet");
    assert!(!found.checks.contains_key("session") && !found.checks.contains_key("licence"));
    assert!(!stage.home.path("data/handover").exists(), "nothing was made");
}

#[tokio::test]
async fn a_login_that_others_can_read_comes_with_the_command_that_mends_it() {
    let stage = Stage::signed_in().await;
    let file = stage.home.credentials();
    fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("let others read it");
    let found = Findings::of(&stage.home).await;
    found.fails(&["login"]);
    let path = file.display();
    found.says("login", &format!("the login cannot be read: {path}: others can read or write it"));
    found.hints("login", &format!("run `chmod 600 {path}`, or sign in again"));

    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("mend it");
    Findings::of(&stage.home).await.fails(&[]);
}

#[tokio::test]
async fn a_damaged_login_is_said_so_and_not_shown() {
    let stage = Stage::signed_in().await;
    fs::write(stage.home.credentials(), "{\"secret\":\"hunter2\"").expect("damage it");
    let found = Findings::of(&stage.home).await;
    found.fails(&["login"]);
    assert!(found.field("login", "message").contains("it is damaged in line 1"));
    assert!(!format!("{:?}", found.checks).contains("hunter2"));
}

#[tokio::test]
async fn a_mistake_in_the_settings_is_named_with_its_line_and_the_rest_is_examined() {
    let stage = Stage::signed_in().await;
    let file = stage.home.settings("backlog = 'all'\n\ncolour = 'red'\n");
    let found = Findings::of(&stage.home).await;
    found.fails(&["settings"]);
    let path = file.display();
    found.says("settings", &format!("the settings cannot be used: {path}:3: there is no setting \"colour\""));
    assert!(found.field("settings", "hint").starts_with("expected one of \"device_name\", "));
    assert_eq!(found.names, super::ALL);
}

#[tokio::test]
async fn an_empty_settings_file_is_worth_a_word() {
    let stage = Stage::signed_in().await;
    let path = stage.home.settings("");
    let found = Findings::of(&stage.home).await;
    let said = format!("{} is empty, so no emergency is acknowledged by itself", path.display());
    found.says("settings", &said);
    assert_eq!(found.field("settings", "outcome"), "warning");
    found.hints("settings", "write your settings again, or remove the file to have the defaults");
}

#[tokio::test]
async fn a_session_without_a_bus_is_told_from_one_without_a_notification_server() {
    let mut stage = Stage::signed_in().await;
    stage.home.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let found = Findings::of(&stage.home).await;
    found.fails(&["notifications"]);
    let said = found.field("notifications", "message");
    assert!(said.starts_with("messages cannot be shown: the session bus cannot be reached: "), "{said}");
    let inside = "start handover inside your desktop session; until then messages are saved, and shown later";
    found.hints("notifications", inside);

    let bus = Bus::start();
    stage.home.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
    let found = Findings::of(&stage.home).await;
    found.fails(&["notifications"]);
    found.says("notifications", "messages cannot be shown: no notification server is running");
    found.hints("notifications", LATER);
}

#[tokio::test]
async fn nobody_waits_for_ever_on_a_notification_server_or_a_bus_that_hangs() {
    let mut stage = Stage::signed_in().await;
    stage.server.behave(Behaviour::Hang);
    let found = Findings::of(&stage.home).await;
    found.fails(&["notifications"]);
    found.says("notifications", "messages cannot be shown: the notification server does not answer");

    let socket = stage.home.path("bus");
    let _silent = UnixListener::bind(&socket).expect("listen");
    stage.home.set("DBUS_SESSION_BUS_ADDRESS", &format!("unix:path={}", socket.display()));
    let found = Findings::of(&stage.home).await;
    found.fails(&["notifications"]);
    found.says("notifications", "messages cannot be shown: the session bus does not answer");
}

#[tokio::test]
async fn what_a_notification_server_does_not_show_is_said() {
    let mut stage = Stage::signed_in().await;
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
        stage.home.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
        stage.home.settings(settings);
        let found = Findings::of(&stage.home).await;
        found.fails(&[]);
        assert_eq!(found.field("notifications", "outcome"), outcome);
        found.says("notifications", message);
        found.hints("notifications", hint);
    }
}

#[tokio::test]
async fn a_damaged_log_is_said_so_and_left_alone() {
    let stage = Stage::signed_in().await;
    let file = stage.home.path("data/handover/messages.db");
    for beside in ["messages.db-wal", "messages.db-shm"] {
        // Gone already, when the last program that had it open closed it.
        drop(fs::remove_file(file.with_file_name(beside)));
    }
    let mut bytes = fs::read(&file).expect("read the log");
    bytes.iter_mut().skip(100).for_each(|byte| *byte = 0x5a);
    fs::write(&file, &bytes).expect("damage it");
    let found = Findings::of(&stage.home).await;
    found.fails(&["messages"]);
    let path = file.display();
    let expected = format!("the log of messages cannot be used: {path} is damaged or not a message log");
    found.says("messages", &expected);
    found.hints("messages", "move the file away; what the service still holds is downloaded into a new one");
    assert!(fs::read(&file).expect("read it again") == bytes);
}

#[tokio::test]
async fn a_log_that_another_program_holds_is_said_to_be_locked() {
    let stage = Stage::signed_in().await;
    let file = stage.home.path("data/handover/messages.db");
    for hold in ["BEGIN IMMEDIATE", "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE"] {
        let other = Connection::open(&file).expect("open the log");
        other.execute_batch(hold).expect("hold it");
        let found = Findings::of(&stage.home).await;
        found.fails(&["messages"]);
        found.says("messages", "the log of messages cannot be used: the file is locked by another program");
        found.hints("messages", "close the program that has the file open; nothing is lost, it is retried");
    }
    Findings::of(&stage.home).await.fails(&[]);
}

#[tokio::test]
async fn a_file_in_the_place_of_the_data_folder_is_said_so() {
    let stage = Stage::new().await;
    let folder = stage.home.path("data/handover");
    fs::write(&folder, "").expect("put a file in its place");
    let found = Findings::of(&stage.home).await;
    found.fails(&["login", "folder", "messages"]);
    let path = folder.display();
    found.says("folder", &format!("messages cannot be saved: {path}: a file is where a folder has to be"));
    found.hints("folder", "check who owns the folder, that it is not read-only, and that there is room");
}
