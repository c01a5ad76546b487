//! Tests `handover acknowledge`, with and without a daemon.

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

/// A stopped daemon that has shown two emergencies and a normal message, and acknowledged none.
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

/// Acknowledges the first emergency by command, and checks what is refused.
async fn acknowledges(harness: &Harness, receipts: &[String; 2]) {
    let fire = id_of(harness, "fire").await;
    assert_eq!(harness.user.handover(&["acknowledge", &fire]).await.succeeded(), "acknowledged\n");
    assert!(harness.sandbox.is_acknowledged(&receipts[0]) && !harness.sandbox.is_acknowledged(&receipts[1]));
    assert_eq!(field_of(harness, "fire", "acknowledged").await, true);
    assert_eq!(field_of(harness, "water", "acknowledged").await, false);
    assert!(field_of(harness, "fire", "read").await.is_i64(), "an acknowledged message counts as read");
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
async fn without_an_id_the_only_open_emergency_is_acknowledged() {
    for with_daemon in [true, false] {
        let (harness, receipts) = two_emergencies().await;
        let daemon = if with_daemon { Some(harness.connected().await) } else { None };
        let [fire, water] = [id_of(&harness, "fire").await, id_of(&harness, "water").await];
        let said = harness.user.handover(&["acknowledge"]).await.failed(2);
        let expected = format!(
            "Several emergencies are open:\n  handover acknowledge {water}  Sandbox: water\n  \
             handover acknowledge {fire}  Sandbox: fire\n\
             error: nothing was acknowledged: 2 emergencies are open\nhint: add the id of one of them\n"
        );
        assert_eq!(said, expected);
        assert!(receipts.iter().all(|receipt| !harness.sandbox.is_acknowledged(receipt)));

        harness.user.handover(&["acknowledge", &water]).await.succeeded();
        let said = harness.user.handover(&["ack"]).await.succeeded();
        assert_eq!(said, "the open emergency is Sandbox: fire\nacknowledged\n");
        assert!(harness.sandbox.is_acknowledged(&receipts[0]));
        let said = harness.user.handover(&["acknowledge"]).await.succeeded();
        assert_eq!(said, "no emergency has to be acknowledged\n");
        drop(daemon);
    }
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
    let hint = "\nhint: acknowledgement waiting: `handover start` sends it as soon as the service responds\n";
    assert!(said.ends_with(hint), "{said}");
    let listed = harness.user.handover(&["messages"]).await.succeeded();
    assert!(listed.contains("  [emergency, acknowledgement waiting]\n    fire\n"), "{listed}");

    let _daemon = harness.connected().await;
    harness.until("it is acknowledged", |_| harness.sandbox.is_acknowledged(&receipts[0])).await;
    assert!(!harness.sandbox.is_acknowledged(&receipts[1]));
}

#[tokio::test]
async fn an_acknowledgement_that_waits_is_called_the_same_everywhere() {
    let harness = Harness::signed_in().await;
    harness.user.settings("emergency = 'manual'");
    let _daemon = harness.connected().await;
    let receipt = harness.send_emergency("fire");
    harness.server.next_shown().await;
    harness.sandbox.faults().always(Endpoint::Acknowledge, Fault::status(503));
    let fire = id_of(&harness, "fire").await;
    let said = harness.user.handover(&["acknowledge", &fire]).await.succeeded();
    assert_eq!(said, "acknowledgement waiting: it is sent as soon as the service responds\n");
    let listed = harness.user.handover(&["messages"]).await.succeeded();
    assert!(listed.contains("[emergency, acknowledgement waiting]"), "{listed}");
    let said = harness.user.handover(&["status"]).await.succeeded();
    assert!(said.starts_with("Connected as desk, 1 acknowledgement waiting\n"), "{said}");
    assert_eq!(harness.user.status().await["pending_acknowledgements"], 1);
    let said = harness.user.handover(&["acknowledge"]).await.succeeded();
    assert_eq!(said, "no other emergency has to be acknowledged; 1 acknowledgement waiting\n");

    harness.sandbox.faults().clear();
    harness.until("it is acknowledged", |_| harness.sandbox.is_acknowledged(&receipt)).await;
    harness.until_status("nothing waits", |status| status["pending_acknowledgements"] == 0).await;
}

/// Signs in again after the login was refused, which makes a new device of the same name.
async fn sign_in_again(harness: &Harness) {
    let account = harness.sandbox.account();
    let arguments =
        ["setup", "--email", &account.email, "--password-stdin", "--device-name", "desk", "--take-over"];
    harness.user.handover_with_input(&arguments, &account.password).await.succeeded();
}

fn rejection(reason: &str) -> Fault {
    let body = format!(r#"{{"status":0,"errors":["{reason}"]}}"#).into_bytes();
    Fault::Response { code: 400, content_type: "application/json", body }
}

const SIGN_IN: &str =
    "\nhint: acknowledgement waiting: sign in again with `handover setup`, then the daemon sends it\n";

#[tokio::test]
async fn a_refused_login_keeps_the_request_for_the_next_login() {
    let (harness, receipts) = two_emergencies().await;
    let fire = id_of(&harness, "fire").await;
    harness.sandbox.revoke_sessions();
    // The second names no parameter, so only a download shows what it is about.
    for fault in [None, Some(rejection("no")), Some(rejection("no licence"))] {
        harness.sandbox.faults().clear();
        let is_licence =
            matches!(&fault, Some(Fault::Response { body, .. }) if body.ends_with(b"licence\"]}"));
        if let Some(fault) = fault {
            harness.sandbox.faults().always(Endpoint::Acknowledge, fault);
        }
        let said = harness.user.handover(&["acknowledge", &fire]).await.failed(1);
        assert!(
            said.starts_with("error: the message could not be acknowledged: the service refused: "),
            "{said}"
        );
        assert!(
            said.ends_with(SIGN_IN)
                || is_licence && said.contains("hint: acknowledgement waiting: buy a licence"),
            "{said}"
        );
        let listed = harness.user.handover(&["messages"]).await.succeeded();
        assert!(listed.contains("  [emergency, acknowledgement waiting]\n    fire\n"), "{listed}");
    }
    harness.sandbox.faults().clear();

    sign_in_again(&harness).await;
    let _daemon = harness.connected().await;
    harness.until("it is acknowledged", |_| harness.sandbox.is_acknowledged(&receipts[0])).await;
    assert!(!harness.sandbox.is_acknowledged(&receipts[1]));
}

#[tokio::test]
async fn the_daemon_keeps_the_request_when_the_login_is_refused() {
    let (harness, receipts) = two_emergencies().await;
    let _daemon = harness.connected().await;
    let fire = id_of(&harness, "fire").await;
    harness.sandbox.revoke_sessions();
    harness.until_status("the login is refused", |status| status["link"] == "refused").await;
    let said = harness.user.handover(&["acknowledge", &fire]).await.failed(1);
    assert!(
        said.starts_with("error: the message could not be acknowledged: the service refused: secret"),
        "{said}"
    );
    assert!(said.ends_with(SIGN_IN), "{said}");
    harness
        .until_status("it says so", |status| {
            let problems = status["problems"].as_array().expect("a list");
            problems.iter().any(|why| {
                why.as_str().is_some_and(|why| why.starts_with("an emergency is not acknowledged yet"))
            })
        })
        .await;

    sign_in_again(&harness).await;
    harness.until("it is acknowledged", |_| harness.sandbox.is_acknowledged(&receipts[0])).await;
    harness.until_status("the problem is over", |status| status["problems"] == serde_json::json!([])).await;
}

#[tokio::test]
async fn a_request_made_while_signed_out_is_sent_after_signing_in() {
    for with_daemon in [false, true] {
        let (harness, receipts) = two_emergencies().await;
        let daemon = if with_daemon { Some(harness.connected().await) } else { None };
        harness.user.handover(&["logout"]).await.succeeded();
        if daemon.is_some() {
            harness.until_status("it is signed out", |status| status["link"] == "signed-out").await;
        }
        let fire = id_of(&harness, "fire").await;
        let said = harness.user.handover(&["acknowledge", &fire]).await.failed(3);
        let hint =
            "hint: acknowledgement waiting: run `handover setup` to sign in, then the daemon sends it\n";
        assert_eq!(said, format!("error: not signed in: no login is saved here\n{hint}"));

        sign_in_again(&harness).await;
        let _daemon = match daemon {
            Some(daemon) => daemon,
            None => harness.connected().await,
        };
        harness.until("it is acknowledged", |_| harness.sandbox.is_acknowledged(&receipts[0])).await;
    }
}

#[tokio::test]
async fn a_refused_emergency_is_given_up_by_the_login_that_received_it() {
    let (harness, _) = two_emergencies().await;
    let offered = |listed: &str| listed.contains("[emergency, acknowledge with `handover acknowledge");
    let fire = id_of(&harness, "fire").await;
    for reason in ["receipt not found", "no"] {
        harness.sandbox.faults().next(Endpoint::Acknowledge, rejection(reason), 1);
        let said = harness.user.handover(&["acknowledge", &fire]).await.failed(1);
        assert_eq!(
            said,
            format!("error: the message could not be acknowledged: the service refused: {reason}\n")
        );
        let _daemon = harness.connected().await;
        assert_eq!(harness.sandbox.counters().acknowledges, 0, "{reason}");
        let listed = harness.user.handover(&["messages", "--search", "fire"]).await.succeeded();
        assert!(offered(&listed), "{listed}");
    }
}

#[tokio::test]
async fn a_refusal_to_another_login_is_not_final() {
    for with_daemon in [false, true] {
        let (harness, receipts) = two_emergencies().await;
        let fire = id_of(&harness, "fire").await;
        sign_in_again(&harness).await;
        let daemon = if with_daemon { Some(harness.connected().await) } else { None };
        harness.sandbox.faults().next(Endpoint::Acknowledge, rejection("receipt not found"), 1);
        let said = harness.user.handover(&["acknowledge", &fire]).await.failed(1);
        assert!(said.ends_with("the service refused: receipt not found\n"), "{said}");
        let listed = harness.user.handover(&["messages"]).await.succeeded();
        assert!(listed.contains("  [emergency, acknowledgement waiting]\n    fire\n"), "{listed}");
        if let Some(daemon) = daemon {
            daemon.kill().await;
        }
        let _daemon = harness.connected().await;
        harness.until("it is acknowledged", |_| harness.sandbox.is_acknowledged(&receipts[0])).await;
    }
}

#[tokio::test]
async fn acknowledging_needs_a_login() {
    let harness = Harness::new().await;
    let said = harness.user.handover(&["acknowledge", "17"]).await.failed(3);
    assert_eq!(said, "error: not signed in: no login is saved here\nhint: run `handover setup` to sign in\n");
    let said = harness.user.handover(&["acknowledge", "seventeen"]).await.failed(2);
    assert!(said.starts_with("error: invalid value 'seventeen' for '[ID]'"), "{said}");
}
