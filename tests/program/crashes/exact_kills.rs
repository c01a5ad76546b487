//! Kills the real daemon at each point of the message path that can be observed from outside.

use handover::sandbox::{Endpoint, Fault, repeated_rejections};
use rustix::process::{Signal, kill_process};

use crate::support::harness::Harness;
use crate::support::notification_server::Trigger;

/// Where the daemon is killed.
enum Point {
    /// While the notification server has its `Notify` call.
    Notification(Trigger),
    /// While it waits for the response to a request with this fault.
    Request(Endpoint, Fault),
}

/// Kills the daemon at a point of the path and starts it again; returns how often an emergency was shown.
async fn notifications_when_killed_at(point: Point) -> usize {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    let receipt = match point {
        Point::Notification(trigger) => {
            let pid = daemon.pid();
            harness.server.at_next(trigger, move || kill_process(pid, Signal::KILL).expect("kill it"));
            let receipt = harness.send_emergency("fire");
            let finished = daemon.ended().await;
            assert_eq!(finished.code, None, "{}", finished.err);
            assert!(!harness.sandbox.is_acknowledged(&receipt), "not before it knows that it was shown");
            receipt
        }
        Point::Request(endpoint, fault) => {
            harness.sandbox.faults().next(endpoint, fault, 1);
            let receipt = harness.send_emergency("fire");
            harness.until("the fault is met", |now| now.faults == 1).await;
            daemon.kill().await;
            receipt
        }
    };

    let _daemon = harness.connected().await;
    harness.until("the emergency is acknowledged", |_| harness.sandbox.is_acknowledged(&receipt)).await;
    let messages = harness.messages_acknowledged().await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0]["announced"].is_i64(), "{messages:?}");
    assert_eq!(harness.left_on_server(), 0);
    assert!(repeated_rejections(&harness.sandbox.journal()).is_empty());
    let shown = harness.shown_so_far().await;
    assert!(shown.iter().all(|notification| notification.body == "fire"), "{shown:?}");
    shown.len()
}

#[tokio::test]
async fn a_notification_without_a_reply_is_shown_once_more() {
    assert_eq!(notifications_when_killed_at(Point::Notification(Trigger::BeforeAnswer)).await, 2);
}

#[tokio::test]
async fn a_notification_with_an_unread_reply_is_shown_at_most_once_more() {
    let notifications = notifications_when_killed_at(Point::Notification(Trigger::AfterAnswer)).await;
    assert!((1..=2).contains(&notifications), "{notifications}");
}

#[tokio::test]
async fn a_kill_during_the_download_loses_nothing() {
    for fault in [Fault::Hang, Fault::HangAfter] {
        assert_eq!(notifications_when_killed_at(Point::Request(Endpoint::Download, fault)).await, 1);
    }
}

#[tokio::test]
async fn a_kill_during_the_deletion_loses_nothing() {
    for fault in [Fault::Hang, Fault::HangAfter] {
        assert_eq!(notifications_when_killed_at(Point::Request(Endpoint::Delete, fault)).await, 1);
    }
}

#[tokio::test]
async fn a_kill_during_the_acknowledgement_only_delays_it() {
    for fault in [Fault::Hang, Fault::HangAfter] {
        assert_eq!(notifications_when_killed_at(Point::Request(Endpoint::Acknowledge, fault)).await, 1);
    }
}
