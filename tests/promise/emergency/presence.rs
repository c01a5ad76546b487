//! Tests `emergency = "auto"`: an emergency is acknowledged while somebody is at the computer; otherwise its alarm
//! continues.

use std::time::Duration;

use handover::daemon::Step;
use handover::domain::message::Acknowledgement;
use handover::domain::notification::{NotificationAction, NotificationEvent};
use handover::domain::presence::UserPresence::{Away, Here, Unknown};
use handover::domain::settings::Emergency;
use handover::sandbox::{Endpoint, Fault};

use crate::desktop::Behaviour;
use crate::person::Counts;
use crate::world::{HOUR, MINUTE, World};

/// Longer than the interval at which a desktop is queried.
const A_CHECK: Duration = Duration::from_secs(20);

/// A connected daemon, with nobody at the computer.
async fn away() -> World {
    let world = World::connected().await;
    world.person.is(Away);
    world
}

/// A daemon like [`away`] with an emergency that is shown, repeated every hour, and not acknowledged; returns its
/// receipt.
async fn emergency_waits() -> (World, String) {
    let mut world = away().await;
    let receipt = world.send_slow_emergency("fire");
    world.until("it is shown", |world| world.was_shown("fire")).await;
    world.until("it is deleted", |world| world.queue().is_empty()).await;
    world.advance(10 * MINUTE).await;
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
    world.advance(MINUTE).await;
    assert_eq!(world.requests(Endpoint::Acknowledge).len(), 1);
    assert_eq!(world.status().await.unacknowledged, 0);
    assert_eq!(world.person.counts().watches, 0, "nothing is watched anymore");
}

