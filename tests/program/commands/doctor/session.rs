//! Tests what the doctor reports about the tray, sounds and autostart.

use std::fs;

use futures_util::StreamExt;
use rustix::process::Signal;
use tokio::task::JoinHandle;
use zbus::message::Type;
use zbus::zvariant::Value;
use zbus::{Connection, MessageStream};

use super::Findings;
use crate::process::Running;
use crate::support::bus::Bus;
use crate::support::harness::Harness;
use crate::support::notification_server::{NotificationServer, connect};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// The program that keeps the list of icons: with a tray, without one, or unresponsive (`None`).
struct Watcher {
    connection: Connection,
    tracker: JoinHandle<()>,
}

impl Watcher {
    async fn start(address: &str, has_host: Option<bool>) -> Self {
        let connection = connect(address).await;
        let mut calls = MessageStream::from(&connection);
        let bus = connection.clone();
        let tracker = tokio::spawn(async move {
            while let Some(Ok(call)) = calls.next().await {
                if let (Type::MethodCall, Some(has_host)) = (call.message_type(), has_host) {
                    let asked = call.body().deserialize::<(String, String)>();
                    let is_known =
                        asked.is_ok_and(|(_, property)| property == "IsStatusNotifierHostRegistered");
                    let answer = Value::from(has_host && is_known);
                    // The caller may have hung up.
                    drop(bus.reply(&call.header(), &answer).await);
                }
            }
        });
        connection.request_name(WATCHER).await.expect("become the watcher");
        Self { connection, tracker }
    }

    async fn leave(self) {
        self.connection.release_name(WATCHER).await.expect("leave");
        self.tracker.abort();
    }
}

#[tokio::test]
async fn no_tray_is_mentioned_with_no_tray() {
    let harness = Harness::signed_in().await;
    let _watcher = Watcher::start(harness.bus.address(), Some(true)).await;
    for (arguments, message) in [
        (&["run"][..], "the desktop has a tray for the icon"),
        (
            &["run", "--no-tray"],
            "the daemon was started with --no-tray; everything in its menu is also a command",
        ),
    ] {
        let before = harness.sandbox.counters().socket_logins;
        let daemon = Running::start(harness.user.command(arguments));
        harness.until("it is connected", |now| now.socket_logins > before).await;
        Findings::of(&harness.user).await.says("tray", message);
        daemon.stop(Signal::TERM).await;
    }
}

#[tokio::test]
async fn a_missing_tray_is_mentioned_and_never_a_failure() {
    let mut harness = Harness::signed_in().await;
    let extension = "see `handover --help`; on GNOME, the AppIndicator extension adds a tray";
    let none = "the desktop has no tray; everything in its menu is also a command";
    for (has_host, outcome, message, hint) in [
        (Some(true), "ok", "the desktop has a tray for the icon", ""),
        (Some(false), "ok", none, extension),
        (
            None,
            "warning",
            "the tray does not respond; everything in its menu is also a command",
            "log out and in again if the icon is missing",
        ),
    ] {
        let watcher = Watcher::start(harness.bus.address(), has_host).await;
        let found = Findings::of(&harness.user).await;
        found.fails(&[]);
        assert_eq!(found.field("tray", "outcome"), outcome);
        found.says("tray", message);
        found.hints("tray", hint);
        watcher.leave().await;
    }
    let found = Findings::of(&harness.user).await;
    found.says("tray", none);
    found.hints("tray", extension);

    // A watcher that the bus could start must not be started.
    harness.bus.promise(WATCHER);
    Findings::of(&harness.user).await.says("tray", none);

    harness.user.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let found = Findings::of(&harness.user).await;
    found.fails(&["notifications"]);
    found.says("tray", "there is no tray without a session bus; everything in its menu is also a command");
}

#[tokio::test]
async fn the_sound_player_is_mentioned_and_never_a_failure() {
    let mut harness = Harness::signed_in().await;
    let folder = harness.user.path("bin");
    harness.user.set("PATH", folder.to_str().expect("a path in UTF-8"));
    let found = Findings::of(&harness.user).await;
    found.fails(&[]);
    assert_eq!(found.field("sound", "outcome"), "ok");
    found.says("sound", "notifications are silent, because no program can play sounds");
    found.hints("sound", "install paplay (it comes with pulseaudio-utils) or pw-play (pipewire-bin)");

    let player = folder.join("pw-play");
    fs::write(&player, "").expect("a player");
    Findings::of(&harness.user).await.says("sound", &format!("{} plays sounds", player.display()));
    harness.user.settings("sound = false");
    Findings::of(&harness.user).await.says("sound", "turned off in the settings");
    harness.user.settings("# none\n");

    let bus = Bus::start();
    let _server = NotificationServer::with_capabilities(bus.address(), &["body", "sound"]).await;
    harness.user.set("DBUS_SESSION_BUS_ADDRESS", bus.address());
    Findings::of(&harness.user).await.says("sound", "fake plays sounds");
}

#[tokio::test]
async fn autostart_is_mentioned_and_a_missing_program_is_a_warning() {
    let harness = Harness::signed_in().await;
    let found = Findings::of(&harness.user).await;
    assert_eq!(found.field("autostart", "outcome"), "ok");
    found.says("autostart", "Handover does not start at login; `handover autostart on` changes that");
    found.hints("autostart", "");

    harness.user.handover(&["autostart", "on"]).await.succeeded();
    let found = Findings::of(&harness.user).await;
    assert_eq!(found.field("autostart", "outcome"), "ok");
    found.says("autostart", "Handover starts at login");
    found.hints("autostart", "");

    let file = harness.user.path("config/autostart/handover.desktop");
    let text = fs::read_to_string(&file).expect("the entry");
    let exec = text.lines().find(|line| line.starts_with("Exec=")).expect("a command");
    fs::write(&file, text.replace(exec, "Exec=/gone/handover run")).expect("change the entry");
    let found = Findings::of(&harness.user).await;
    found.fails(&[]);
    found.warns(&["daemon", "autostart"]);
    found.says("autostart", "the program set to start at login no longer exists: /gone/handover");
    found.hints("autostart", "run `handover autostart on` to start this program instead");

    fs::remove_file(&file).expect("remove it");
    fs::create_dir(&file).expect("put a folder in its place");
    let found = Findings::of(&harness.user).await;
    found.fails(&[]);
    assert_eq!(found.field("autostart", "outcome"), "warning");
    assert!(found.field("autostart", "message").starts_with("autostart cannot be checked: "));
}
