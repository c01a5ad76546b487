//! Kills of the real daemon at each point of a message's way that can be seen from outside.

use handover::sandbox::{Endpoint, Fault, repeated_rejections};
use rustix::process::{Signal, kill_process};

use crate::support::notification_server::Moment;
use crate::support::stage::Stage;

/// Where the daemon is killed.
enum Point {
    /// While its notification is at the notification server.
    Notification(Moment),
    /// While it waits for the answer to a request that met this fault.
    Request(Endpoint, Fault),
}

/// How often an emergency is shown when the daemon is killed at a point of its way and started again.
async fn notifications_when_killed_at(point: Point) -> usize {
    let stage = Stage::signed_in().await;
    let daemon = stage.connected().await;
    let receipt = match point {
        Point::Notification(moment) => {
            let pid = daemon.pid();
            stage.server.at_next(moment, move || kill_process(pid, Signal::KILL).expect("kill it"));
            let receipt = stage.send_emergency("fire");
            let finished = daemon.ended().await;
            assert_eq!(finished.code, None, "{}", finished.err);
            assert!(!stage.sandbox.is_acknowledged(&receipt), "not before it knows that it was shown");
            receipt
        }
        Point::Request(endpoint, fault) => {
            stage.sandbox.faults().next(endpoint, fault, 1);
            let receipt = stage.send_emergency("fire");
            stage.until("the fault is met", |now| now.faults == 1).await;
            daemon.kill().await;
            receipt
        }
    };

    let _daemon = stage.connected().await;
    stage.until("the emergency is acknowledged", |_| stage.sandbox.is_acknowledged(&receipt)).await;
    let messages = stage.messages_acknowledged().await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0]["announced"].is_i64(), "{messages:?}");
    assert_eq!(stage.left_on_server(), 0);
    assert!(repeated_rejections(&stage.sandbox.journal()).is_empty());
    let shown = stage.shown_so_far().await;
    assert!(shown.iter().all(|notification| notification.body == "fire"), "{shown:?}");
    shown.len()
}

#[tokio::test]
async fn a_notification_whose_answer_never_came_is_shown_once_more() {
    assert_eq!(notifications_when_killed_at(Point::Notification(Moment::BeforeAnswer)).await, 2);
}

#[tokio::test]
async fn a_notification_that_was_just_answered_is_shown_once_more_at_worst() {
    let notifications = notifications_when_killed_at(Point::Notification(Moment::AfterAnswer)).await;
    assert!((1..=2).contains(&notifications), "{notifications}");
}

#[tokio::test]
async fn a_download_that_was_cut_short_costs_nothing() {
    for fault in [Fault::Hang, Fault::HangAfter] {
        assert_eq!(notifications_when_killed_at(Point::Request(Endpoint::Download, fault)).await, 1);
    }
}

#[tokio::test]
async fn a_deletion_that_was_cut_short_costs_nothing() {
    for fault in [Fault::Hang, Fault::HangAfter] {
        assert_eq!(notifications_when_killed_at(Point::Request(Endpoint::Delete, fault)).await, 1);
    }
}

#[tokio::test]
async fn an_acknowledgement_that_was_cut_short_is_made_up_for() {
    for fault in [Fault::Hang, Fault::HangAfter] {
        assert_eq!(notifications_when_killed_at(Point::Request(Endpoint::Acknowledge, fault)).await, 1);
    }
}
