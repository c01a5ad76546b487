//! What the icon shows, and that it stays up to date.

use handover::sandbox::{Endpoint, Fault};

use crate::desk::Desk;
use crate::support::harness::Harness;
use crate::support::panel::Panel;

#[tokio::test]
async fn the_tray_follows_the_state() {
    let mut desk = Desk::with("").await;
    let (_daemon, item) = desk.connected().await;
    assert_eq!(item.text("Id").await, "handover");
    assert_eq!(item.text("Title").await, "Handover");
    assert_eq!(item.text("Status").await, "Active");
    let connected = item.look().await.expect("it is there");
    assert_eq!(connected.tooltip, "Connected as desk");
    assert_eq!(connected.sizes(), [16, 22, 24, 32, 48, 64], "what panels draw");

    desk.harness.send_with("the text", &[("title", "the title")]);
    let unread = item.until("a message is unread", |look| look.tooltip.ends_with("1 unread")).await;
    assert_eq!(unread.tooltip, "Connected as desk, 1 unread");
    assert!(unread.differs_in_every_size(&connected));
    let line = unread.line("the title").expect("it is listed");
    assert!(line.enabled);
    let time =
        line.label.strip_prefix("• the title — Sandbox, ").expect("a title, an application and a time");
    let listed = desk.harness.user.handover(&["messages"]).await.succeeded();
    assert!(time.len() == "14:05".len() && listed.contains(time), "{time} is what is listed: {listed}");

    desk.harness.sandbox.faults().always(Endpoint::Socket, Fault::status(503));
    desk.harness.sandbox.drop_sockets();
    let offline = item.until("it is offline", |look| look.tooltip.starts_with("Offline")).await;
    assert!(offline.differs_in_every_size(&unread));
    assert!(offline.line("the title").is_some());
    desk.harness.sandbox.faults().clear();
    desk.harness.user.handover(&["sync"]).await.succeeded();
    item.until("it is connected", |look| look.tooltip.starts_with("Connected")).await;
}

#[tokio::test]
async fn a_long_sentence_is_wrapped_so_that_the_menu_stays_narrow() {
    let mut desk = Desk::with("").await;
    let (_daemon, item) = desk.connected().await;
    desk.harness.user.settings("emergency = manual");
    desk.harness.send_with("text", &[("title", &"a long title ".repeat(9))]);
    let look = item
        .until("both are there", |look| {
            look.line("a long title").is_some() && look.line("the changed").is_some()
        })
        .await;
    let longest = look.menu.iter().max_by_key(|line| line.label.chars().count()).expect("a line");
    assert!(longest.label.chars().count() <= 66, "{}", longest.label);
    let text: String = look.menu.iter().map(|line| line.label.as_str()).collect();
    assert!(text.replace(' ', "").contains("stringvaluesmustbequoted"), "{text}");
}

#[tokio::test]
async fn the_menu_lists_the_latest_five_messages_newest_first() {
    let mut desk = Desk::with("").await;
    let (_daemon, item) = desk.connected().await;
    for number in 1..=7 {
        desk.harness.send_with("text", &[("title", &format!("number {number}"))]);
    }
    let look = item.until("all are there", |look| look.tooltip.ends_with("7 unread")).await;
    let listed = |look: &crate::support::panel::Look| -> Vec<String> {
        let words = look.menu.iter().map(crate::support::panel::Line::words);
        let listed = words.filter(|words| words.starts_with("number "));
        listed.map(|words| words.chars().take("number n".len()).collect()).collect()
    };
    assert_eq!(listed(&look), ["number 7", "number 6", "number 5", "number 4", "number 3"]);
}

#[tokio::test]
async fn an_open_emergency_has_an_icon_of_its_own_and_comes_first_in_the_menu() {
    let mut desk = Desk::with("emergency = 'manual'").await;
    let (_daemon, item) = desk.connected().await;
    desk.harness.send_with("text", &[("title", "the title")]);
    let unread = item.until("a message is unread", |look| look.tooltip.ends_with("1 unread")).await;
    let copy = serde_json::json!({"app": "Alarm", "title": "Fire", "message": "in the cellar", "priority": 2,
        "acked": 0, "receipt": "rLqVuqTRh62UzxtmqiaLzQmVcPgiCy"});
    desk.harness.sandbox.inject(&copy);
    item.until("it is there", |look| look.line("Acknowledge: Fire").is_some()).await;
    desk.harness.sandbox.inject(&copy);
    let repeated = |look: &crate::support::panel::Look| {
        look.line("Emergency: Fire — Alarm, ")
            .is_some_and(|line| line.label.contains(", repeated once, last "))
    };
    let look = item.until("it was repeated", repeated).await;
    assert!(look.differs_in_every_size(&unread));
    let words: Vec<_> = look.menu.iter().map(crate::support::panel::Line::words).collect();
    assert!(
        words[0].starts_with("Emergency: Fire — Alarm, ") && words[1] == "Acknowledge: Fire",
        "{words:#?}"
    );
    assert_eq!(words.iter().filter(|words| words.contains("Fire")).count(), 2, "{words:#?}");
    assert_eq!(look.tooltip, "Connected as desk, 2 unread, 1 emergency to acknowledge");
}

#[tokio::test]
async fn a_window_is_offered_once_it_is_installed() {
    let mut desk = Desk::with("").await;
    desk.harness.user.set("DISPLAY", ":none");
    let window = desk.program("handover-window");
    let away = window.with_extension("away");
    let installed = desk.harness.user.path("bin/handover-window");
    std::fs::rename(&installed, &away).expect("take it away");
    let (daemon, item) = desk.connected().await;
    let look = item.look().await.expect("it is there");
    assert!(look.line("Show messages").is_none(), "{look:?}");
    daemon.kill().await;
    std::fs::rename(&away, &installed).expect("install it");
    let (_daemon, item) = desk.connected().await;
    item.until("it is offered", |look| look.line("Show messages").is_some()).await;
}

#[tokio::test]
async fn a_title_is_shown_verbatim() {
    let mut desk = Desk::with("").await;
    let (_daemon, item) = desk.connected().await;
    let titles = ["_a_ __b__ &c && &amp;", "<b>d</b> <i>&lt;", "100% \\n $(e) `f`"];
    for title in titles {
        desk.harness.send_with("text", &[("title", title)]);
    }
    let all_are_there =
        |look: &crate::support::panel::Look| titles.iter().all(|title| look.line(title).is_some());
    item.until("the titles are shown as they are", all_are_there).await;
}

#[tokio::test]
async fn control_characters_in_a_title_are_removed() {
    let mut desk = Desk::with("").await;
    let (_daemon, item) = desk.connected().await;
    desk.harness.send_with("text", &[("title", "a\nb\tc \u{202e}d\u{1b}[31me")]);
    item.until("it is one harmless line", |look| look.line("a b c d[31me").is_some()).await;
}

#[tokio::test]
async fn without_a_login_the_menu_offers_to_sign_in() {
    let mut harness = Harness::new().await;
    let bin = harness.user.path("bin");
    harness.user.set("PATH", bin.to_str().expect("a path in UTF-8"));
    let mut panel = Panel::start(harness.bus.address()).await;
    let _daemon = harness.user.daemon();
    let item = panel.next_item().await;
    let look = item.until("it says so", |look| look.tooltip == "Not signed in").await;
    assert!(look.line("Sign in").is_none_or(|line| !line.enabled), "there is no terminal: {look:?}");
}
