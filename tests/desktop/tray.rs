//! The icon in the tray and its menu, on the panel of Xfce.

use std::time::Duration;

use handover::desktop::tray::Icon;
use handover::sandbox::{Endpoint, Fault};
use handover::system::clock;

use crate::desk::{Desk, until};
use crate::panel::Shade;
use crate::screen::Button;
use crate::support::user::PROGRAM;

/// Goes through all states and checks the icon of each.
async fn every_state_has_its_icon(name: &str, shade: Shade) {
    let desk = Desk::with_panel(name, shade).await;
    let _daemon = desk.connected().await;
    desk.icon(Icon::Connected).await;

    desk.send("Doorbell", "Somebody is at the front door.", &[]);
    desk.icon(Icon::Unread).await;
    desk.keep("unread");

    desk.user.handover(&["pause", "forever"]).await.succeeded();
    desk.icon(Icon::Paused).await;
    desk.user.handover(&["resume"]).await.succeeded();
    desk.icon(Icon::Unread).await;

    desk.sandbox.faults().always(Endpoint::Socket, Fault::status(503));
    desk.sandbox.drop_sockets();
    desk.icon(Icon::Offline).await;
}

#[tokio::test]
async fn every_state_has_its_icon_on_a_dark_panel() {
    every_state_has_its_icon("tray-dark", Shade::Dark).await;
}

#[tokio::test]
async fn every_state_has_its_icon_on_a_light_panel() {
    every_state_has_its_icon("tray-light", Shade::Light).await;
}

#[tokio::test]
async fn a_state_that_needs_the_user_has_its_icon_and_a_menu_entry() {
    let desk = Desk::with_panel("tray-attention", Shade::Dark).await;
    let _daemon = desk.connected().await;
    desk.icon(Icon::Connected).await;
    desk.sandbox.close_sockets(b"A");
    desk.until_status("it is displaced", |status| status["link"] == "displaced").await;
    desk.choose("menu", Icon::Attention, &["Take the connection back"]).await;
    desk.until_status("it is connected", |status| status["link"] == "connected").await;
    desk.icon(Icon::Connected).await;
}

#[tokio::test]
async fn signed_out_users_find_sign_in_in_the_menu() {
    let desk = Desk::with_panel("tray-sign-in", Shade::Light).await;
    let _daemon = desk.connected().await;
    desk.icon(Icon::Connected).await;
    desk.user.handover(&["logout"]).await;
    desk.choose("menu", Icon::Attention, &["Sign in…"]).await;
    let asked = desk.asked_of("xdg-terminal-exec").await;
    assert_eq!(asked, format!("{PROGRAM}\nsetup\n"));
}

#[tokio::test]
async fn the_tooltip_shows_the_state() {
    let desk = Desk::with_panel("tray-tooltip", Shade::Dark).await;
    let _daemon = desk.connected().await;
    let icon = desk.icon(Icon::Connected).await;
    desk.screen.point_at(icon.middle());
    desk.place_of("Handover\nConnected as desk").await;
    desk.keep("shown");
}

#[tokio::test]
async fn a_click_on_the_icon_shows_the_state() {
    let mut desk = Desk::with_panel("tray-click", Shade::Dark).await;
    let _daemon = desk.connected().await;
    let icon = desk.icon(Icon::Connected).await;
    desk.screen.click(Button::Left, icon.middle());
    assert_eq!(desk.notifications.next().await.title, "Connected as desk");
    desk.notification_on_screen().await;
    desk.keep("shown");
}

#[tokio::test]
async fn the_menu_pauses_and_resumes() {
    let desk = Desk::with_panel("tray-pause", Shade::Dark).await;
    let _daemon = desk.connected().await;

    let before = clock::unix();
    desk.choose("pause", Icon::Connected, &["Pause", "For 30 minutes"]).await;
    desk.until_status("it is paused", |status| status["paused_until"].is_i64()).await;
    let until = desk.user.status().await["paused_until"].as_i64().expect("a time");
    assert!((before + 1800..=clock::unix() + 1800).contains(&until), "{until}, asked for at {before}");

    desk.choose("resume", Icon::Paused, &["Resume"]).await;
    desk.until_status("it goes on", |status| status["paused_until"].is_null()).await;
    desk.icon(Icon::Connected).await;
}

