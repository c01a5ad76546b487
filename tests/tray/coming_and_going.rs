//! Panels, the bus and the daemon start and stop in any order.

use std::time::Duration;

use rustix::process::Signal;

use crate::desk::Desk;
use crate::support::harness::Harness;
use crate::support::panel::Panel;
use crate::support::process::Running;

const A_SECOND: Duration = Duration::from_secs(1);

/// Stops the daemon, which has to succeed within a second.
async fn ends_well(daemon: Running) {
    let (finished, span) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(span < A_SECOND, "{span:?}: {}", finished.err);
}

#[tokio::test]
async fn it_appears_when_a_panel_starts() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    harness.send_with("before", &[("title", "first")]);
    harness.server.next_shown().await;
    let mut panel = Panel::start(harness.bus.address()).await;
    let item = panel.next_item().await;
    item.until("it is true at once", |look| look.line("first").is_some()).await;
    item.choose("first").await;
    item.until("it takes clicks", |look| look.tooltip == "Connected as desk").await;
    ends_well(daemon).await;
}

#[tokio::test]
async fn the_icon_reappears_when_the_panel_restarts() {
    let mut desk = Desk::with("").await;
    let (daemon, _item) = desk.connected().await;
    let Desk { harness, panel } = desk;
    panel.leave().await;
    harness.send_with("between", &[("title", "first")]);
    harness.server.next_shown().await;
    let mut panel = Panel::start(harness.bus.address()).await;
    let item = panel.next_item().await;
    item.until("it is true at once", |look| look.line("first").is_some()).await;
    ends_well(daemon).await;
}

#[tokio::test]
async fn messages_arrive_without_the_bus() {
    let mut desk = Desk::with("").await;
    let (daemon, _item) = desk.connected().await;
    desk.harness.bus.stop();
    for text in ["one", "two"] {
        desk.harness.send(text);
        desk.harness.user.handover(&["sync"]).await.succeeded();
    }
    desk.harness.until("they are deleted", |now| now.deletes > 0).await;
    assert_eq!(desk.harness.user.messages().await.len(), 2);
    ends_well(daemon).await;
}

#[tokio::test]
async fn the_daemon_stops_when_the_bus_hangs() {
    let mut desk = Desk::with("").await;
    let (daemon, _item) = desk.connected().await;
    desk.harness.bus.freeze();
    let before = desk.harness.sandbox.counters();
    desk.harness.send("late");
    desk.harness.until("it is downloaded", |now| now.downloads > before.downloads).await;
    ends_well(daemon).await;
}

#[tokio::test]
async fn the_icon_reappears_when_the_bus_restarts() {
    let mut desk = Desk::with("").await;
    let (daemon, _item) = desk.connected().await;
    let Desk { mut harness, panel } = desk;
    drop(panel);
    harness.bus.restart();
    let mut panel = Panel::start(harness.bus.address()).await;
    harness.send_with("after", &[("title", "first")]);
    harness.user.handover(&["sync"]).await.succeeded();
    let item = panel.next_item().await;
    item.until("it is true", |look| look.line("first").is_some()).await;
    ends_well(daemon).await;
}

#[tokio::test]
async fn it_runs_without_a_bus() {
    let mut harness = Harness::signed_in().await;
    harness.user.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let daemon = harness.connected().await;
    harness.send("hello");
    harness.until("it is deleted", |now| now.deletes > 0).await;
    assert_eq!(harness.user.messages().await.len(), 1);
    ends_well(daemon).await;
}

#[tokio::test]
async fn without_a_tray_there_is_no_icon_and_no_thread() {
    let mut desk = Desk::with("").await;
    let daemon = Running::start(desk.harness.user.command(&["run", "--no-tray"]));
    daemon.until_logged(" connected\n").await;
    desk.harness.user.handover(&["sync"]).await.succeeded();
    let tasks = format!("/proc/{}/task", daemon.pid().as_raw_nonzero());
    let names = std::fs::read_dir(tasks).expect("its threads").map(|task| {
        let comm = task.expect("a thread").path().join("comm");
        std::fs::read_to_string(comm).unwrap_or_default().trim().to_owned()
    });
    let names: Vec<_> = names.collect();
    // Threads that resolve names and read files come and go; one watches the settings file.
    let expected = ["handover", "tokio-rt-worker", "notify-rs inoti"];
    assert!(names.iter().all(|name| expected.contains(&name.as_str())), "{names:?}");
    ends_well(daemon).await;
    assert!(desk.panel.is_empty(), "nobody registered while it ran");
}
