//! The outbox: durable, sent later by the daemon, and never twice, wherever the daemon is killed.

use std::fs;

use handover::sandbox::{Endpoint, Fault, Gate};
use rustix::process::Signal;
use serde_json::Value;
use tokio::time::timeout;

use super::{requests, settings};
use crate::process::TIMEOUT;
use crate::support::harness::Harness;

async fn harness() -> Harness {
    let harness = Harness::signed_in().await;
    harness.user.settings(&settings(&harness.sandbox));
    harness
}

const QUEUE: [&str; 5] = ["send", "--to", "sean", "--queue", "later"];

async fn outbox(harness: &Harness) -> Vec<Value> {
    let listed = harness.user.handover(&["send", "outbox", "--json"]).await.succeeded();
    listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn files(harness: &Harness) -> Vec<String> {
    let Ok(files) = fs::read_dir(harness.user.path("data/handover/outbox")) else { return Vec::new() };
    let mut files: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    files
}

async fn until_empty(harness: &Harness) {
    let emptied = async {
        while !files(harness).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(TIMEOUT, emptied).await.expect("the outbox is emptied");
}

#[tokio::test]
async fn a_message_that_was_queued_without_a_daemon_is_sent_when_one_starts() {
    let harness = harness().await;
    let said = harness.user.handover(&QUEUE).await.succeeded();
    assert!(
        said.starts_with("queued for sean as ") && said.ends_with("; the daemon sends it when it runs\n"),
        "{said}"
    );
    assert_eq!(requests(&harness.sandbox).len(), 0);
    let file =
        fs::read_to_string(harness.user.path("data/handover/outbox").join(&files(&harness)[0])).unwrap();
    let account = harness.sandbox.account();
    assert!(!file.contains(&account.app_token) && !file.contains(&account.user_key), "{file}");
    let _daemon = harness.connected().await;
    assert_eq!(harness.server.next_shown().await.body, "later");
    until_empty(&harness).await;
    assert_eq!(requests(&harness.sandbox).len(), 1);
}

#[tokio::test]
async fn a_running_daemon_sends_at_once() {
    let harness = harness().await;
    let daemon = harness.connected().await;
    let said = harness.user.handover(&QUEUE).await.succeeded();
    assert!(said.ends_with("; the daemon sends it now\n"), "{said}");
    assert_eq!(harness.server.next_shown().await.body, "later");
    until_empty(&harness).await;
    assert!(harness.sandbox.counters().max_connections <= 2);
    daemon.kill().await;
}

#[tokio::test]
async fn a_daemon_that_is_killed_before_the_answer_does_not_send_again_and_says_so() {
    let harness = harness().await;
    // The service takes the message, and there is never an answer.
    harness.sandbox.faults().always(Endpoint::Send, Fault::HangAfter);
    let daemon = harness.connected().await;
    harness.user.handover(&QUEUE).await.succeeded();
    harness.until("the request", |now| now.sent == 1).await;
    let during = files(&harness);
    assert!(during[0].ends_with(".sending.json"), "there is no mark before the request: {during:?}");
    daemon.kill().await;
    harness.sandbox.faults().clear();
    let _daemon = harness.connected().await;
    let sentence = "not every queued message was sent: 1 may have been sent, since the answer was lost";
    harness.until_status("the issue", |status| status["problems"][0] == sentence).await;
    let [lost] = outbox(&harness).await.try_into().unwrap();
    assert_eq!(
        (lost["state"].as_str(), lost["why"].as_str()),
        (Some("unknown"), Some("the program ended before the service answered"))
    );
    assert_eq!(requests(&harness.sandbox).len(), 1, "it was sent twice");
    // The user decides.
    let id = lost["id"].as_str().unwrap();
    assert_eq!(harness.user.handover(&["send", "outbox", "--discard", id]).await.succeeded(), "discarded\n");
    harness.until_status("the end of the issue", |status| status["problems"] == serde_json::json!([])).await;
}

#[tokio::test]
async fn a_message_survives_a_kill_at_every_step_and_is_sent_once() {
    for step in ["waiting", "unfinished", "sending"] {
        let harness = harness().await;
        harness.user.handover(&QUEUE).await.succeeded();
        let folder = harness.user.path("data/handover/outbox");
        let name = files(&harness).remove(0);
        match step {
            // Before the mark: the message waits.
            "waiting" => {}
            // While a second one is written: half a file is no message.
            "unfinished" => fs::write(folder.join(".unfinished-abc"), "{\"appl").unwrap(),
            // After the mark, before the request or after the answer: it may have been sent.
            _ => fs::rename(folder.join(&name), folder.join(name.replace("waiting", "sending"))).unwrap(),
        }
        let daemon = harness.connected().await;
        if step == "sending" {
            harness.until_status("the issue", |status| status["problems"] != serde_json::json!([])).await;
            assert_eq!(requests(&harness.sandbox).len(), 0);
        } else {
            assert_eq!(harness.server.next_shown().await.body, "later");
        }
        daemon.kill().await;
        let _daemon = harness.connected().await;
        let expected = usize::from(step != "sending");
        assert_eq!(requests(&harness.sandbox).len(), expected, "{step}");
    }
}

/// Where the daemon is killed while it sends a message.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kill {
    /// It asks for the quota.
    BeforeTheRequest,
    /// The service has the request, and has not accepted the message.
    BeforeItIsAccepted,
    /// The service has accepted the message, and has not answered.
    BeforeTheAnswer,
    /// The answer has arrived at this computer, and the daemon has not read it.
    BeforeTheAnswerIsRead,
    /// The message is no longer in the outbox.
    AfterTheAnswer,
}

#[tokio::test]
async fn a_daemon_that_is_killed_at_any_point_of_a_request_never_sends_twice() {
    use Kill::{
        AfterTheAnswer, BeforeItIsAccepted, BeforeTheAnswer, BeforeTheAnswerIsRead, BeforeTheRequest,
    };
    for (point, is_waiting, is_sent) in [
        (BeforeTheRequest, true, true),
        (BeforeItIsAccepted, false, false),
        (BeforeTheAnswer, false, true),
        (BeforeTheAnswerIsRead, false, true),
        (AfterTheAnswer, false, true),
    ] {
        let harness = harness().await;
        let daemon = harness.connected().await;
        let gate = Gate::new();
        let (endpoint, fault) = match point {
            BeforeTheRequest => (Endpoint::Other, Fault::Gate(gate.clone())),
            BeforeItIsAccepted => (Endpoint::Send, Fault::Gate(gate.clone())),
            BeforeTheAnswer | BeforeTheAnswerIsRead | AfterTheAnswer => {
                (Endpoint::Send, Fault::GateAfter(gate.clone()))
            }
        };
        harness.sandbox.faults().next(endpoint, fault, 1);
        harness.user.handover(&QUEUE).await.succeeded();
        timeout(TIMEOUT, gate.reached(1)).await.expect("the request");
        let state = if is_waiting { ".waiting.json" } else { ".sending.json" };
        assert!(files(&harness)[0].ends_with(state), "{point:?}");
        match point {
            BeforeTheAnswerIsRead => {
                daemon.signal(Signal::STOP);
                let mut finished = harness.sandbox.finished_requests();
                gate.open();
                let answered =
                    async { while finished.recv().await.expect("a request").endpoint != Endpoint::Send {} };
                timeout(TIMEOUT, answered).await.expect("the answer");
            }
            AfterTheAnswer => {
                gate.open();
                until_empty(&harness).await;
            }
            BeforeTheRequest | BeforeItIsAccepted | BeforeTheAnswer => {}
        }
        daemon.kill().await;
        let _daemon = harness.connected().await;
        if matches!(point, BeforeTheRequest | AfterTheAnswer) {
            until_empty(&harness).await;
            assert_eq!(harness.user.status().await["problems"], serde_json::json!([]), "{point:?}");
        } else {
            harness.until_status("the issue", |status| status["problems"] != serde_json::json!([])).await;
            assert_eq!(outbox(&harness).await[0]["state"], "unknown", "{point:?}");
        }
        assert_eq!(harness.sandbox.counters().sent, usize::from(is_sent), "{point:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_not_followed_by_another_request() {
    let harness = harness().await;
    harness.sandbox.faults().next(Endpoint::Send, Fault::DropAfter, 1);
    let _daemon = harness.connected().await;
    harness.user.handover(&QUEUE).await.succeeded();
    harness.until_status("the issue", |status| status["problems"] != serde_json::json!([])).await;
    let [lost] = outbox(&harness).await.try_into().unwrap();
    assert_eq!(lost["state"], "unknown");
    assert_eq!((requests(&harness.sandbox).len(), harness.sandbox.counters().sent), (1, 1));
    let id = lost["id"].as_str().unwrap();
    assert_eq!(harness.user.handover(&["send", "outbox", "--retry", id]).await.succeeded(), "queued again\n");
    harness.until("the second request", |now| now.sent == 2).await;
}

#[tokio::test]
async fn a_refused_message_stays_with_its_reason_and_does_not_keep_the_next_one() {
    let harness = harness().await;
    let text = settings(&harness.sandbox);
    let wrong = "[recipients.wrong]\nkey = 'x12345678901234567890123456789'\n";
    harness.user.settings(&(text + wrong));
    let _daemon = harness.connected().await;
    harness.user.handover(&["send", "--to", "wrong", "--queue", "refused"]).await.succeeded();
    harness.user.handover(&QUEUE).await.succeeded();
    assert_eq!(harness.server.next_shown().await.body, "later");
    let listed = harness.user.handover(&["send", "outbox"]).await.succeeded();
    assert!(
        listed.contains("to wrong  [not sent: fix the cause, then use --retry or --discard]"),
        "{listed}"
    );
    assert_eq!(requests(&harness.sandbox).len(), 2);
}

#[tokio::test]
async fn a_message_waits_while_the_service_is_not_available() {
    let harness = harness().await;
    harness.sandbox.faults().next(Endpoint::Send, Fault::status(503), 1);
    let _daemon = harness.connected().await;
    harness.user.handover(&QUEUE).await.succeeded();
    assert_eq!(harness.server.next_shown().await.body, "later");
    let [first, second] = requests(&harness.sandbox).try_into().unwrap();
    assert!(second.at.duration_since(first.at).as_secs() >= 5);
}
