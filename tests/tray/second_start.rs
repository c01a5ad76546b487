//! There is one daemon: whoever starts a second is shown the first.

use rustix::process::Signal;

use crate::desk::Desk;
use crate::support::process::Running;
use crate::support::stage::Stage;

#[tokio::test]
async fn a_second_start_from_a_menu_shows_the_first() {
    let stage = Stage::signed_in().await;
    let _daemon = stage.connected().await;
    let mut shown = None;
    for _ in 0..2 {
        let said = stage.home.handover(&[]).await.well();
        assert_eq!(said, "already running: Connected as desk\n");
        let notification = stage.server.next_shown().await;
        assert_eq!((notification.title.as_str(), notification.body.as_str()), ("Connected as desk", ""));
        assert_eq!(
            *shown.get_or_insert(notification.id),
            notification.id,
            "one takes the place of the other"
        );
    }
    assert_eq!(stage.server.screen().len(), 1);
    // One that was closed is not replaced.
    stage.server.dismiss(shown.expect("a notification")).await;
    stage.home.handover(&[]).await.well();
    assert_eq!(stage.server.screen().len(), 1);
}

#[tokio::test]
async fn issues_are_shown() {
    let stage = Stage::new().await;
    let _daemon = stage.home.daemon();
    stage.server.next_shown().await;
    let said = stage.home.handover(&[]).await.well();
    assert_eq!(said, "already running: Not signed in\n");
    let notification = stage.server.next_shown().await;
    assert_eq!(notification.title, "Not signed in");
    assert_eq!(notification.body, "hint: run `handover setup` to sign in");
}

#[tokio::test]
async fn a_click_on_the_icon_shows_the_status() {
    let mut desk = Desk::with("").await;
    let (_daemon, item) = desk.connected().await;
    item.click().await;
    let first = desk.stage.server.next_shown().await;
    assert_eq!(first.title, "Connected as desk");
    item.click().await;
    assert_eq!(desk.stage.server.next_shown().await.id, first.id);
}

#[tokio::test]
async fn an_installed_window_is_opened() {
    let mut desk = Desk::with("").await;
    let opened = desk.program("handover-window");
    let (_daemon, item) = desk.connected().await;
    for way in ["a second start", "the menu", "a click"] {
        match way {
            "the menu" => item.choose("Show messages").await,
            "a click" => item.click().await,
            _ => drop(desk.stage.home.handover(&[]).await.well()),
        }
        assert_eq!(desk.ran(&opened).await, "\n", "{way}");
        std::fs::remove_file(&opened).expect("it noted that it ran");
    }
    assert!(desk.stage.shown_so_far().await.is_empty());
}

#[tokio::test]
async fn a_second_run_fails_and_a_second_start_at_login_exits_quietly() {
    let stage = Stage::signed_in().await;
    let daemon = stage.connected().await;
    let said = stage.home.handover(&["run"]).await.badly(1);
    let expected = "error: already running: Connected as desk\n\
        hint: `handover status` says more; `handover quit` stops it\n";
    assert_eq!(said, expected);
    let said = stage.home.handover(&["run", "--at-login"]).await.well();
    assert_eq!(said, "already running: Connected as desk\n");
    assert!(stage.shown_so_far().await.is_empty());
    daemon.stop(Signal::TERM).await;

    let first = Running::start(stage.home.command(&["run", "--at-login"]));
    first.until_logged(" connected\n").await;
}

#[tokio::test]
async fn a_locked_log_is_reported() {
    let stage = Stage::signed_in().await;
    let log = rusqlite::Connection::open(stage.home.path("data/handover/messages.db")).expect("the log");
    log.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").expect("lock the log");
    let daemon = stage.home.daemon();
    daemon.until_logged("messages cannot be saved").await;
    let said = stage.home.handover(&[]).await.well();
    let expected = "already running: Offline, will connect again; messages cannot be saved: ";
    assert!(said.starts_with(expected), "{said}");
    assert_eq!(stage.home.handover(&["quit"]).await.well(), "stopped\n");
}

#[tokio::test]
async fn the_icon_shows_why_the_daemon_cannot_start() {
    let mut desk = Desk::with("colour = 'red'").await;
    let daemon = Running::start(desk.stage.home.command(&["run", "--at-login"]));
    let item = desk.panel.next_item().await;
    let look = item
        .until("it says why", |look| {
            look.tooltip.starts_with("Offline, will connect again\nno messages are received: the settings ")
        })
        .await;
    assert!(look.line("Quit").is_some(), "{look:?}");
    let why = desk.stage.server.next_shown().await;
    item.choose("Until resumed").await;
    let notification = desk.stage.server.next_shown().await;
    assert_eq!(notification.title, "That did not work");
    assert!(
        notification.body.starts_with("error: no messages are received: the settings "),
        "{}",
        notification.body
    );
    desk.stage.server.dismiss(notification.id).await;
    assert_eq!(desk.stage.server.next_closed().await, notification.id);
    desk.stage.home.settings("backlog = 'all'");
    assert_eq!(desk.stage.server.next_closed().await, why.id);
    item.until("it is connected", |look| look.tooltip.starts_with("Connected as desk")).await;
    item.choose("Quit").await;
    assert_eq!(daemon.ended().await.code, Some(0));
}

#[tokio::test]
async fn the_icon_is_there_while_the_log_cannot_be_opened() {
    let mut desk = Desk::with("").await;
    let log = rusqlite::Connection::open(desk.stage.home.path("data/handover/messages.db")).expect("the log");
    log.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").expect("lock the log");
    let daemon = desk.stage.home.daemon();
    let item = desk.panel.next_item().await;
    item.until("it says why", |look| look.tooltip.contains("\nmessages cannot be saved: ")).await;
    item.choose("Quit").await;
    assert_eq!(daemon.ended().await.code, Some(0));
}
