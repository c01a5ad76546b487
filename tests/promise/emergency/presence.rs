//! `emergency = "auto"`: an emergency is acknowledged while somebody is at the computer, and its alarm goes on otherwise.

use std::time::Duration;

use handover::daemon::Step;
use handover::domain::message::Acknowledgement;
use handover::domain::notification::{NotificationAction, NotificationEvent};
use handover::domain::presence::UserPresence::{Away, Here, Unknown};
use handover::domain::settings::Emergency;
use handover::sandbox::{Endpoint, Fault};

use crate::desktop::Mood;
use crate::person::Counts;
use crate::world::{HOUR, MINUTE, World};

/// Longer than any desktop takes to be asked again.
const A_CHECK: Duration = Duration::from_secs(20);

/// A daemon is connected, and nobody is at the computer.
async fn away() -> World {
    let world = World::connected().await;
    world.person.is(Away);
    world
}

/// The same with an emergency that is shown, repeated every hour, and not acknowledged; its receipt.
async fn emergency_waits() -> (World, String) {
    let mut world = away().await;
    let receipt = world.send_slow_emergency("fire");
    world.until("it is shown", |world| world.was_shown("fire")).await;
    world.until("it is deleted", |world| world.queue().is_empty()).await;
    world.pass(10 * MINUTE).await;
    assert_not_acknowledged(&world);
    (world, receipt)
}

#[track_caller]
fn assert_not_acknowledged(world: &World) {
    assert!(world.requests(Endpoint::Acknowledge).is_empty());
    let entry = world.entries().pop().unwrap();
    assert_eq!(entry.acknowledgement, Acknowledgement::NotWanted);
}

async fn acknowledged(world: &mut World, receipt: &str) {
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(receipt)).await;
    world.pass(MINUTE).await;
    assert_eq!(world.requests(Endpoint::Acknowledge).len(), 1);
    assert_eq!(world.status().await.unacknowledged, 0);
    assert_eq!(world.person.counts().watches, 0, "nothing is watched any more");
}

