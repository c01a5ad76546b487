//! `handover http`, without a daemon and beside one: it does what the daemon does for the API, follows the settings, and
//! nothing is sent twice.

use handover::sandbox::{Endpoint, Fault, Gate, Sandbox};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::http::{call, foreground, free_port, with_http};
use super::{requests, settings};
use crate::process::{Running, TIMEOUT};
use crate::support::harness::Harness;
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

/// Waits until no more than this many messages are left in the outbox.
async fn until_left(user: &User, count: usize) {
    let sent = async { while outbox(user).await.len() > count {} };
    timeout(TIMEOUT, sent).await.expect("the outbox is emptied");
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
async fn of_several_queued_messages_with_the_same_id_only_the_latest_is_sent() {
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
    until_left(&user, 0).await;
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
    until_left(&user, 0).await;
    assert_eq!(texts(&sandbox), ["one", "two"]);
    let status = user.status().await.to_string();
    assert!(!status.contains("not every queued message was sent"), "{status}");
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_in_a_kill_is_not_sent_again() {
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
    until_left(&user, 1).await;
    let [lost] = outbox(&user).await.try_into().unwrap();
    assert_eq!(
        (lost["state"].as_str(), lost["why"].as_str()),
        (Some("unknown"), Some("the program ended before the service answered"))
    );
}

#[tokio::test]
async fn messages_are_marked_as_read_with_and_without_a_daemon() {
    let harness = Harness::signed_in().await;
    let port = free_port().await;
    let read = async |until: Value| call(port, "PUT", "/messages/read", "main-token", &until).await;
    let unread = async |harness: &Harness| {
        harness.user.messages().await.iter().filter(|message| message["read"].is_null()).count()
    };
    // The daemon has no API of its own, since its address is in use.
    harness.user.settings(&with_http(&settings(&harness.sandbox), port));
    let serving = Running::start(harness.user.command(&["http"]));
    serving.until_printed("listening on ").await;
    assert_eq!(read(json!({})).await, (200, json!({ "status": 1 })), "there is no message log");
    let daemon = harness.connected().await;
    harness.send("one");
    harness.server.next_shown().await;
    assert_eq!(read(json!({ "until": 1 })).await.0, 200);
    assert_eq!(unread(&harness).await, 1);
    assert_eq!(read(json!({})).await.0, 200);
    assert_eq!(unread(&harness).await, 0);
    harness.send("two");
    harness.server.next_shown().await;
    daemon.kill().await;
    assert_eq!(unread(&harness).await, 1);
    assert_eq!(read(json!({ "app": "Other" })).await.0, 200);
    assert_eq!(unread(&harness).await, 1);
    assert_eq!(read(json!({})).await.0, 200);
    assert_eq!(unread(&harness).await, 0);
    let (status, answer) = call(port, "GET", "/events", "main-token", &json!({})).await;
    let why = json!(["the daemon is not running; start it with `handover start`"]);
    assert_eq!((status, &answer["errors"]), (503, &why), "events come from the daemon");
}

#[tokio::test]
async fn changed_settings_apply_at_once_and_a_mistake_changes_nothing() {
    let (user, sandbox, serving, port) = foreground().await;
    let before = with_http(&settings(&sandbox), port);
    let message = json!({ "user": "sean", "message": "x", "testing": true });
    let until_status = async |port, path, token, status| {
        let changed = async { while call(port, "POST", path, token, &message).await.0 != status {} };
        timeout(TIMEOUT, changed).await.unwrap_or_else(|_| panic!("{path} never answers {status}"));
    };
    until_status(port, "/queue/door", "door-token", 200).await;
    // A token, a channel and a recipient.
    let changed = before.replace("door-token", "new-token").replace("[channels.grafana]", "[channels.git]");
    user.settings(&changed.replace("recipients.sean", "recipients.eve").replace("'sean'", "'eve'"));
    until_status(port, "/queue/door", "door-token", 401).await;
    until_status(port, "/queue/door", "new-token", 200).await;
    // The channel is known; its template has variables that the message does not fill.
    until_status(port, "/queue/git", "grafana-token", 400).await;
    until_status(port, "/send", "main-token", 400).await;
    // A mistake, and an empty file.
    for (text, why) in [
        ("[http]\nlisten = 5", "config.toml:2: http.listen has a value"),
        ("", "it is empty; the previous settings stay in use"),
    ] {
        user.settings(text);
        serving.until_logged(why).await;
        until_status(port, "/queue/door", "new-token", 200).await;
    }
    // Without a token for the API, all requests are refused until there is one.
    user.settings(&before.replace("token = 'main-token'", ""));
    serving.until_logged("the HTTP API is not started: it has no token").await;
    let other = free_port().await;
    user.settings(&before.replace(&port.to_string(), &other.to_string()));
    serving.until_printed(&format!("listening on http://127.0.0.1:{other}")).await;
    until_status(other, "/send", "main-token", 200).await;
    assert_eq!(requests(&sandbox).len(), 0);
}

#[tokio::test]
async fn an_address_of_the_command_line_stays_when_the_settings_change() {
    let (user, sandbox, serving, port) = foreground().await;
    serving.kill().await;
    let chosen = free_port().await;
    let serving = Running::start(user.command(&["http", "--listen", &format!("127.0.0.1:{chosen}")]));
    serving.until_printed(&format!("listening on http://127.0.0.1:{chosen}")).await;
    user.settings(&with_http(&settings(&sandbox), port).replace("main-token", "new-token"));
    let message = json!({ "user": "sean", "message": "x", "testing": true });
    let changed = async { while call(chosen, "POST", "/send", "new-token", &message).await.0 != 200 {} };
    timeout(TIMEOUT, changed).await.expect("the new token is in use");
}
