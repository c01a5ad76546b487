//! Reading, searching, acknowledging and deleting messages, while the daemon comes and goes.
//!
//! Invariant: what a test does, it does with the keyboard; what it checks, a screen reader could say.

use std::time::Duration;

use handover::domain::account::DeviceId;
use handover::store::Store;
use handover::system::clock;
use serde_json::{Value, json};

use crate::harness::{Desk, rows, shows};
use crate::long_log::fill;
use crate::support::e2ee;
use crate::support::process::Running;

async fn reading(titles: &[&str]) -> (Desk, Running) {
    let mut desk = Desk::signed_in().await;
    let daemon = desk.daemon().await;
    for title in titles {
        desk.send(&[("title", title), ("message", &format!("text of {title}"))]);
    }
    desk.user.handover(&["sync"]).await.succeeded();
    desk.open(&[]).await;
    desk.until("the list", |elements| rows(elements).len() == titles.len()).await;
    (desk, daemon)
}

/// Selects the row that begins with the newest message and goes down to this one.
async fn select(desk: &Desk, title: &str) {
    desk.focus_row().await;
    desk.screen.press(&["Home"]);
    for _ in 0..10 {
        let elements = desk.tree.elements().await;
        let row = elements.iter().find(|element| element.is_focused && element.role == "list item");
        if row.is_some_and(|row| row.name.contains(title)) {
            return;
        }
        desk.screen.press(&["Down"]);
        clock::pause(Duration::from_millis(50)).await;
    }
    panic!("no row has the title {title}");
}

/// The message with this title, as the message log has it.
async fn logged(desk: &Desk, title: &str) -> Option<Value> {
    desk.user.messages().await.into_iter().find(|message| message["title"] == title)
}

#[tokio::test]
async fn what_is_opened_is_shown_whole_and_marked_as_read() {
    let (desk, _daemon) = reading(&["first", "second"]).await;
    desk.until("the newest is first", |elements| rows(elements)[0].starts_with("unread, second, Sandbox"))
        .await;
    select(&desk, "second").await;
    desk.until_shown("text of second").await;
    desk.until("it is read", |elements| rows(elements)[0].starts_with("second, Sandbox")).await;
    assert!(!logged(&desk, "second").await.expect("it is there")["read"].is_null());
    assert!(logged(&desk, "first").await.expect("it is there")["read"].is_null());
    desk.screen.press(&["Control_L", "u"]);
    desk.until("it is unread again", |elements| rows(elements)[0].starts_with("unread, second")).await;
    assert!(logged(&desk, "second").await.expect("it is there")["read"].is_null());
}

#[tokio::test]
async fn a_message_that_arrives_appears_and_leaves_what_is_read_alone() {
    let (desk, _daemon) = reading(&["first"]).await;
    select(&desk, "first").await;
    desk.until_shown("text of first").await;
    for title in ["second", "third"] {
        desk.send(&[("title", title), ("message", "new")]);
        let elements = desk.until("it is there", |elements| rows(elements)[0].contains(title)).await;
        assert!(shows(&elements, "text of first"));
    }
}

#[tokio::test]
async fn a_search_covers_the_text_of_all_messages() {
    let (desk, _daemon) = reading(&["alpha", "beta", "gamma"]).await;
    desk.screen.press(&["Control_L", "f"]);
    desk.screen.type_text("of bet");
    desk.until(
        "only that is listed",
        |elements| matches!(rows(elements).as_slice(), [row] if row.contains("beta")),
    )
    .await;
    desk.screen.type_text("x");
    desk.until_shown("No matching messages").await;
    desk.screen.press(&["Escape"]);
    desk.until("all are listed", |elements| rows(elements).len() == 3).await;
}