impl World {
    fn send_slow_emergency(&self, text: &str) -> String {
        let fields = [("message", text), ("priority", "2"), ("retry", "3600"), ("expire", "10800")];
        self.sandbox.send(&fields)["receipt"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_acknowledged_at_once_when_somebody_is_here_or_nothing_can_tell() {
    for presence in [Here, Unknown] {
        let mut world = World::connected().await;
        world.person.is(presence);
        let receipt = world.send_slow_emergency("fire");
        acknowledged(&mut world, &receipt).await;
        assert_eq!(world.desktop.texts(), ["fire"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_alarm_goes_on_while_nobody_is_here_and_ends_when_somebody_comes_back() {
    let mut world = away().await;
    let receipt = world.send_emergency("fire");
    world.until("it is shown", |world| world.was_shown("fire")).await;
    world.pass(10 * MINUTE).await;
    assert_not_acknowledged(&world);
    assert!(world.sandbox.counters().repeats > 10, "the phone goes on ringing");
    assert!(world.queue().is_empty(), "recorded is enough to delete");
    assert_eq!(world.status().await.unacknowledged, 1);
    world.person.is(Here);
    acknowledged(&mut world, &receipt).await;
    assert_eq!(world.desktop.standing().len(), 1, "what was not read yet stays");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_while_no_emergency_waits() {
    let mut world = away().await;
    world.send("hello");
    world.until("it is shown", |world| world.was_shown("hello")).await;
    world.person.is(Here);
    world.person.is(Away);
    world.pass(HOUR).await;
    assert_eq!(world.person.counts(), Counts::default());
}

#[tokio::test(start_paused = true)]
async fn a_desktop_that_does_not_say_when_somebody_comes_is_asked_now_and_then() {
    let (mut world, receipt) = emergency_waits().await;
    let questions = world.person.counts().questions;
    assert!((20..=60).contains(&questions), "{questions} within ten minutes");
    world.person.is_silently(Here);
    let acknowledged_at_last = |world: &World| world.sandbox.is_acknowledged(&receipt);
    world.pass_until(A_CHECK, "it is acknowledged", acknowledged_at_last).await;
    acknowledged(&mut world, &receipt).await;
}

#[tokio::test(start_paused = true)]
async fn a_click_or_a_dismissal_is_somebody() {
    for event in [
        NotificationEvent::Dismissed,
        |id| NotificationEvent::ActionInvoked(id, NotificationAction::Default),
        |id| NotificationEvent::ActionInvoked(id, NotificationAction::MarkRead),
    ] {
        let (mut world, receipt) = emergency_waits().await;
        let id = world.desktop.shown()[0].id;
        world.desktop.says(event(id));
        acknowledged(&mut world, &receipt).await;
        assert_eq!(world.status().await.unread, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_notification_that_is_gone_is_not_taken_for_seen_and_its_next_copy_is() {
    let (mut world, receipt) = emergency_waits().await;
    let id = world.desktop.shown()[0].id;
    world.desktop.says(NotificationEvent::Closed(id));
    world.rest().await;
    assert_eq!(world.person.counts().watches, 0, "there is nothing left to wait for");
    world.person.is(Here);
    world.pass(10 * MINUTE).await;
    assert_not_acknowledged(&world);
    let copy = |world: &World| world.desktop.shown().len() == 2;
    world.pass_until(HOUR, "the service repeats it", copy).await;
    acknowledged(&mut world, &receipt).await;
}

#[tokio::test(start_paused = true)]
async fn another_notification_server_shows_nothing_of_what_waited() {
    let (mut world, _) = emergency_waits().await;
    world.desktop.is_another();
    world.desktop.says(NotificationEvent::ServerAvailable);
    world.rest().await;
    world.person.is(Here);
    world.pass(10 * MINUTE).await;
    assert_not_acknowledged(&world);
}

#[tokio::test(start_paused = true)]
async fn what_was_acknowledged_elsewhere_or_by_command_waits_no_longer() {
    let (mut world, receipt) = emergency_waits().await;
    world.sandbox.acknowledge_elsewhere(&receipt);
    world.send("and another");
    world.until("the next message is shown", |world| world.was_shown("and another")).await;
    world.pass(HOUR).await;
    world.person.is(Here);
    world.pass(MINUTE).await;
    // Nobody may have said so; then it is acknowledged once more, which does no harm.
    assert!(world.requests(Endpoint::Acknowledge).len() <= 1);

    let (mut world, receipt) = emergency_waits().await;
    let id = world.entries().pop().unwrap().message.id.to_string();
    world.ask(&handover::control::Command::Acknowledge { id }).await;
    acknowledged(&mut world, &receipt).await;
    world.person.is(Here);
    acknowledged(&mut world, &receipt).await;
}

#[tokio::test(start_paused = true)]
async fn what_expired_waits_no_longer() {
    let (mut world, _) = emergency_waits().await;
    world.sandbox.switch(|switches| switches.signal_new = false);
    world.pass(4 * HOUR).await;
    assert_eq!(world.person.counts().watches, 0);
    let questions = world.person.counts().questions;
    world.person.is(Here);
    world.pass(HOUR).await;
    assert_eq!(world.person.counts().questions, questions);
    assert!(world.requests(Endpoint::Acknowledge).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_between_forgets_nothing() {
    for kill in [true, false] {
        for back_before in [true, false] {
            let (mut world, receipt) = emergency_waits().await;
            if kill {
                world.kill().await;
            } else {
                world.stop().await;
            }
            if back_before {
                world.person.is(Here);
            }
            let passes = world.passes();
            world.start();
            world.until("it has synced", |world| world.passes() > passes).await;
            if !back_before {
                world.pass(MINUTE).await;
                assert_not_acknowledged(&world);
                world.person.is(Here);
            }
            acknowledged(&mut world, &receipt).await;
            assert_eq!(world.desktop.texts(), ["fire"], "it is not shown again");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_without_its_notification_waits_for_the_next_copy() {
    let (mut world, receipt) = emergency_waits().await;
    world.kill().await;
    world.desktop.is_another();
    world.person.is(Here);
    world.start();
    world.pass(10 * MINUTE).await;
    assert_not_acknowledged(&world);
    world.pass_until(HOUR, "the service repeats it", |world| world.desktop.shown().len() == 2).await;
    acknowledged(&mut world, &receipt).await;
}

#[tokio::test(start_paused = true)]
async fn killed_between_the_notification_and_the_request_it_is_acknowledged_by_the_next_daemon() {
    let mut world = World::connected().await;
    world.sandbox.faults().always(Endpoint::Acknowledge, Fault::Hang);
    let receipt = world.send_slow_emergency("fire");
    world.until("it is shown", |world| world.steps.iter().any(|step| matches!(step, Step::Shown(..)))).await;
    world.kill().await;
    world.sandbox.faults().clear();
    world.start();
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
    world.pass(MINUTE).await;
    assert_eq!(world.desktop.texts(), ["fire"]);
    assert_eq!(world.sandbox.counters().acknowledges, 1);
}

#[tokio::test(start_paused = true)]
async fn several_wait_and_are_acknowledged_together() {
    let (mut world, fire) = emergency_waits().await;
    let water = world.send_slow_emergency("water");
    world.until("it is shown", |world| world.was_shown("water")).await;
    world.pass(MINUTE).await;
    world.person.is(Here);
    let both = |world: &World| [&fire, &water].iter().all(|receipt| world.sandbox.is_acknowledged(receipt));
    world.until("both are acknowledged", both).await;
    assert_eq!(world.sandbox.counters().acknowledges, 2);
}

#[tokio::test(start_paused = true)]
async fn somebody_who_was_here_before_it_was_shown_is_not_enough() {
    let mut world = World::connected().await;
    world.person.is(Here);
    world.desktop.is(Mood::Absent);
    world.send_slow_emergency("fire");
    world.pass(5 * MINUTE).await;
    world.person.is(Away);
    world.desktop.recovers();
    world.desktop.says(NotificationEvent::ServerAvailable);
    world.until("it is shown", |world| world.was_shown("fire")).await;
    world.pass(5 * MINUTE).await;
    assert_not_acknowledged(&world);
}

#[tokio::test(start_paused = true)]
async fn always_acknowledges_although_nobody_is_here_and_manual_although_somebody_is_does_not() {
    for (emergency, is_acknowledged) in
        [(Emergency::Always, true), (Emergency::Manual, false), (Emergency::Never, false)]
    {
        let mut world = World::settled().await;
        world.settings.emergency = emergency;
        world.person.is(if is_acknowledged { Away } else { Here });
        world.start();
        world.until("it is connected", World::is_connected).await;
        let receipt = world.send_slow_emergency("fire");
        world.until("it is shown", |world| world.was_shown("fire")).await;
        world.pass(10 * MINUTE).await;
        assert_eq!(world.sandbox.is_acknowledged(&receipt), is_acknowledged, "{emergency:?}");
        let id = world.desktop.shown()[0].id;
        world.desktop.says(NotificationEvent::Dismissed(id));
        world.pass(MINUTE).await;
        assert_eq!(world.sandbox.is_acknowledged(&receipt), is_acknowledged, "{emergency:?}");
        assert_eq!(world.person.counts(), Counts::default(), "{emergency:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_choice_that_is_made_while_one_waits_counts_at_the_next_start() {
    for (emergency, is_acknowledged) in [(Emergency::Always, true), (Emergency::Manual, false)] {
        let (mut world, receipt) = emergency_waits().await;
        world.stop().await;
        world.settings.emergency = emergency;
        world.start();
        world.pass(MINUTE).await;
        assert_eq!(world.sandbox.is_acknowledged(&receipt), is_acknowledged, "{emergency:?}");
    }
}
