//! Tests that emergencies are shown prominently, and acknowledged only after that, and once.

use std::time::Duration;

use handover::daemon::Step;
use handover::domain::message::Acknowledgement;
use handover::domain::notification::{NotificationAction, NotificationEvent, Urgency};
use handover::domain::pause::PausedUntil;
use handover::domain::settings::Emergency;
use handover::sandbox::{Endpoint, Fault};
use handover::system::clock;

use crate::desktop::Behaviour;
use crate::world::{HOUR, MINUTE, World};

/// The position of a step among all steps.
fn place(world: &World, wanted: impl Fn(&Step) -> bool) -> usize {
    world.steps.iter().position(wanted).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_emergency_is_critical_and_acknowledged_once_after_it_was_shown() {
    let mut world = World::connected().await;
    let leave = crate::desktop::Permission::default();
    world.desktop.behave_next(Behaviour::WaitsFor(leave.clone()));
    let receipt = world.send_emergency("fire");
    world.until("it is on the screen", |world| world.was_shown("fire")).await;
    // Before the service repeats it.
    world.advance(MINUTE / 3).await;
    assert!(
        world.requests(Endpoint::Acknowledge).is_empty(),
        "the notification server has not accepted it yet"
    );
    leave.give();
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
    world.advance(HOUR).await;
    assert_eq!(world.requests(Endpoint::Acknowledge).len(), 1);
    let shown = place(&world, |step| matches!(step, Step::Shown(..)));
    assert!(shown < place(&world, |step| matches!(step, Step::Acknowledged(_))));
    let notifications = world.desktop.shown();
    assert_eq!(
        (notifications.len(), notifications[0].notification.urgency, notifications[0].notification.resident),
        (1, Urgency::Critical, true)
    );
    assert_eq!(world.status().await.unacknowledged, 0);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn an_emergency_is_not_acknowledged_until_it_is_shown() {
    for mood in [Behaviour::Absent, Behaviour::Refuses] {
        let what = format!("{mood:?}");
        let mut world = World::connected().await;
        world.desktop.behave(mood);
        let receipt = world.send_emergency("fire");
        // Long enough for many repeats.
        world.advance(10 * MINUTE).await;
        assert!(world.sandbox.counters().repeats > 10);
        assert!(world.requests(Endpoint::Acknowledge).is_empty(), "{what}");
        assert!(world.queue().is_empty(), "recorded is enough to delete: {what}");
        let status = world.status().await;
        assert_eq!(status.unacknowledged, 1, "{what}");
        assert!(status.problems[0].starts_with("messages cannot be shown"), "{:?}", status.problems);

        world.desktop.recovers();
        world.desktop.send(NotificationEvent::ServerAvailable);
        world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
        world.advance(10 * MINUTE).await;
        assert_eq!(world.desktop.texts(), ["fire"], "one notification for all its copies: {what}");
        assert_eq!(world.requests(Endpoint::Acknowledge).len(), 1, "{what}");
        assert_eq!(world.status().await.problems, [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_daemon_acknowledges_if_the_service_failed() {
    let mut world = World::connected().await;
    world.sandbox.faults().always(Endpoint::Acknowledge, Fault::status(500));
    let receipt = world.send_emergency("fire");
    world.until("it tries", |world| world.requests(Endpoint::Acknowledge).len() == 1).await;
    world.until("it is deleted", |world| world.queue().is_empty()).await;
    world.until_quiet().await;
    assert!(world.status().await.problems[0].starts_with("an emergency is not acknowledged yet"));
    for kill in [true, false, true] {
        if kill {
            world.kill().await;
        } else {
            world.stop().await;
        }
        world.start();
        let tries = world.requests(Endpoint::Acknowledge).len();
        world.until("it tries again", |world| world.requests(Endpoint::Acknowledge).len() > tries).await;
        assert!(!world.sandbox.is_acknowledged(&receipt));
    }
    world.kill().await;
    world.sandbox.faults().clear();
    world.start();
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
    world.advance(10 * MINUTE).await;
    assert_eq!(world.desktop.texts(), ["fire"]);
    assert_eq!(world.sandbox.counters().acknowledges, 1);
    world.kill().await;
    world.start();
    world.advance(10 * MINUTE).await;
    assert_eq!(world.sandbox.counters().acknowledges, 1, "it is known to be acknowledged");
}

/// The message log hangs twice at the start: until the login was read, and again after the uses of the message log that
/// began before that.
#[tokio::test(start_paused = true)]
async fn a_start_sends_a_pending_acknowledgement_once_while_the_message_log_is_slow() {
    let mut world = World::after_initial_sync().await;
    world.log().keep_pause(PausedUntil::Forever, clock::unix()).unwrap();
    world.sandbox.faults().always(Endpoint::Acknowledge, Fault::Hang);
    world.start();
    world.send("held");
    let receipt = world.send_emergency("fire");
    world.until("it tries", |world| world.requests(Endpoint::Acknowledge).len() == 1).await;
    world.until("both are deleted", |world| world.queue().is_empty()).await;
    world.until_quiet().await;
    world.kill().await;

    world.lock.lock();
    world.start();
    let first_hang = world.hang_log();
    world.until_quiet_beside_log().await;
    let (second_hang, begins) = world.hang_log_next();
    world.until_quiet_beside_log().await;
    // The user unlocks the secrets.
    tokio::time::advance(Duration::from_secs(2)).await;
    world.until_quiet_beside_log().await;
    drop(first_hang);
    begins.recv().unwrap();
    world.until_quiet_beside_log().await;
    drop(second_hang);
    world.until("it is sent", |world| world.requests(Endpoint::Acknowledge).len() > 1).await;
    world.until_quiet().await;
    assert_eq!(world.requests(Endpoint::Acknowledge).len(), 2, "one of each daemon");
    assert!(!world.sandbox.is_acknowledged(&receipt));
    world.assert_modest();
}

#[tokio::test(start_paused = true)]
async fn a_failed_acknowledgement_is_retried_with_growing_delays_and_blocks_nothing() {
    for fault in
        [Fault::status(500), Fault::Drop, Fault::Hang, Fault::Garbage, Fault::CaptivePortal, Fault::HalfBody]
    {
        let what = format!("{fault:?}");
        let mut world = World::connected().await;
        world.sandbox.faults().next(Endpoint::Acknowledge, fault.clone(), 4);
        let receipt = world.send_emergency("fire");
        world.until("it tries", |world| !world.requests(Endpoint::Acknowledge).is_empty()).await;
        world.send("another");
        world.advance_until(MINUTE, "another is shown", |world| world.was_shown("another")).await;
        let over = |world: &World| world.steps.iter().any(|step| matches!(step, Step::Acknowledged(_)));
        world.advance_until(HOUR, &what, over).await;
        assert!(world.sandbox.is_acknowledged(&receipt));
        let gaps = world.gaps(Endpoint::Acknowledge, 0);
        assert_eq!(gaps.len(), 4, "{what}");
        // Without a response on an idle connection, which may have been dead, it is sent again within seconds.
        let is_unanswered = matches!(fault, Fault::Drop | Fault::Hang);
        let retries = gaps.iter().filter(|gap| !is_unanswered || **gap > 5.0);
        assert!(retries.clone().count() >= 2, "{what}: {gaps:?}");
        for (gap, ceiling) in retries.zip([10.0, 20.0, 40.0, 80.0]) {
            assert!((5.0..=ceiling + 35.0).contains(gap), "{what}: {gaps:?}");
        }
        assert_eq!(world.desktop.texts(), ["fire", "another"], "repeats are not shown again: {what}");
        world.assert_modest();
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejected_acknowledgement_is_not_repeated() {
    let mut world = World::connected().await;
    world.sandbox.faults().next(Endpoint::Acknowledge, Fault::rejection(404), 1);
    world.send_emergency("fire");
    world.until("it is refused", |world| world.requests(Endpoint::Acknowledge).len() == 1).await;
    world.advance(Duration::from_secs(25)).await;
    world.stop().await;
    world.start();
    world.advance(Duration::from_secs(3)).await;
    assert_eq!(world.requests(Endpoint::Acknowledge).len(), 1);
    let entry = world.entries().pop().unwrap();
    assert_eq!(entry.acknowledgement, Acknowledgement::GivenUp);
    assert_eq!(world.link(), Some(handover::domain::status::LinkState::Connected));
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_never_a_final_refusal() {
    let mut world = World::connected().await;
    // Downloads still succeed: for example, one of the servers may not know the login yet.
    let body = br#"{"status":0,"errors":["secret is invalid"]}"#.to_vec();
    let refusal = Fault::Response { code: 400, content_type: "application/json", body };
    world.sandbox.faults().next(Endpoint::Acknowledge, refusal, 1);
    let receipt = world.send_emergency("fire");
    world.until("it is refused", |world| world.requests(Endpoint::Acknowledge).len() == 1).await;
    world.advance(Duration::from_secs(25)).await;
    let entry = world.entries().pop().unwrap();
    assert_eq!(entry.acknowledgement, Acknowledgement::Wanted);
    let problems = world.status().await.problems;
    assert!(problems[0].starts_with("an emergency is not acknowledged yet"), "{problems:?}");
    let is_acknowledged = |world: &World| world.sandbox.is_acknowledged(&receipt);
    world.advance_until(11 * MINUTE, "it is acknowledged", is_acknowledged).await;
    world.until_quiet().await;
    assert_eq!(world.status().await.problems, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_setting_manual_waits_for_the_user() {
    let mut world = World::after_initial_sync().await;
    world.settings.emergency = Emergency::Manual;
    world.start();
    world.until("it is connected", World::is_connected).await;
    let receipt = world.send_emergency("fire");
    world.until("it is shown", |world| world.was_shown("fire")).await;
    world.advance(10 * MINUTE).await;
    assert!(world.requests(Endpoint::Acknowledge).is_empty());
    assert_eq!(world.status().await.unacknowledged, 1);
    let notification = world.desktop.shown().pop().unwrap();
    assert!(notification.offers(NotificationAction::Acknowledge), "{notification:?}");
    // Clicking on it or closing it does not acknowledge it.
    world.desktop.send(NotificationEvent::ActionInvoked(notification.id, NotificationAction::Acknowledge));
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
    world.advance(10 * MINUTE).await;
    assert_eq!(world.requests(Endpoint::Acknowledge).len(), 1);
    let status = world.status().await;
    assert_eq!((status.unacknowledged, status.unread), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_click_or_dismissal_does_not_acknowledge() {
    let mut world = World::after_initial_sync().await;
    world.settings.emergency = Emergency::Manual;
    world.start();
    world.until("it is connected", World::is_connected).await;
    world.send_emergency("fire");
    world.until("it is shown", |world| world.was_shown("fire")).await;
    let id = world.desktop.shown()[0].id;
    world.desktop.send(NotificationEvent::Dismissed(id));
    world.desktop.send(NotificationEvent::ActionInvoked(id, NotificationAction::Default));
    world.desktop.send(NotificationEvent::Closed(id));
    world.advance(Duration::from_secs(20)).await;
    assert!(world.requests(Endpoint::Acknowledge).is_empty());
    assert_eq!(world.status().await.unacknowledged, 1);
}

#[tokio::test(start_paused = true)]
async fn an_emergency_is_never_acknowledged_with_the_setting_never() {
    let mut world = World::after_initial_sync().await;
    world.settings.emergency = Emergency::Never;
    world.start();
    world.until("it is connected", World::is_connected).await;
    world.send_emergency("fire");
    world.until("it is shown", |world| world.was_shown("fire")).await;
    world.advance(10 * MINUTE).await;
    assert!(world.requests(Endpoint::Acknowledge).is_empty());
    assert!(!world.desktop.shown()[0].offers(NotificationAction::Acknowledge));
    assert!(world.queue().is_empty());
}
