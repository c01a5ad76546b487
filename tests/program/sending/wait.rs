//! Following an emergency, and cancelling it.

use rustix::process::Signal;
use serde_json::Value;

use super::sender;
use crate::process::Running;
use crate::user::{User, until};

const EMERGENCY: [&str; 5] = ["send", "--to", "sean", "--priority", "emergency"];

async fn sent(user: &User) -> String {
    let said = user.handover(&[EMERGENCY.as_slice(), &["fire"]].concat()).await.succeeded();
    said.lines().find_map(|line| line.strip_prefix("receipt ")).expect("it has a receipt").to_owned()
}

#[tokio::test]
async fn waiting_ends_when_somebody_acknowledges() {
    let (user, sandbox) = sender().await;
    let waiting = Running::start(user.command(&[EMERGENCY.as_slice(), &["--wait", "fire"]].concat()));
    let said = waiting.until_logged("not acknowledged yet, last delivered ").await;
    assert!(!said.contains("error"), "{said}");
    let printed = waiting.until_printed("receipt ").await;
    let receipt = printed.lines().find_map(|line| line.strip_prefix("receipt ")).unwrap();
    assert!(sandbox.acknowledge_elsewhere(receipt));
    let finished = waiting.ended().await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    let last = finished.out.lines().last().unwrap();
    assert!(last.starts_with("acknowledged by "), "{last}");
    let state = user.handover(&["receipt", receipt, "--json"]).await.succeeded();
    let state: Value = serde_json::from_str(&state).unwrap();
    assert!(state["acknowledged"] == true && state["acknowledged_at"].is_i64(), "{state}");
}

#[tokio::test]
async fn an_interrupted_wait_leaves_the_emergency_and_says_how_to_end_it() {
    let (user, sandbox) = sender().await;
    let waiting = Running::start(user.command(&[EMERGENCY.as_slice(), &["--wait", "fire"]].concat()));
    waiting.until_logged("not acknowledged yet").await;
    let (finished, _) = waiting.stop(Signal::INT).await;
    assert_eq!(finished.code, Some(1));
    assert!(
        finished.err.contains("error: stopped waiting; the emergency goes on\nhint: `handover receipt "),
        "{}",
        finished.err
    );
    let receipt = finished.out.lines().find_map(|line| line.strip_prefix("receipt ")).unwrap();
    let state = user.handover(&["receipt", receipt]).await.succeeded();
    assert!(state.starts_with("not acknowledged yet; last delivered at "), "{state}");
    assert_eq!(user.handover(&["receipt", receipt, "--cancel"]).await.succeeded(), "cancelled\n");
    until(&sandbox, "the message", |now| now.sent == 1).await;
}

#[tokio::test]
async fn an_unknown_receipt_is_an_error_with_a_hint() {
    let (user, _sandbox) = sender().await;
    let receipt = sent(&user).await;
    let state = user.handover(&["receipt", &receipt]).await.succeeded();
    assert!(state.starts_with("not acknowledged yet"), "{state}");
    let error = user.handover(&["receipt", &"x".repeat(30)]).await.failed(1);
    assert!(error.contains("hint: a receipt belongs to the application that sent the emergency"), "{error}");
}
