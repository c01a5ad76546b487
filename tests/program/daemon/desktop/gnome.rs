//! Tests a notification server that behaves like GNOME's: it shows one banner after the other, and reports events of a
//! notification only to the program that showed it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::harness::Harness;
use crate::support::notification_server::{NotificationServer, Shown};

/// A user of GNOME, with these settings.
async fn on_gnome(settings: &str) -> Harness {
    let Harness { user, sandbox, server, bus } = Harness::signed_in().await;
    drop(server);
    let capabilities = ["actions", "body", "body-markup", "persistence"];
    let server = NotificationServer::called("gnome-shell", bus.address(), &capabilities).await;
    user.settings(settings);
    Harness { user, sandbox, server, bus }
}

/// What is on the screen, by its text.
fn screen(harness: &Harness) -> BTreeMap<String, Shown> {
    harness.server.screen().into_values().map(|shown| (shown.body.clone(), shown)).collect()
}

fn urgencies(harness: &Harness) -> Vec<(String, Option<u8>)> {
    screen(harness).into_iter().map(|(body, shown)| (body, shown.byte_hint("urgency"))).collect()
}

async fn unread(harness: &Harness) -> Vec<String> {
    let messages = harness.user.messages().await;
    let unread = messages.into_iter().filter(|message| message["read"].is_null());
    unread.map(|message: Value| message["text"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn messages_make_way_for_an_emergency_and_stay_unread() {
    let harness = on_gnome("emergency = 'manual'").await;
    let daemon = harness.connected().await;
    for number in 1..=2 {
        harness.send(&format!("normal {number}"));
        harness.server.next_shown().await;
        harness.send_with(&format!("high {number}"), &[("priority", "1")]);
        harness.server.next_shown().await;
    }
    let receipt = harness.send_emergency("fire");
    let after = |body: &str, urgency: u8| (body.to_owned(), Some(urgency));
    let expected = [
        after("fire", 2),
        after("high 1", 0),
        after("high 2", 0),
        after("normal 1", 0),
        after("normal 2", 0),
    ];
    harness.until_status("they made way", |_| urgencies(&harness) == expected).await;
    harness.send("later");
    while harness.server.next_shown().await.body != "later" {}
    assert_eq!(screen(&harness)["fire"].byte_hint("urgency"), Some(2), "it is still there");
    assert_eq!(unread(&harness).await.len(), 6, "nothing counts as read");
    assert!(!harness.sandbox.is_acknowledged(&receipt));

    harness.server.dismiss(screen(&harness)["high 1"].id).await;
    harness.until_status("it is read", |status| status["unread"] == 5).await;
    assert!(!unread(&harness).await.contains(&"high 1".to_owned()));
    // The next daemon knows them too.
    drop(daemon);
    let _daemon = harness.connected().await;
    let left = harness.server.screen().len();
    harness.user.handover(&["messages", "--unread", "--mark-read"]).await.succeeded();
    harness.until_status("all but the emergency are closed", |_| harness.server.screen().len() == 1).await;
    assert_eq!(left, 5);
}

#[tokio::test]
async fn an_unsaved_emergency_does_not_wait_either() {
    let harness = on_gnome("emergency = 'manual'").await;
    let _daemon = harness.connected().await;
    harness.send("before");
    harness.server.next_shown().await;
    let log = rusqlite::Connection::open(harness.user.path("data/handover/messages.db")).expect("open");
    log.execute_batch("BEGIN EXCLUSIVE").expect("lock");
    harness.send("unsaved");
    while !harness.server.next_shown().await.body.starts_with("unsaved\nNot saved: ") {}
    harness.send_emergency("fire");
    let is_in_front = |_: &Value| {
        let screen = harness.server.screen();
        let urgency = |text: &str| {
            screen
                .values()
                .find(|shown| shown.body.starts_with(text))
                .and_then(|shown| shown.byte_hint("urgency"))
        };
        [urgency("fire"), urgency("before"), urgency("unsaved")] == [Some(2), Some(0), Some(0)]
    };
    harness.until_status("it is in front", is_in_front).await;
    drop(log);
    harness.user.handover(&["sync"]).await.succeeded();
    harness
        .until_status("no message is said to be unsaved", |_| {
            let screen = harness.server.screen();
            ["unsaved", "fire"].iter().all(|text| screen.values().any(|shown| shown.body == *text))
        })
        .await;
    let unsaved = screen(&harness)["unsaved"].id;
    harness.server.choose(unsaved, "mark-read").await;
    harness.until_status("it is read", |status| status["unread"] == 2).await;
}

#[tokio::test]
async fn notifications_can_be_clicked_after_a_restart() {
    let harness = on_gnome("emergency = 'manual'").await;
    let daemon = harness.connected().await;
    harness.send("read by a click");
    let clicked = harness.server.next_shown().await;
    harness.send("closed while no daemon ran");
    let closed = harness.server.next_shown().await;
    harness.send("left");
    let left = harness.server.next_shown().await;
    let receipt = harness.send_emergency("fire");
    let fire = harness.server.next_shown().await;
    // They made way for the emergency, so their ids have changed.
    harness.until_status("they made way", |_| !harness.server.screen().contains_key(&left.id)).await;
    while harness.server.screen().len() < 4 {
        tokio::task::yield_now().await;
    }
    harness.user.handover(&["sync"]).await.succeeded();
    let id_of = |before: &Shown| screen(&harness).get(&before.body).map(|shown| shown.id);
    let (clicked, left) = (id_of(&clicked).expect("it is there"), id_of(&left).expect("it is there"));
    drop(daemon);
    harness.server.dismiss(id_of(&closed).expect("it is there")).await;
    harness.shown_so_far().await;

    let _daemon = harness.connected().await;
    let mut again = BTreeMap::new();
    while again.len() < 4 {
        let shown = harness.server.next_shown().await;
        again.insert(shown.body.clone(), shown);
    }
    assert_eq!(again["read by a click"].id, clicked);
    assert_eq!(again["left"].id, left);
    assert!(
        again["fire"].id != fire.id && !harness.server.screen().contains_key(&fire.id),
        "with its button"
    );
    for (body, shown) in &again {
        assert!((shown.replaces != 0 || body == "fire") && shown.has_hint("suppress-sound"), "{shown:?}");
        assert_eq!(
            shown.byte_hint("urgency"),
            Some(if body == "fire" { 2 } else { 0 }),
            "no banner: {shown:?}"
        );
        assert!(!shown.actions.is_empty(), "{shown:?}");
    }
    harness
        .until_status("the notification that the user closed is gone", |_| harness.server.screen().len() == 3)
        .await;
    assert_eq!(unread(&harness).await.len(), 4, "nothing is new, and nothing counts as read");
    assert!(!harness.sandbox.is_acknowledged(&receipt));

    harness.server.choose(clicked, "mark-read").await;
    harness.until_status("it is read", |status| status["unread"] == 3).await;
    harness.server.choose(again["fire"].id, "acknowledge").await;
    harness.until("it is acknowledged", |now| now.acknowledges == 1).await;
    assert!(harness.sandbox.is_acknowledged(&receipt));
    assert!(!unread(&harness).await.contains(&"read by a click".to_owned()));
}

#[tokio::test]
async fn nothing_is_sent_again_if_the_server_reports_clicks_to_every_program() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    harness.send("one");
    let one = harness.server.next_shown().await;
    harness.user.handover(&["sync"]).await.succeeded();
    drop(daemon);
    let _daemon = harness.connected().await;
    harness.send("two");
    assert_eq!(harness.server.next_shown().await.body, "two");
    harness.server.choose(one.id, "mark-read").await;
    harness.until_status("the first is read", |status| status["unread"] == 1).await;
}

#[tokio::test]
async fn the_count_of_a_flood_stays_on_the_screen() {
    let harness = on_gnome("").await;
    let daemon = harness.connected().await;
    for number in 1..=7 {
        harness.send(&format!("text {number}"));
    }
    let titles = || harness.server.screen().into_values().map(|shown| shown.title).collect::<Vec<_>>();
    let expected = ["7 messages from Sandbox"];
    harness.until_status("they are counted", |status| status["unread"] == 7 && titles() == expected).await;
    // After this, everything that follows the reply of the server has happened.
    harness.user.handover(&["sync"]).await.succeeded();
    assert_eq!(titles(), expected);
    drop(daemon);
}
