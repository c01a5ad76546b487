//! Tests that the daemon reconnects at once, and only once, after a wake or a network change.

use std::time::Duration;

use handover::desktop::power::PowerEvent::{self, NetworkUp, Woke};
use handover::domain::status::LinkState;
use handover::sandbox::{Endpoint, Fault};

use crate::world::{HOUR, MINUTE, World};

const SECOND: Duration = Duration::from_secs(1);

/// A daemon that has been connected long enough for its connection not to count as new.
async fn connected_for_long() -> World {
    let mut world = World::connected().await;
    world.advance(5 * MINUTE).await;
    world
}

fn sockets(world: &World) -> usize {
    world.requests(Endpoint::Socket).len()
}

async fn reconnects(world: &mut World, events: &[PowerEvent]) {
    let syncs = world.syncs();
    for event in events {
        world.computer(*event);
    }
    world.until("it is connected again", |world| world.syncs() > syncs && world.is_connected()).await;
    world.until_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_wake_reconnects_at_once_and_downloads() {
    for event in [Woke, NetworkUp] {
        let mut world = connected_for_long().await;
        world.send_quietly(|world| world.send("meanwhile"));
        reconnects(&mut world, &[event]).await;
        assert_eq!((sockets(&world), world.sandbox.counters().sockets_now), (2, 1));
        world.until("it is shown", |world| world.was_shown("meanwhile")).await;
        world.assert_good_citizen();
    }
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_events_reconnects_once() {
    let mut world = connected_for_long().await;
    reconnects(&mut world, &[Woke, NetworkUp, NetworkUp, NetworkUp]).await;
    for _ in 0..3 {
        // The same holds for events after the connection was made.
        world.computer(NetworkUp);
        world.advance(SECOND).await;
    }
    world.advance(HOUR).await;
    assert_eq!(sockets(&world), 2);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_network_that_follows_the_wake_is_used_at_once() {
    let mut world = connected_for_long().await;
    world.sandbox.faults().always(Endpoint::Socket, Fault::Drop);
    world.computer(Woke);
    world.until("the attempt failed", |world| world.link() == Some(LinkState::Waiting)).await;
    world.advance(4 * SECOND).await;
    assert_eq!(sockets(&world), 2, "no attempt without news");
    world.sandbox.faults().clear();
    reconnects(&mut world, &[NetworkUp]).await;
    assert_eq!(sockets(&world), 3);
}

#[tokio::test(start_paused = true)]
async fn a_new_network_aborts_a_hanging_attempt() {
    let mut world = connected_for_long().await;
    world.sandbox.faults().next(Endpoint::Socket, Fault::Hang, 1);
    let before = world.sandbox.counters().faults;
    world.computer(Woke);
    world.until("it hangs", |world| world.sandbox.counters().faults > before).await;
    world.advance(3 * SECOND).await;
    world.computer(NetworkUp);
    let took = world.advance_until(15 * SECOND, "it is connected", World::is_connected).await;
    assert!(took <= 6 * SECOND, "{took:?}");
    assert_eq!(sockets(&world), 3);
}

#[tokio::test(start_paused = true)]
async fn an_unstable_network_causes_no_reconnect_storm() {
    for every in [1, 5, 20] {
        let mut world = connected_for_long().await;
        for _ in 0..(600 / every) {
            world.computer(NetworkUp);
            world.advance(every * SECOND).await;
        }
        let made = sockets(&world) - 1;
        assert!((1..=10).contains(&made), "{made} in ten minutes, every {every} s");
        world.assert_good_citizen();
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_service_is_not_retried_at_every_event() {
    let mut world = connected_for_long().await;
    world.sandbox.faults().always(Endpoint::Socket, Fault::status(502));
    world.sandbox.drop_sockets();
    for _ in 0..600 {
        world.computer(NetworkUp);
        world.advance(SECOND).await;
    }
    let made = sockets(&world) - 1;
    // At most four attempts a minute for the events, each followed by one for the events in between, and the few usual
    // ones.
    assert!((40..=100).contains(&made), "{made} in ten minutes");
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_delay_the_service_asked_for_is_kept() {
    let mut world = connected_for_long().await;
    world.sandbox.faults().next(Endpoint::Socket, Fault::too_many(300), 1);
    world.computer(Woke);
    world.until("it is told to wait", |world| world.link() == Some(LinkState::Waiting)).await;
    for _ in 0..29 {
        world.computer(Woke);
        world.computer(NetworkUp);
        world.advance(10 * SECOND).await;
    }
    assert_eq!(sockets(&world), 2);
    world.advance_until(2 * MINUTE, "it is connected", World::is_connected).await;
    assert_eq!(sockets(&world), 3);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_link_stays_stopped() {
    let mut world = connected_for_long().await;
    world.sandbox.close_sockets(b"A");
    world.until("it stops", |world| world.link() == Some(LinkState::Displaced)).await;
    let requests = world.sandbox.counters().requests;
    for event in [Woke, NetworkUp, Woke] {
        world.computer(event);
        world.advance(2 * MINUTE).await;
    }
    assert_eq!(world.sandbox.counters().requests, requests);
}

#[tokio::test(start_paused = true)]
async fn a_failed_download_and_acknowledgement_are_retried_at_once() {
    let mut world = connected_for_long().await;
    for endpoint in [Endpoint::Download, Endpoint::Acknowledge] {
        world.sandbox.faults().next(endpoint, Fault::status(502), 4);
    }
    let receipt = world.send_emergency("fire");
    // The pauses grow: from 5 to 10 s, then up to 20, 40 and 80 s.
    world.advance_until(5 * MINUTE, "it is shown", |world| world.was_shown("fire")).await;
    let failed = |world: &World| world.requests(Endpoint::Acknowledge).len() == 4;
    world.advance_until(5 * MINUTE, "four attempts failed", failed).await;
    world.advance(5 * SECOND).await;
    assert!(!world.sandbox.is_acknowledged(&receipt));
    world.computer(NetworkUp);
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_login_events_do_nothing() {
    let mut world = connected_for_long().await;
    world.stop().await;
    world.sandbox.revoke_sessions();
    world.start();
    world.until("it gives up", |world| world.link() == Some(LinkState::Refused)).await;
    world.until_quiet().await;
    let requests = world.sandbox.counters().requests;
    world.computer(Woke);
    world.advance(MINUTE).await;
    assert_eq!(world.sandbox.counters().requests, requests);
}