#[tokio::test]
async fn an_emergency_is_acknowledged_with_a_button_or_a_key() {
    let mut desk = Desk::signed_in().await;
    desk.user.settings("emergency = \"manual\"\n");
    let _daemon = desk.daemon().await;
    let emergency = [("priority", "2"), ("retry", "3600"), ("expire", "10800"), ("message", "help")];
    for title in ["fire", "flood"] {
        desk.send(&[&[("title", title)], &emergency[..]].concat());
    }
    desk.user.handover(&["sync"]).await.succeeded();
    desk.open(&[]).await;
    desk.until("they are open", |elements| {
        rows(elements).len() == 2
            && rows(elements).iter().all(|row| row.contains("emergency, not acknowledged"))
    })
    .await;
    select(&desk, "flood").await;
    desk.until_shown("Emergency, not acknowledged").await;
    desk.screen.press(&["Control_L", "Return"]);
    desk.until_shown("Emergency, acknowledged").await;
    select(&desk, "fire").await;
    desk.until_shown("Emergency, not acknowledged").await;
    desk.focus("Acknowledge").await;
    desk.screen.press(&["space"]);
    desk.until_shown("Emergency, acknowledged").await;
    assert!(desk.user.messages().await.iter().all(|message| message["acknowledged"] == true));
}

#[tokio::test]
async fn a_deletion_can_be_undone_and_is_carried_out_when_the_window_closes() {
    let (mut desk, _daemon) = reading(&["first", "second", "third"]).await;
    select(&desk, "third").await;
    desk.until_shown("text of third").await;
    desk.screen.press(&["Delete"]);
    desk.until("it is gone", |elements| rows(elements).len() == 2).await;
    assert!(logged(&desk, "third").await.is_some(), "it can still be undone");
    desk.focus("Undo").await;
    desk.screen.press(&["space"]);
    desk.until("it is back", |elements| rows(elements).len() == 3).await;

    select(&desk, "third").await;
    desk.screen.press(&["Delete"]);
    desk.until("it is gone", |elements| rows(elements).len() == 2).await;
    desk.screen.press(&["Control_L", "q"]);
    desk.window.take().expect("it runs").ended().await;
    assert!(logged(&desk, "third").await.is_none());
    assert!(logged(&desk, "second").await.is_some());
}

#[tokio::test]
async fn several_messages_are_selected_and_deleted_together() {
    let (desk, _daemon) = reading(&["first", "second", "third"]).await;
    select(&desk, "third").await;
    desk.screen.press(&["Control_L", "a"]);
    desk.until_shown("3 messages selected").await;
    desk.screen.press(&["Delete"]);
    desk.until_shown("No messages yet").await;
    desk.until_shown("3 messages deleted").await;
}

#[tokio::test]
async fn everything_that_matches_is_selected_deleted_and_brought_back() {
    const ALL: i64 = 2_000;
    let mut desk = Desk::signed_in().await;
    fill(
        &Store::open(&desk.user.path("data/handover/messages.db")).expect("make a message log"),
        &DeviceId::new("desk").expect("a device"),
        ALL,
    );
    let _daemon = desk.daemon().await;
    desk.open(&[]).await;
    desk.until("the list", |elements| rows(elements).len() > 5).await;
    desk.focus_row().await;
    desk.screen.press(&["Control_L", "a"]);
    desk.until_shown("2000 messages selected").await;
    desk.screen.press(&["Delete"]);
    desk.until_shown("No messages yet").await;
    desk.focus("Undo").await;
    desk.screen.press(&["space"]);
    desk.until("they are back", |elements| rows(elements).len() > 5).await;

    // The others stay.
    desk.screen.press(&["Control_L", "f"]);
    desk.screen.type_text("zebra");
    desk.until(
        "some are listed",
        |elements| matches!(rows(elements).as_slice(), [first, ..] if first.contains("zebra")),
    )
    .await;
    desk.focus_row().await;
    desk.screen.press(&["Control_L", "a"]);
    desk.until_shown("10 messages selected").await;
    desk.screen.press(&["Delete"]);
    desk.until_shown("No matching messages").await;
    desk.screen.press(&["Control_L", "q"]);
    desk.window.take().expect("it runs").ended().await;
    let left = desk.user.messages_of(&["--limit", "3000"]).await;
    assert_eq!(left.len(), 1_990);
    assert!(left.iter().all(|message| !message["text"].as_str().expect("a text").contains("zebra")));
}

