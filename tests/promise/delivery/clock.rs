//! Tests wrong clocks: this computer's and the sender's.

use handover::control::StatusReport;
use handover::domain::settings::Emergency;
use handover::sandbox::{Endpoint, Fault};
use handover::system::clock;
use serde_json::json;

use crate::desktop::Behaviour;
use crate::world::{HOUR, MINUTE, World};

const ONE_HOUR: [(&str, &str); 1] = [("ttl", "3600")];
const DAY: i64 = 86_400;

/// A world in which the service's clock is this many seconds ahead of this computer's.
async fn connected_to_clock(ahead: i64) -> World {
    let mut world = World::after_initial_sync().await;
    world.sandbox.switch(|switches| switches.clock_ahead = ahead);
    world.start();
    world.until("it is connected", World::is_connected).await;
    world.until_quiet().await;
    world
}

fn clock_problem(status: &StatusReport) -> Option<&str> {
    status.problems.iter().map(String::as_str).find(|problem| problem.contains("clock"))
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_hides_nothing_and_is_reported() {
    for (ahead, words) in
        [(-10_800, "3 hours ahead of"), (10_800, "3 hours behind"), (-9 * DAY, "9 days ahead of")]
    {
        let mut world = connected_to_clock(ahead).await;
        let sentence = format!("this computer's clock is {words} the service's");
        assert_eq!(clock_problem(&world.status().await), Some(sentence.as_str()));
        world.send_with("an hour", &ONE_HOUR);
        world.until("it is shown", |world| world.was_shown("an hour")).await;
        world.advance(59 * MINUTE).await;
        assert_eq!((world.desktop.on_screen().len(), world.status().await.unread), (1, 1), "{words}");
        world.advance(2 * MINUTE).await;
        assert_eq!((world.desktop.on_screen().len(), world.status().await.unread), (0, 0), "{words}");

        // The clock is corrected.
        world.sandbox.switch(|switches| switches.clock_ahead = 0);
        world.send("another");
        world.until("it is shown", |world| world.was_shown("another")).await;
        world.until_quiet().await;
        assert_eq!(world.status().await.problems, [""; 0], "{words}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_off_by_two_minutes_is_not_reported() {
    for ahead in [-118, 118] {
        let world = connected_to_clock(ahead).await;
        assert_eq!(world.status().await.problems, [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_clock_hides_nothing_before_the_service_responds() {
    let mut world = connected_to_clock(-10_800).await;
    world.desktop.behave(Behaviour::Absent);
    world.send_with("an hour", &ONE_HOUR);
    world.until("it is recorded", |world| world.entries().len() == 1).await;
    world.until_quiet().await;
    world.kill().await;
    world.desktop.recovers();
    for endpoint in [Endpoint::Socket, Endpoint::Download] {
        world.sandbox.faults().always(endpoint, Fault::Drop);
    }
    world.start();
    world.advance(MINUTE).await;
    assert_eq!(world.entries()[0].announced, None, "it is not known whether it is expired");
    world.sandbox.faults().clear();
    world.advance_until(HOUR / 2, "it is shown", |world| world.was_shown("an hour")).await;
}

#[tokio::test(start_paused = true)]
async fn a_time_to_live_counts_from_when_the_service_accepted_the_message() {
    let mut world = World::connected().await;
    let now = clock::unix();
    for (name, date) in [("old", now - 2 * DAY), ("future", now + 2 * DAY)] {
        world.sandbox.inject(&json!({"message": name, "date": date, "queued_date": now, "ttl": 3600}));
        // As from a service that counts from the sender's time.
        let times = json!({
            "message": format!("{name} too"), "date": date, "queued_date": now, "expiration_date": date.min(now) + 3600,
        });
        world.sandbox.inject(&times);
    }
    world.until("all are shown", |world| world.desktop.on_screen().len() == 4).await;
    world.advance(59 * MINUTE).await;
    assert_eq!(world.desktop.on_screen().len(), 4);
    world.advance(2 * MINUTE).await;
    assert_eq!(world.desktop.on_screen().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_emergency_is_open_whatever_time_its_sender_gives() {
    let mut world = World::after_initial_sync().await;
    world.settings.emergency = Emergency::Manual;
    world.start();
    world.until("it is connected", World::is_connected).await;
    for (count, date) in [(1, clock::unix() - 2 * DAY), (2, clock::unix() + 2 * DAY)] {
        let timestamp = date.to_string();
        let fields =
            [("priority", "2"), ("retry", "3600"), ("expire", "10800"), ("timestamp", timestamp.as_str())];
        world.send_with(&timestamp, &fields);
        world.until("it is shown", |world| world.was_shown(&timestamp)).await;
        world.until_quiet().await;
        assert_eq!(world.status().await.unacknowledged, count);
        assert_eq!(world.log().open_emergencies(9, clock::unix()).unwrap().len() as u64, count);
    }
    world.advance(3 * HOUR + MINUTE).await;
    assert_eq!(world.status().await.unacknowledged, 0, "the service no longer repeats them");
}

#[tokio::test(start_paused = true)]
async fn an_emergency_that_waited_overnight_is_over() {
    let mut world = World::after_initial_sync().await;
    world.settings.emergency = Emergency::Manual;
    let queued = clock::unix() - 10 * 3_600;
    world.sandbox.inject(&json!({"message": "fire", "priority": 2, "receipt": "r1", "queued_date": queued}));
    world.start();
    world.until("it is shown", |world| world.was_shown("fire")).await;
    world.until_quiet().await;
    assert_eq!(world.status().await.unacknowledged, 0);
}

/// The clock was four hours behind and is corrected: an emergency from just before is still open, and its
/// acknowledgement is still sent.
#[tokio::test(start_paused = true)]
async fn an_emergency_survives_a_clock_that_is_set_right() {
    for emergency in [Emergency::Manual, Emergency::Always] {
        let mut world = World::after_initial_sync().await;
        world.settings.emergency = emergency;
        world.sandbox.switch(|switches| switches.clock_ahead = 4 * 3_600);
        world.sandbox.faults().always(Endpoint::Acknowledge, Fault::status(503));
        let queued = clock::unix() + 4 * 3_600;
        let fire = json!({"message": "fire", "priority": 2, "receipt": "r1", "queued_date": queued});
        world.sandbox.inject(&fire);
        world.start();
        world.until("it is shown", |world| world.was_shown("fire")).await;
        world.until_quiet().await;
        world.kill().await;
        world.advance(4 * HOUR).await;
        world.sandbox.switch(|switches| switches.clock_ahead = 0);
        world.sandbox.faults().clear();
        world.start();
        world.until("it is connected", World::is_connected).await;
        if emergency == Emergency::Always {
            world.until("it is acknowledged", |world| world.sandbox.is_acknowledged("r1")).await;
        }
        world.until_quiet().await;
        let open = u64::from(emergency == Emergency::Manual);
        assert_eq!(world.status().await.unacknowledged, open);
    }
}
