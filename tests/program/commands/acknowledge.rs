//! `handover acknowledge`, with a daemon and without one.

use handover::sandbox::{Endpoint, Fault};
use serde_json::Value;

use crate::support::harness::Harness;

const NOT_AN_EMERGENCY: &str = "error: the message cannot be acknowledged: it is not an emergency\n";
const UNKNOWN: &str = "error: the message cannot be acknowledged: there is no message 17\n\
    hint: `handover messages` shows the id of every open emergency\n";
const DONE_ALREADY: &str = "error: the message cannot be acknowledged: it is already acknowledged\n";

/// The id of the message with this text.
async fn id_of(harness: &Harness, text: &str) -> String {
    let messages = harness.user.messages().await;
    let message = messages.iter().find(|message| message["text"] == text).expect("the message is listed");
    message["id"].as_str().expect("the id is a text").to_owned()
}

async fn field_of(harness: &Harness, text: &str, field: &str) -> Value {
    let messages = harness.user.messages().await;
    let message = messages.iter().find(|message| message["text"] == text).expect("the message is listed");
    message[field].clone()
}

/// Two emergencies and a normal message are shown, and nobody acknowledged anything; the daemon is gone.
async fn two_emergencies() -> (Harness, [String; 2]) {
    let harness = Harness::signed_in().await;
    harness.user.settings("emergency = 'manual'");
    let daemon = harness.connected().await;
    let receipts = [harness.send_emergency("fire"), harness.send_emergency("water")];
    harness.send("normal");
    for _ in 0..3 {
        harness.server.next_shown().await;
    }
    harness.user.handover(&["sync"]).await.succeeded();
    let sentence = "Connected as desk, 3 unread, 2 emergencies to acknowledge";
    assert_eq!(harness.user.status().await["sentence"], sentence);
    daemon.kill().await;
    assert_eq!(harness.sandbox.counters().acknowledges, 0);
    (harness, receipts)
}

/// Acknowledges the first by hand and sees what is refused.
async fn acknowledges(harness: &Harness, receipts: &[String; 2]) {
    let fire = id_of(harness, "fire").await;
    assert_eq!(harness.user.handover(&["acknowledge", &fire]).await.succeeded(), "acknowledged\n");
    assert!(harness.sandbox.is_acknowledged(&receipts[0]) && !harness.sandbox.is_acknowledged(&receipts[1]));
    assert_eq!(field_of(harness, "fire", "acknowledged").await, true);
    assert_eq!(field_of(harness, "water", "acknowledged").await, false);
    assert!(field_of(harness, "fire", "read").await.is_i64(), "whoever acknowledges has seen it");
    assert!(field_of(harness, "water", "read").await.is_null());
    for (id, said) in
        [(fire, DONE_ALREADY), (id_of(harness, "normal").await, NOT_AN_EMERGENCY), ("17".to_owned(), UNKNOWN)]
    {
        assert_eq!(harness.user.handover(&["acknowledge", &id]).await.failed(1), said);
    }
    assert_eq!(harness.sandbox.counters().acknowledges, 1);
    let listed = harness.user.handover(&["messages"]).await.succeeded();
    assert!(listed.contains("  [emergency, acknowledged]\n    fire\n"), "{listed}");
    let water = id_of(harness, "water").await;
    let invitation = format!("  [emergency, acknowledge with `handover acknowledge {water}`]\n    water\n");
    assert!(listed.contains(&invitation), "{listed}");
}

#[tokio::test]
async fn an_emergency_is_acknowledged_by_the_daemon() {
    let (harness, receipts) = two_emergencies().await;
    let _daemon = harness.connected().await;
    acknowledges(&harness, &receipts).await;
    assert_eq!(harness.user.status().await["unacknowledged"], 1);
}

#[tokio::test]
async fn an_emergency_is_acknowledged_without_a_daemon() {
    let (harness, receipts) = two_emergencies().await;
    acknowledges(&harness, &receipts).await;
}

#[tokio::test]
async fn an_emergency_is_acknowledged_on_its_notification() {
    let harness = Harness::signed_in().await;
    harness.user.settings("emergency = 'manual'");
    let _daemon = harness.connected().await;
    let receipt = harness.send_emergency("fire");
    let notification = harness.server.next_shown().await;
    assert_eq!(notification.byte_hint("urgency"), Some(2));
    assert!(notification.actions.iter().any(|word| word == "Acknowledge"), "{:?}", notification.actions);
    harness.server.choose(notification.id, "acknowledge").await;
    harness.until("it is acknowledged", |_| harness.sandbox.is_acknowledged(&receipt)).await;
}

#[tokio::test]
async fn a_failed_acknowledgement_is_sent_by_the_next_daemon() {
    let (harness, receipts) = two_emergencies().await;
    harness.sandbox.faults().next(Endpoint::Acknowledge, Fault::status(503), 1);
    let fire = id_of(&harness, "fire").await;
    let said = harness.user.handover(&["acknowledge", &fire]).await.failed(1);
    assert!(said.starts_with("error: the message could not be acknowledged: "), "{said}");
    let hint = "\nhint: the request is saved: `handover run` sends it as soon as the service responds\n";
    assert!(said.ends_with(hint), "{said}");
    let listed = harness.user.handover(&["messages"]).await.succeeded();
    assert!(listed.contains("  [emergency, being acknowledged]\n    fire\n"), "{listed}");

    let _daemon = harness.connected().await;
    harness.until("it is acknowledged", |_| harness.sandbox.is_acknowledged(&receipts[0])).await;
    assert!(!harness.sandbox.is_acknowledged(&receipts[1]));
}

#[tokio::test]
async fn acknowledging_needs_a_login() {
    let harness = Harness::new().await;
    let said = harness.user.handover(&["acknowledge", "17"]).await.failed(3);
    assert_eq!(said, "error: not signed in: no login is saved here\nhint: run `handover setup` to sign in\n");
    let said = harness.user.handover(&["acknowledge", "seventeen"]).await.failed(2);
    assert!(said.starts_with("error: invalid value 'seventeen' for '<ID>'"), "{said}");
}