#[tokio::test]
async fn encrypted_messages_are_readable_with_the_key_of_a_program() {
    let mut desk = Desk::signed_in().await;
    desk.user.settings(&format!("[encryption]\nkey_command = ['sh', '-c', 'echo {}']\n", e2ee::KEY));
    let _daemon = desk.daemon().await;
    desk.send(&[("message", e2ee::BODY), ("encrypted", "1"), ("title", e2ee::TITLE), ("url", e2ee::URL)]);
    desk.user.handover(&["sync"]).await.succeeded();
    desk.open(&[]).await;
    desk.until("it is listed", |elements| rows(elements).iter().any(|row| row.contains(e2ee::OPEN_TITLE)))
        .await;
    desk.screen.press(&["Control_L", "f"]);
    desk.screen.type_text("pegel");
    desk.until("it is found", |elements| rows(elements).iter().any(|row| row.contains(e2ee::OPEN_TITLE)))
        .await;
    desk.focus_row().await;
    desk.screen.press(&["Home"]);
    desk.until_shown(e2ee::OPEN_BODY).await;
}

#[tokio::test]
async fn a_daemon_that_dies_is_missed_and_started_again() {
    let (desk, daemon) = reading(&["first"]).await;
    desk.until_shown("Connected as desk").await;
    daemon.kill().await;
    desk.until_shown("Handover is not running").await;
    let elements = desk.until_shown("Start").await;
    assert_eq!(rows(&elements).len(), 1, "what was received is still there");
    desk.focus("Start").await;
    desk.screen.press(&["space"]);
    desk.until_gone("Handover is not running").await;
    desk.until_shown("Connected as desk").await;
    desk.send(&[("title", "second"), ("message", "after it")]);
    desk.until("it arrives", |elements| rows(elements)[0].contains("second")).await;
    desk.user.handover(&["quit"]).await.succeeded();
}

#[tokio::test]
async fn a_daemon_that_starts_later_is_followed() {
    let mut desk = Desk::signed_in().await;
    desk.open(&[]).await;
    desk.until_shown("Handover is not running").await;
    let _daemon = desk.daemon().await;
    desk.until_gone("Handover is not running").await;
    desk.send(&[("title", "first"), ("message", "x")]);
    desk.until("it arrives", |elements| rows(elements).len() == 1).await;
}

#[tokio::test]
async fn a_pause_is_shown_with_a_way_out() {
    let (desk, _daemon) = reading(&["first"]).await;
    desk.user.handover(&["pause"]).await.succeeded();
    desk.until_shown("paused until resumed").await;
    desk.focus("Resume").await;
    desk.screen.press(&["space"]);
    desk.until_gone("paused until resumed").await;
}

#[tokio::test]
async fn hostile_text_is_shown_as_text() {
    let mut desk = Desk::signed_in().await;
    let _daemon = desk.daemon().await;
    let tricky = "<b>bold</b> & <a href=\"https://evil.example\">good.example</a> \u{202e}txt.exe\u{2066}";
    for (title, text, html) in [
        ("</span><b>title & <i>", "<span size=\"999999\">big</span> &amp; </markup>", "0"),
        ("rich", tricky, "1"),
        ("\u{202e}gnihsihp", "\u{202e}reversed\u{0}\u{1b}[31m", "0"),
    ] {
        desk.send(&[("title", title), ("message", text), ("html", html)]);
    }
    desk.sandbox.inject(&json!({ "title": "long", "message": "x".repeat(100_000) }));
    desk.user.handover(&["sync"]).await.succeeded();
    desk.open(&[]).await;
    desk.until("all are listed", |elements| rows(elements).len() == 4).await;
    select(&desk, "long").await;
    desk.until_shown(&"x".repeat(150)).await;
    select(&desk, "gnihsihp").await;
    desk.until_shown("reversed").await;
    select(&desk, "title & <i>").await;
    let elements = desk.until_shown("<span size=\"999999\">big</span> &amp; </markup>").await;
    assert!(shows(&elements, "</span><b>title & <i>"));
    for element in &elements {
        let words = [&element.name, element.words()].concat();
        assert!(!words.contains(['\u{202e}', '\u{2066}', '\u{1b}', '\0']), "{element:?}");
    }
    select(&desk, "rich").await;
    desk.until_shown("good.example (https://evil.example)").await;
    let said = desk.window.as_ref().expect("it runs").said();
    assert!(!said.contains("Gtk-WARNING") && !said.contains("markup"), "{said}");
}
