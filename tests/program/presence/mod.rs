//! Tests presence: what each service of a desktop reports, and how the daemon waits for the user.

use crate::commands::doctor::Findings;
use crate::process::Running;
use crate::support::bus::Bus;
use crate::support::harness::Harness;
use crate::support::services::{Says, Service, session};

const GNOME: &str = "org.gnome.ScreenSaver";
const GNOME_PATH: &str = "/org/gnome/ScreenSaver";
const MUTTER: &str = "org.gnome.Mutter.IdleMonitor";
const MUTTER_PATH: &str = "/org/gnome/Mutter/IdleMonitor/Core";
const SHARED: &str = "org.freedesktop.ScreenSaver";
const KDE: &str = "org.kde.screensaver";

const LOCK_AND_USE: &str =
    "emergencies are acknowledged while this session is unlocked and was used within the last five minutes";
const LOCK: &str =
    "emergencies are acknowledged while this session is unlocked; when it was last used is unknown";
const USE: &str = "emergencies are acknowledged while this computer was used within the last five minutes";
const NOTHING: &str = "emergencies are acknowledged as soon as they are shown, because this desktop does not say \
                       whether somebody is at the computer";
const SILENCE: &str = "emergencies are not acknowledged by themselves now, because no program of this desktop responds that \
                       says whether somebody is at the computer";
const AWAY: &str = ", which is not the case now";

const TEN_MINUTES: u64 = 600_000;

/// A harness with its own system bus.
async fn harness() -> (Harness, Bus) {
    let mut harness = Harness::signed_in().await;
    let system = Bus::start();
    harness.user.set("DBUS_SYSTEM_BUS_ADDRESS", system.address());
    (harness, system)
}

#[tokio::test]
async fn each_service_is_understood_and_one_that_hangs_or_leaves_is_not_waited_for() {
    use Says::{Hangs, Long, No, Nonsense, Short, Yes};
    let (harness, system) = harness().await;
    let address = harness.bus.address();
    for (names, says, message, is_away) in [
        (vec![GNOME], vec![("GetActive", No)], LOCK, false),
        (vec![GNOME], vec![("GetActive", Yes)], LOCK, true),
        (vec!["org.gnome.Shell.ScreenShield"], vec![("GetActive", Yes)], LOCK, true),
        (vec!["org.cinnamon.ScreenSaver"], vec![("GetActive", Yes)], LOCK, true),
        (vec!["org.mate.ScreenSaver"], vec![("GetActive", Yes)], LOCK, true),
        (vec!["org.xfce.ScreenSaver"], vec![("GetActive", Yes)], LOCK, true),
        (vec![MUTTER], vec![("GetIdletime", Long(1_000))], USE, false),
        (vec![MUTTER], vec![("GetIdletime", Long(TEN_MINUTES))], USE, true),
        (vec![GNOME, MUTTER], vec![("GetActive", No), ("GetIdletime", Long(0))], LOCK_AND_USE, false),
        (vec![GNOME, MUTTER], vec![("GetActive", Yes), ("GetIdletime", Long(0))], LOCK_AND_USE, true),
        // The time is in seconds, except for KDE.
        (vec![SHARED], vec![("GetActive", No), ("GetSessionIdleTime", Short(400))], LOCK_AND_USE, true),
        (vec![SHARED, KDE], vec![("GetActive", No), ("GetSessionIdleTime", Short(400))], LOCK_AND_USE, false),
        (vec![SHARED, KDE], vec![("GetActive", Yes)], LOCK, true),
        (vec![SHARED], vec![], NOTHING, false),
        // What it would have reported is not known.
        (vec![GNOME, MUTTER], vec![("GetActive", Hangs), ("GetIdletime", Long(TEN_MINUTES))], USE, true),
        (vec![GNOME, MUTTER], vec![("GetActive", Hangs), ("GetIdletime", Hangs)], SILENCE, false),
        (vec![GNOME, MUTTER], vec![("GetActive", Nonsense), ("GetIdletime", Nonsense)], NOTHING, false),
    ] {
        let service = Service::start(address, &names, &says).await;
        let expected = format!("{message}{}", if is_away { AWAY } else { "" });
        let found = Findings::of(&harness.user).await;
        assert_eq!(found.field("presence", "message"), expected, "{names:?} {says:?}");
        found.fails(&[]);
        service.leave().await;
    }
    for (known, message, is_away) in [
        (session(true, false, false), LOCK, false),
        (session(true, true, false), LOCK, true),
        (session(false, false, false), LOCK, true),
        (session(true, false, true), LOCK, true),
    ] {
        let logind = Service::logind(system.address(), &known).await;
        let expected = format!("{message}{}", if is_away { AWAY } else { "" });
        Findings::of(&harness.user).await.says("presence", &expected);
        logind.leave().await;
    }
    let found = Findings::of(&harness.user).await;
    found.says("presence", NOTHING);
    found.hints("presence", "set emergency = \"manual\" in the settings to acknowledge them yourself");
    harness.user.settings("emergency = 'always'");
    assert!(!Findings::of(&harness.user).await.names.contains(&"presence".to_owned()));
}

