//! `handover http` without a daemon: it sends what is posted to a channel, and nothing is sent twice when a daemon runs too.

use handover::sandbox::{Endpoint, Fault, Gate, Sandbox};
use serde_json::{Value, json};

use super::http::{call, foreground};
use super::requests;
use crate::process::Running;
use crate::user::{User, until};

async fn ring(port: u16, document: &Value) {
    assert_eq!(call(port, "POST", "/queue/door", "door-token", document).await.0, 200);
}

fn texts(sandbox: &Sandbox) -> Vec<String> {
    requests(sandbox).iter().map(|request| request.params["message"].clone()).collect()
}

async fn outbox(user: &User) -> Vec<Value> {
    let listed = user.handover(&["send", "outbox", "--json"]).await.succeeded();
    listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn what_is_posted_to_a_channel_is_sent_without_a_daemon() {
    let (user, sandbox, _serving, port) = foreground().await;
    ring(port, &json!({ "body": "one" })).await;
    until(&sandbox, "the first message", |now| now.sent == 1).await;
    user.sign_in(&sandbox).await;
    let daemon = user.daemon();
    until(&sandbox, "the daemon", |now| now.socket_logins == 1).await;
    ring(port, &json!({ "body": "two" })).await;
    until(&sandbox, "the second message", |now| now.sent == 2).await;
    daemon.kill().await;
    ring(port, &json!({ "body": "three" })).await;
    until(&sandbox, "the third message", |now| now.sent == 3).await;
    assert_eq!(texts(&sandbox), ["one", "two", "three"]);
}

#[tokio::test]
async fn what_was_queued_before_is_sent_at_the_start() {
    let (user, sandbox, serving, _port) = foreground().await;
    serving.kill().await;
    user.handover(&["send", "--to", "sean", "--queue", "later"]).await.succeeded();
    let _serving = Running::start(user.command(&["http"]));
    until(&sandbox, "the message", |now| now.sent == 1).await;
    assert_eq!(texts(&sandbox), ["later"]);
}

#[tokio::test]
async fn of_several_that_wait_with_the_same_id_only_the_latest_is_delivered_and_only_once() {
    let (user, sandbox, _serving, port) = foreground().await;
    // The question that comes before a message is sent fails.
    sandbox.faults().always(Endpoint::Other, Fault::status(503));
    for percent in ["50 %", "60 %", "70 %"] {
        ring(port, &json!({ "title": "Disk", "body": percent, "replaceId": "disk" })).await;
    }
    ring(port, &json!({ "body": "other", "replaceId": "fan" })).await;
    assert_eq!(texts(&sandbox), [""; 0]);
    sandbox.faults().clear();
    user.sign_in(&sandbox).await;
    let daemon = user.daemon();
    until(&sandbox, "both messages", |now| now.sent == 2).await;
    while !outbox(&user).await.is_empty() {}
    daemon.kill().await;
    assert_eq!(texts(&sandbox), ["70 %", "other"]);
}

#[tokio::test]
async fn a_daemon_that_starts_meanwhile_neither_repeats_a_message_nor_calls_it_lost() {
    let (user, sandbox, _serving, port) = foreground().await;
    let gate = Gate::new();
    sandbox.faults().next(Endpoint::Send, Fault::GateAfter(gate.clone()), 1);
    ring(port, &json!({ "body": "one" })).await;
    until(&sandbox, "the request", |now| now.sent == 1).await;
    user.sign_in(&sandbox).await;
    let _daemon = user.daemon();
    until(&sandbox, "the daemon", |now| now.socket_logins == 1).await;
    ring(port, &json!({ "body": "two" })).await;
    assert_eq!(outbox(&user).await[0]["state"], "sending");
    gate.open();
    until(&sandbox, "the second message", |now| now.sent == 2).await;
    while !outbox(&user).await.is_empty() {}
    assert_eq!(texts(&sandbox), ["one", "two"]);
    let status = user.status().await.to_string();
    assert!(!status.contains("not every queued message was sent"), "{status}");
}

#[tokio::test]
async fn a_message_whose_answer_the_process_did_not_live_to_see_is_not_sent_again() {
    let (user, sandbox, serving, port) = foreground().await;
    sandbox.faults().next(Endpoint::Send, Fault::HangAfter, 1);
    ring(port, &json!({ "body": "one" })).await;
    until(&sandbox, "the request", |now| now.sent == 1).await;
    serving.kill().await;
    let again = Running::start(user.command(&["http"]));
    again.until_printed("listening on ").await;
    ring(port, &json!({ "body": "two" })).await;
    until(&sandbox, "the second message", |now| now.sent == 2).await;
    assert_eq!(texts(&sandbox), ["one", "two"]);
    while outbox(&user).await.len() > 1 {}
    let [lost] = outbox(&user).await.try_into().unwrap();
    assert_eq!(
        (lost["state"].as_str(), lost["why"].as_str()),
        (Some("unknown"), Some("the program ended before the service answered"))
    );
}
