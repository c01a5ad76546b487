//! `handover acknowledge`, with a daemon and without one.

use handover::sandbox::{Endpoint, Fault};
use serde_json::Value;

use crate::support::stage::Stage;

const NOT_AN_EMERGENCY: &str = "error: the message cannot be acknowledged: it is not an emergency\n";
const UNKNOWN: &str = "error: the message cannot be acknowledged: there is no message 17\n\
    hint: `handover messages` shows the id of every open emergency\n";
const DONE_ALREADY: &str = "error: the message cannot be acknowledged: it is acknowledged already\n";

/// The id of the message with this text.
async fn id_of(stage: &Stage, text: &str) -> String {
    let messages = stage.home.messages().await;
    let message = messages.iter().find(|message| message["text"] == text).expect("the message is listed");
    message["id"].as_str().expect("the id is a text").to_owned()
}

async fn field_of(stage: &Stage, text: &str, field: &str) -> Value {
    let messages = stage.home.messages().await;
    let message = messages.iter().find(|message| message["text"] == text).expect("the message is listed");
    message[field].clone()
}

/// Two emergencies and a normal message are shown, and nobody acknowledged anything; the daemon is gone.
async fn two_emergencies() -> (Stage, [String; 2]) {
    let stage = Stage::signed_in().await;
    stage.home.settings("emergency = 'manual'");
    let daemon = stage.connected().await;
    let receipts = [stage.send_emergency("fire"), stage.send_emergency("water")];
    stage.send("normal");
    for _ in 0..3 {
        stage.server.next_shown().await;
    }
    stage.home.handover(&["sync"]).await.well();
    let sentence = "Connected as desk, 3 unread, 2 emergencies to acknowledge";
    assert_eq!(stage.home.status().await["sentence"], sentence);
    daemon.kill().await;
    assert_eq!(stage.sandbox.counters().acknowledges, 0);
    (stage, receipts)
}

/// Acknowledges the first by hand and sees what is refused.
async fn acknowledges(stage: &Stage, receipts: &[String; 2]) {
    let fire = id_of(stage, "fire").await;
    assert_eq!(stage.home.handover(&["acknowledge", &fire]).await.well(), "acknowledged\n");
    assert!(stage.sandbox.is_acknowledged(&receipts[0]) && !stage.sandbox.is_acknowledged(&receipts[1]));
    assert_eq!(field_of(stage, "fire", "acknowledged").await, true);
    assert_eq!(field_of(stage, "water", "acknowledged").await, false);
    assert!(field_of(stage, "fire", "read").await.is_i64(), "whoever acknowledges has seen it");
    assert!(field_of(stage, "water", "read").await.is_null());
    for (id, said) in
        [(fire, DONE_ALREADY), (id_of(stage, "normal").await, NOT_AN_EMERGENCY), ("17".to_owned(), UNKNOWN)]
    {
        assert_eq!(stage.home.handover(&["acknowledge", &id]).await.badly(1), said);
    }
    assert_eq!(stage.sandbox.counters().acknowledges, 1);
    let listed = stage.home.handover(&["messages"]).await.well();
    assert!(listed.contains("  [emergency, acknowledged]\n    fire\n"), "{listed}");
    let water = id_of(stage, "water").await;
    let invitation = format!("  [emergency, acknowledge with `handover acknowledge {water}`]\n    water\n");
    assert!(listed.contains(&invitation), "{listed}");
}

#[tokio::test]
async fn an_emergency_is_acknowledged_by_the_daemon() {
    let (stage, receipts) = two_emergencies().await;
    let _daemon = stage.connected().await;
    acknowledges(&stage, &receipts).await;
    assert_eq!(stage.home.status().await["unacknowledged"], 1);
}

#[tokio::test]
async fn an_emergency_is_acknowledged_without_a_daemon() {
    let (stage, receipts) = two_emergencies().await;
    acknowledges(&stage, &receipts).await;
}

#[tokio::test]
async fn an_emergency_is_acknowledged_on_its_notification() {
    let stage = Stage::signed_in().await;
    stage.home.settings("emergency = 'manual'");
    let _daemon = stage.connected().await;
    let receipt = stage.send_emergency("fire");
    let notification = stage.server.next_shown().await;
    assert_eq!(notification.byte_hint("urgency"), Some(2));
    assert!(notification.actions.iter().any(|word| word == "Acknowledge"), "{:?}", notification.actions);
    stage.server.choose(notification.id, "acknowledge").await;
    stage.until("it is acknowledged", |_| stage.sandbox.is_acknowledged(&receipt)).await;
}

#[tokio::test]
async fn what_the_service_did_not_hear_is_sent_by_the_next_daemon() {
    let (stage, receipts) = two_emergencies().await;
    stage.sandbox.faults().next(Endpoint::Acknowledge, Fault::status(503), 1);
    let fire = id_of(&stage, "fire").await;
    let said = stage.home.handover(&["acknowledge", &fire]).await.badly(1);
    assert!(said.starts_with("error: the message could not be acknowledged: "), "{said}");
    let hint = "\nhint: the request is saved: `handover run` sends it as soon as the service answers\n";
    assert!(said.ends_with(hint), "{said}");
    let listed = stage.home.handover(&["messages"]).await.well();
    assert!(listed.contains("  [emergency, being acknowledged]\n    fire\n"), "{listed}");

    let _daemon = stage.connected().await;
    stage.until("it is acknowledged", |_| stage.sandbox.is_acknowledged(&receipts[0])).await;
    assert!(!stage.sandbox.is_acknowledged(&receipts[1]));
}

#[tokio::test]
async fn nobody_acknowledges_without_a_login() {
    let stage = Stage::new().await;
    let said = stage.home.handover(&["acknowledge", "17"]).await.badly(3);
    assert_eq!(said, "error: not signed in: no login is saved here\nhint: run `handover setup` to sign in\n");
    let said = stage.home.handover(&["acknowledge", "seventeen"]).await.badly(2);
    assert!(said.starts_with("error: invalid value 'seventeen' for '<ID>'"), "{said}");
}