/// A daemon with an emergency on the screen, which knows that nobody is here; returns the receipt.
async fn shown_while_away(harness: &Harness, service: &Service, question: &str) -> (Running, String) {
    let daemon = harness.connected().await;
    let receipt = harness.send_emergency("fire");
    harness.server.next_shown().await;
    service.until_called(question, 1).await;
    not_acknowledged(harness).await;
    (daemon, receipt)
}

async fn not_acknowledged(harness: &Harness) {
    harness.user.handover(&["sync"]).await.succeeded();
    assert_eq!(harness.user.status().await["unacknowledged"], 1);
    assert_eq!(harness.sandbox.counters().acknowledges, 0);
    assert_eq!(harness.left_on_server(), 0, "it is recorded");
}

async fn acknowledged(harness: &Harness, receipt: &str) {
    harness.until("it is acknowledged", |_| harness.sandbox.is_acknowledged(receipt)).await;
    harness.until_status("it is no longer counted", |status| status["unacknowledged"] == 0).await;
    assert_eq!(harness.sandbox.counters().acknowledges, 1);
}

#[tokio::test]
async fn an_emergency_behind_a_locked_screen_waits_until_it_is_unlocked() {
    let (harness, _system) = harness().await;
    let saver = Service::start(harness.bus.address(), &[GNOME], &[("GetActive", Says::Yes)]).await;
    let (_daemon, receipt) = shown_while_away(&harness, &saver, "GetActive").await;
    saver.says("GetActive", Says::No);
    saver.emits(GNOME_PATH, GNOME, "ActiveChanged", &false).await;
    acknowledged(&harness, &receipt).await;
}

#[tokio::test]
async fn an_emergency_waits_for_the_next_input_while_nobody_is_there() {
    let (harness, _system) = harness().await;
    let says = [("GetIdletime", Says::Long(TEN_MINUTES)), ("AddUserActiveWatch", Says::Short(7))];
    let mutter = Service::start(harness.bus.address(), &[MUTTER], &says).await;
    let (_daemon, receipt) = shown_while_away(&harness, &mutter, "AddUserActiveWatch").await;
    mutter.says("GetIdletime", Says::Long(3));
    mutter.emits(MUTTER_PATH, MUTTER, "WatchFired", &7_u32).await;
    acknowledged(&harness, &receipt).await;
    assert_eq!(mutter.calls("AddUserActiveWatch"), 1);
}

#[tokio::test]
async fn logind_reports_a_lock_and_a_restart_forgets_nothing() {
    let (harness, system) = harness().await;
    let logind = Service::logind(system.address(), &session(true, true, false)).await;
    let (daemon, receipt) = shown_while_away(&harness, &logind, "GetAll").await;
    let queries = logind.calls("GetAll");
    daemon.kill().await;
    let _daemon = harness.connected().await;
    logind.until_called("GetAll", queries + 1).await;
    not_acknowledged(&harness).await;
    logind.session_changed(&session(true, false, false)).await;
    acknowledged(&harness, &receipt).await;
    assert_eq!(harness.shown_so_far().await.len(), 0, "it is not shown again");
}

#[tokio::test]
async fn a_dismissal_acknowledges_although_the_screen_is_reported_as_locked() {
    let (harness, _system) = harness().await;
    let saver = Service::start(harness.bus.address(), &[GNOME], &[("GetActive", Says::Yes)]).await;
    let (_daemon, receipt) = shown_while_away(&harness, &saver, "GetActive").await;
    let id = *harness.server.screen().keys().next().expect("it is on the screen");
    harness.server.dismiss(id).await;
    acknowledged(&harness, &receipt).await;
}

#[tokio::test]
async fn an_emergency_waits_while_the_screen_saver_hangs_or_is_gone_after_it_responded() {
    let (harness, _system) = harness().await;
    let saver = Service::start(harness.bus.address(), &[GNOME], &[("GetActive", Says::Hangs)]).await;
    let (_daemon, receipt) = shown_while_away(&harness, &saver, "GetActive").await;
    // It is asked again once its reply has been waited for.
    saver.emits(GNOME_PATH, GNOME, "ActiveChanged", &true).await;
    saver.until_called("GetActive", 2).await;
    not_acknowledged(&harness).await;
    saver.says("GetActive", Says::No);
    saver.emits(GNOME_PATH, GNOME, "ActiveChanged", &false).await;
    acknowledged(&harness, &receipt).await;
    // Another program says that something changed, and nobody answers.
    saver.leave().await;
    let another = Service::start(harness.bus.address(), &["org.example.Another"], &[]).await;
    let later = harness.send_emergency("flood");
    harness.server.next_shown().await;
    another.emits(GNOME_PATH, GNOME, "ActiveChanged", &false).await;
    harness.user.handover(&["sync"]).await.succeeded();
    assert_eq!(harness.user.status().await["unacknowledged"], 1);
    assert!(!harness.sandbox.is_acknowledged(&later));
}

#[tokio::test]
async fn always_acknowledges_behind_a_locked_screen_without_a_query() {
    let (harness, _system) = harness().await;
    harness.user.settings("emergency = 'always'");
    let saver = Service::start(harness.bus.address(), &[GNOME], &[("GetActive", Says::Yes)]).await;
    let _daemon = harness.connected().await;
    let receipt = harness.send_emergency("fire");
    acknowledged(&harness, &receipt).await;
    assert_eq!(saver.calls("GetActive"), 0);
}