impl World {
    pub(super) fn send_slow_emergency(&self, text: &str) -> String {
        let fields = [("message", text), ("priority", "2"), ("retry", "3600"), ("expire", "10800")];
        self.sandbox.send(&fields)["receipt"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn an_emergency_is_acknowledged_at_once_if_the_user_is_present_or_presence_is_unknown() {
    for presence in [Here, Unknown] {
        let mut world = World::connected().await;
        world.person.is(presence);
        let receipt = world.send_slow_emergency("fire");
        acknowledged(&mut world, &receipt).await;
        assert_eq!(world.desktop.texts(), ["fire"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_alarm_continues_while_the_user_is_away_and_ends_on_return() {
    let mut world = away().await;
    let receipt = world.send_emergency("fire");
    world.until("it is shown", |world| world.was_shown("fire")).await;
    world.advance(10 * MINUTE).await;
    assert_not_acknowledged(&world);
    assert!(world.sandbox.counters().repeats > 10, "the alarm continues");
    assert!(world.queue().is_empty(), "a recorded message is deleted");
    assert_eq!(world.status().await.unacknowledged, 1);
    world.person.is(Here);
    acknowledged(&mut world, &receipt).await;
    assert_eq!(world.desktop.on_screen().len(), 1, "unread messages stay");
}

#[tokio::test(start_paused = true)]
async fn the_alarm_continues_while_the_screen_saver_does_not_respond_behind_a_locked_screen() {
    let (mut world, receipt) = emergency_waits().await;
    world.person.is(Unknown);
    world.advance(10 * MINUTE).await;
    assert_not_acknowledged(&world);
    world.person.is(Here);
    acknowledged(&mut world, &receipt).await;
}

#[tokio::test(start_paused = true)]
async fn presence_is_not_queried_without_a_waiting_emergency() {
    let mut world = away().await;
    world.send("hello");
    world.until("it is shown", |world| world.was_shown("hello")).await;
    world.person.is(Here);
    world.person.is(Away);
    world.advance(HOUR).await;
    assert_eq!(world.person.counts(), Counts::default());
}

#[tokio::test(start_paused = true)]
async fn a_desktop_without_presence_signals_is_polled() {
    let (mut world, receipt) = emergency_waits().await;
    let questions = world.person.counts().questions;
    assert!((20..=60).contains(&questions), "{questions} within ten minutes");
    world.person.is_silently(Here);
    let acknowledged_at_last = |world: &World| world.sandbox.is_acknowledged(&receipt);
    world.advance_until(A_CHECK, "it is acknowledged", acknowledged_at_last).await;
    acknowledged(&mut world, &receipt).await;
}

#[tokio::test(start_paused = true)]
async fn a_click_or_a_dismissal_counts_as_presence() {
    for event in [
        NotificationEvent::Dismissed,
        |id| NotificationEvent::ActionInvoked(id, NotificationAction::Default),
        |id| NotificationEvent::ActionInvoked(id, NotificationAction::MarkRead),
    ] {
        let (mut world, receipt) = emergency_waits().await;
        let id = world.desktop.shown()[0].id;
        world.desktop.send(event(id));
        acknowledged(&mut world, &receipt).await;
        assert_eq!(world.status().await.unread, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_notification_does_not_count_as_seen_but_its_next_copy_does() {
    let (mut world, receipt) = emergency_waits().await;
    let id = world.desktop.shown()[0].id;
    world.desktop.send(NotificationEvent::Closed(id));
    world.until_quiet().await;
    assert_eq!(world.person.counts().watches, 0, "there is nothing left to wait for");
    world.person.is(Here);
    world.advance(10 * MINUTE).await;
    assert_not_acknowledged(&world);
    let copy = |world: &World| world.desktop.shown().len() == 2;
    world.advance_until(HOUR, "the service repeats it", copy).await;
    acknowledged(&mut world, &receipt).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_notification_server_counts_as_having_shown_the_emergency_once_it_shows_it() {
    let (mut world, receipt) = emergency_waits().await;
    world.desktop.replace_server();
    world.desktop.behave(Behaviour::Refuses);
    world.desktop.send(NotificationEvent::ServerAvailable);
    world.until_quiet().await;
    world.person.is(Here);
    world.advance(10 * MINUTE).await;
    assert_not_acknowledged(&world);
    world.desktop.recovers();
    let again = |world: &World| world.desktop.shown().len() == 2;
    world.advance_until(2 * MINUTE, "the new server shows it", again).await;
    acknowledged(&mut world, &receipt).await;
}

#[tokio::test(start_paused = true)]
async fn an_emergency_acknowledged_elsewhere_or_by_command_stops_waiting() {
    let (mut world, receipt) = emergency_waits().await;
    world.sandbox.acknowledge_elsewhere(&receipt);
    world.send("and another");
    world.until("the next message is shown", |world| world.was_shown("and another")).await;
    world.advance(HOUR).await;
    world.person.is(Here);
    world.advance(MINUTE).await;
    // The service may not have reported it; then it is acknowledged again, which does no harm.
    assert!(world.requests(Endpoint::Acknowledge).len() <= 1);

    let (mut world, receipt) = emergency_waits().await;
    let id = world.entries().pop().unwrap().message.id.to_string();
    world.ask(&handover::control::Command::Acknowledge { id }).await;
    acknowledged(&mut world, &receipt).await;
    world.person.is(Here);
    acknowledged(&mut world, &receipt).await;
}

#[tokio::test(start_paused = true)]
async fn an_expired_emergency_stops_waiting() {
    let (mut world, _) = emergency_waits().await;
    world.sandbox.switch(|switches| switches.signal_new = false);
    world.advance(4 * HOUR).await;
    assert_eq!(world.person.counts().watches, 0);
    let questions = world.person.counts().questions;
    world.person.is(Here);
    world.advance(HOUR).await;
    assert_eq!(world.person.counts().questions, questions);
    assert!(world.requests(Endpoint::Acknowledge).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_waiting_emergency_survives_a_restart() {
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
            let syncs = world.syncs();
            world.start();
            world.until("it has synced", |world| world.syncs() > syncs).await;
            if !back_before {
                world.advance(MINUTE).await;
                assert_not_acknowledged(&world);
                world.person.is(Here);
            }
            acknowledged(&mut world, &receipt).await;
            assert_eq!(world.desktop.texts(), ["fire"], "it is not shown again");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_without_its_notification_it_is_shown_again_and_acknowledged() {
    let (mut world, receipt) = emergency_waits().await;
    world.kill().await;
    world.desktop.replace_server();
    world.person.is(Here);
    world.start();
    world.advance_until(MINUTE, "it is shown again", |world| world.desktop.shown().len() == 2).await;
    acknowledged(&mut world, &receipt).await;
}

#[tokio::test(start_paused = true)]
async fn an_emergency_shown_before_a_kill_is_acknowledged_by_the_next_daemon() {
    let mut world = World::connected().await;
    world.sandbox.faults().always(Endpoint::Acknowledge, Fault::Hang);
    let receipt = world.send_slow_emergency("fire");
    world.until("it is shown", |world| world.steps.iter().any(|step| matches!(step, Step::Shown(..)))).await;
    world.kill().await;
    world.sandbox.faults().clear();
    world.start();
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
    world.advance(MINUTE).await;
    assert_eq!(world.desktop.texts(), ["fire"]);
    assert_eq!(world.sandbox.counters().acknowledges, 1);
}

#[tokio::test(start_paused = true)]
async fn several_waiting_emergencies_are_acknowledged_together() {
    let (mut world, fire) = emergency_waits().await;
    let water = world.send_slow_emergency("water");
    world.until("it is shown", |world| world.was_shown("water")).await;
    world.advance(MINUTE).await;
    world.person.is(Here);
    let both = |world: &World| [&fire, &water].iter().all(|receipt| world.sandbox.is_acknowledged(receipt));
    world.until("both are acknowledged", both).await;
    assert_eq!(world.sandbox.counters().acknowledges, 2);
}

#[tokio::test(start_paused = true)]
async fn presence_before_the_notification_does_not_count() {
    let mut world = World::connected().await;
    world.person.is(Here);
    world.desktop.behave(Behaviour::Absent);
    world.send_slow_emergency("fire");
    world.advance(5 * MINUTE).await;
    world.person.is(Away);
    world.desktop.recovers();
    world.desktop.send(NotificationEvent::ServerAvailable);
    world.until("it is shown", |world| world.was_shown("fire")).await;
    world.advance(5 * MINUTE).await;
    assert_not_acknowledged(&world);
}

#[tokio::test(start_paused = true)]
async fn always_and_manual_ignore_presence() {
    for (emergency, is_acknowledged) in
        [(Emergency::Always, true), (Emergency::Manual, false), (Emergency::Never, false)]
    {
        let mut world = World::after_initial_sync().await;
        world.settings.emergency = emergency;
        world.person.is(if is_acknowledged { Away } else { Here });
        world.start();
        world.until("it is connected", World::is_connected).await;
        let receipt = world.send_slow_emergency("fire");
        world.until("it is shown", |world| world.was_shown("fire")).await;
        world.advance(10 * MINUTE).await;
        assert_eq!(world.sandbox.is_acknowledged(&receipt), is_acknowledged, "{emergency:?}");
        let id = world.desktop.shown()[0].id;
        world.desktop.send(NotificationEvent::Dismissed(id));
        world.advance(MINUTE).await;
        assert_eq!(world.sandbox.is_acknowledged(&receipt), is_acknowledged, "{emergency:?}");
        assert_eq!(world.person.counts(), Counts::default(), "{emergency:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_setting_changed_while_an_emergency_waits_applies_at_the_next_start() {
    for (emergency, is_acknowledged) in [(Emergency::Always, true), (Emergency::Manual, false)] {
        let (mut world, receipt) = emergency_waits().await;
        world.stop().await;
        world.settings.emergency = emergency;
        world.start();
        world.advance(MINUTE).await;
        assert_eq!(world.sandbox.is_acknowledged(&receipt), is_acknowledged, "{emergency:?}");
    }
}

/// The clock is wrong by a day in both directions, and the emergency is on the screen before the service has responded.
#[tokio::test(start_paused = true)]
async fn an_emergency_of_an_earlier_daemon_is_acknowledged_although_the_clock_is_wrong() {
    for ahead in [-24 * 3_600, 24 * 3_600] {
        let mut world = World::after_initial_sync().await;
        world.sandbox.switch(|switches| switches.clock_ahead = ahead);
        world.person.is(Away);
        world.start();
        world.until("it is connected", World::is_connected).await;
        let receipt = world.send_slow_emergency("fire");
        world.until("it is shown", |world| world.was_shown("fire")).await;
        world.until_quiet().await;
        for is_away in [true, false] {
            world.kill().await;
            world.person.is(if is_away { Away } else { Here });
            for endpoint in [Endpoint::Socket, Endpoint::Download, Endpoint::Acknowledge] {
                world.sandbox.faults().always(endpoint, Fault::Drop);
            }
            world.start();
            world.advance(MINUTE / 6).await;
            world.sandbox.faults().clear();
            assert!(!world.sandbox.is_acknowledged(&receipt));
        }
        // The acknowledgement was requested before the service's time was known, and is sent by the next daemon.
        world.kill().await;
        world.start();
        world
            .advance_until(HOUR / 2, "it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt))
            .await;
        assert_eq!(world.desktop.texts(), ["fire"], "{ahead}");
    }
}