#[tokio::test]
async fn the_menu_marks_a_message_as_read() {
    let desk = Desk::with_panel("tray-message", Shade::Light).await;
    let _daemon = desk.connected().await;
    desk.send("Doorbell", "Somebody is at the front door.", &[]);
    desk.send("Backup", "Finished & verified, 12_000 files.", &[]);
    desk.until_status("both are there", |status| status["unread"] == 2).await;
    desk.choose("menu", Icon::Unread, &["• Backup — Sandbox"]).await;
    desk.until_status("one is read", |status| status["unread"] == 1).await;
}

#[tokio::test]
async fn the_menu_opens_the_link_of_a_message() {
    let desk = Desk::with_panel("tray-link", Shade::Dark).await;
    let _daemon = desk.connected().await;
    desk.send("Camera", "Movement at the gate.", &[("url", "https://camera.example/gate?a=1&b=2")]);
    desk.choose("menu", Icon::Unread, &["• Camera — Sandbox"]).await;
    assert_eq!(desk.asked_of("xdg-open").await, "https://camera.example/gate?a=1&b=2\n");
    desk.icon(Icon::Connected).await;
}

#[tokio::test]
async fn the_menu_acknowledges_an_emergency() {
    let desk = Desk::with_panel("tray-emergency", Shade::Dark).await;
    desk.user.settings("emergency = \"manual\"\n");
    let _daemon = desk.connected().await;
    let receipt = desk.send_emergency("Cellar", "There is water in the cellar.");
    desk.until_status("it waits", |status| status["unacknowledged"] == 1).await;
    assert!(!desk.sandbox.is_acknowledged(&receipt));

    desk.choose("menu", Icon::Emergency, &["Acknowledge: Cellar"]).await;
    until("it is acknowledged", async || desk.sandbox.is_acknowledged(&receipt).then_some(())).await;
    desk.until_status("nothing waits", |status| status["unacknowledged"] == 0).await;
}

#[tokio::test]
async fn the_menu_turns_start_at_login_on_and_off() {
    let desk = Desk::with_panel("tray-login", Shade::Dark).await;
    let _daemon = desk.connected().await;
    let entry = desk.user.path("config/autostart/handover.desktop");
    desk.choose("off", Icon::Connected, &["Start at login"]).await;
    until("an entry for the start", async || entry.exists().then_some(())).await;
    desk.choose("on", Icon::Connected, &["Start at login"]).await;
    until("no entry for the start", async || (!entry.exists()).then_some(())).await;
}

#[tokio::test]
async fn the_menu_quits_the_daemon() {
    let desk = Desk::with_panel("tray-quit", Shade::Light).await;
    let daemon = desk.connected().await;
    desk.choose("menu", Icon::Connected, &["Quit"]).await;
    let clicked = clock::instant();
    let finished = daemon.ended().await;
    let span = clock::instant().duration_since(clicked);
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(span < Duration::from_secs(2), "{span:?}");
    desk.no_icon().await;
}

#[tokio::test]
async fn the_icon_appears_with_the_panel_and_reappears_with_it() {
    let mut desk = Desk::before_panel("tray-panel", Shade::Dark).await;
    let daemon = desk.connected().await;
    desk.start_panel().await;
    desk.icon(Icon::Connected).await;
    for _ in 0..2 {
        desk.kill_panel().await;
        desk.start_panel().await;
        desk.icon(Icon::Connected).await;
    }
    desk.choose("menu", Icon::Connected, &["Quit"]).await;
    assert_eq!(daemon.ended().await.code, Some(0));
}
