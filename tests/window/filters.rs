//! Limiting the list, and taking something out of the window.
//!
//! Invariant: what a test does, it does with the keyboard or the mouse.

use handover::domain::account::DeviceId;
use handover::domain::message::{Arrival, Message, MessageId, Received};
use handover::store::Store;
use handover::system::clock;
use serde_json::json;

use crate::harness::{Desk, rows};

async fn filled() -> (Desk, crate::support::process::Running) {
    let mut desk = Desk::signed_in().await;
    let daemon = desk.daemon().await;
    for (app, title, priority) in [("Backup", "done", 0), ("Weather", "rain", -1), ("Backup", "failed", 1)] {
        desk.sandbox.inject(&json!({ "app": app, "title": title, "message": "text", "priority": priority }));
    }
    desk.user.handover(&["sync"]).await.succeeded();
    desk.open(&[]).await;
    desk.until("the list", |elements| rows(elements).len() == 3).await;
    desk.focus("Filter").await;
    desk.screen.press(&["Return"]);
    desk.until_shown("Unread only").await;
    (desk, daemon)
}

async fn until_listed(desk: &Desk, titles: &[&str]) {
    desk.until(&format!("{titles:?} are listed"), |elements| {
        let rows = rows(elements);
        rows.len() == titles.len() && rows.iter().zip(titles).all(|(row, title)| row.contains(title))
    })
    .await;
}

#[tokio::test]
async fn the_list_is_limited_by_application_priority_and_what_is_unread() {
    let (desk, _daemon) = filled().await;
    desk.focus_on("combo box", "Application").await;
    choose(&desk, 2);
    until_listed(&desk, &["rain"]).await;
    desk.focus("Clear filters").await;
    desk.screen.press(&["space"]);
    until_listed(&desk, &["failed", "rain", "done"]).await;
    desk.focus_on("combo box", "Priority").await;
    choose(&desk, 2);
    until_listed(&desk, &["failed"]).await;
    desk.focus("Clear filters").await;
    desk.screen.press(&["space"]);
    until_listed(&desk, &["failed", "rain", "done"]).await;

    let read = desk.user.messages().await.into_iter().find(|message| message["title"] == "done");
    let id = read.expect("it is there")["id"].as_str().expect("an id").to_owned();
    desk.user.handover(&["messages", "--since", &id, "--app", "Backup", "--mark-read"]).await.succeeded();
    desk.user.handover(&["messages", "--app", "Weather", "--mark-read"]).await.succeeded();
    desk.focus_on("checkbox", "Unread only").await;
    desk.screen.press(&["space"]);
    until_listed(&desk, &["done"]).await;
}

/// Goes down this many entries in the list that has the focus, and chooses one.
fn choose(desk: &Desk, down: usize) {
    desk.screen.press(&["space"]);
    for _ in 0..down {
        desk.screen.press(&["Down"]);
    }
    desk.screen.press(&["Return"]);
}

/// Records messages without the daemon, this many days ago.
fn record(desk: &Desk, messages: &[(&str, i64)]) {
    let store = Store::open(&desk.user.path("data/handover/messages.db")).expect("make a message log");
    let device = DeviceId::new("desk").expect("a device");
    for (number, (title, days)) in (1..).zip(messages) {
        let unix = clock::unix() - days * 86_400;
        let message = Message {
            app: "Backup".to_owned(),
            title: Some((*title).to_owned()),
            date: unix,
            ..Message::unread(MessageId::from_stored(number))
        };
        let received = Received { message, raw: "{}".to_owned() };
        store.record(&device, Arrival::Waited, &[received], &[], unix).expect("record a message");
    }
}

#[tokio::test]
async fn the_list_is_limited_by_time() {
    let mut desk = Desk::signed_in().await;
    record(&desk, &[("last year", 400), ("last month", 20), ("this week", 3), ("today", 0)]);
    desk.open(&[]).await;
    until_listed(&desk, &["today", "this week", "last month", "last year"]).await;
    desk.focus("Filter").await;
    desk.screen.press(&["Return"]);
    desk.until_shown("Unread only").await;
    for titles in [&["today"][..], &["today", "this week"], &["today", "this week", "last month"]] {
        desk.focus_on("combo box", "Time").await;
        choose(&desk, 1);
        until_listed(&desk, titles).await;
    }
    desk.focus("Clear filters").await;
    desk.screen.press(&["space"]);
    until_listed(&desk, &["today", "this week", "last month", "last year"]).await;
}

#[tokio::test]
async fn a_link_in_the_text_can_be_dragged_out() {
    let mut desk = Desk::signed_in().await;
    let _daemon = desk.daemon().await;
    let link = "https://ci.example/4711?a=b&c=d";
    desk.send(&[("title", "Build failed"), ("message", link)]);
    desk.user.handover(&["sync"]).await.succeeded();
    desk.open(&[]).await;
    desk.until("the list", |elements| rows(elements).len() == 1).await;
    desk.focus_row().await;
    desk.screen.press(&["Home"]);
    desk.until_shown("Build failed").await;
    let from = desk.place_in_text(link).await;
    let to = desk.place_of("search box", "Search messages").await;
    desk.screen.drag(from, to).await;
    desk.until("the link is where it was dropped", |elements| {
        elements.iter().any(|element| element.role == "search box" && element.text.as_deref() == Some(link))
    })
    .await;
}

#[tokio::test]
async fn a_link_can_be_dragged_out() {
    let mut desk = Desk::signed_in().await;
    let _daemon = desk.daemon().await;
    let link = "https://ci.example/4711";
    desk.send(&[("title", "Build failed"), ("message", "see"), ("url", link), ("url_title", "Open build")]);
    desk.user.handover(&["sync"]).await.succeeded();
    desk.open(&[]).await;
    desk.until("the list", |elements| rows(elements).len() == 1).await;
    desk.focus_row().await;
    desk.screen.press(&["Home"]);
    let from = desk.place_of("button", "Open build").await;
    let to = desk.place_of("search box", "Search messages").await;
    desk.screen.drag(from, to).await;
    desk.until("the link is where it was dropped", |elements| {
        elements.iter().any(|element| element.text.as_deref() == Some(link))
    })
    .await;
}
