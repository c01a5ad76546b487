//! Tests slow lines, and connections that are dead without any sign of it.

use std::time::Duration;

use handover::sandbox::{Endpoint, Fault};

use crate::world::{HOUR, MINUTE, World};

#[tokio::test(start_paused = true)]
async fn a_slow_line_delivers_everything_with_one_download() {
    let mut world = World::connected().await;
    let before = world.requests(Endpoint::Download).len();
    world.sandbox.switch(|switches| switches.bytes_per_second = Some(1_000));
    let text = "x".repeat(1_000);
    world.send_quietly(|world| (0..60).for_each(|_| world.send(&text)));
    world.send("the last");
    let took = world.advance_until(HOUR, "all is deleted", |world| world.queue().is_empty()).await;
    assert!(took > MINUTE, "{took:?}");
    world.until_quiet().await;
    assert_eq!(world.recorded().len(), 61);
    assert_eq!(world.requests(Endpoint::Download).len() - before, 1);
    assert_eq!(world.status().await.problems, [""; 0]);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_response_that_trickles_in_is_waited_for() {
    for endpoint in [Endpoint::Download, Endpoint::Delete, Endpoint::Acknowledge] {
        let mut world = World::connected().await;
        let before = world.requests(endpoint).len();
        world.sandbox.faults().next(endpoint, Fault::Trickle, 1);
        world.send_with("fire", &[("priority", "2"), ("retry", "7200"), ("expire", "10800")]);
        let over =
            |world: &World| world.queue().is_empty() && !world.requests(Endpoint::Acknowledge).is_empty();
        world.advance_until(HOUR, "all is done", over).await;
        world.advance(2 * MINUTE).await;
        assert_eq!(world.requests(endpoint).len() - before, 1, "{endpoint:?}");
        world.assert_good_citizen();
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_idle_connection_delays_a_message_by_seconds_only() {
    let mut world = World::connected().await;
    world.sandbox.lose_connections();
    world.send_emergency("fire");
    let done = |world: &World| world.was_shown("fire") && world.queue().is_empty();
    let took = world.advance_until(HOUR, "it is shown and deleted", done).await;
    assert!(took <= Duration::from_secs(6), "{took:?}");
    world.until_quiet().await;
    assert_eq!(world.status().await.problems, [""; 0]);
    assert_eq!(world.recorded(), ["fire"]);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_before_the_service_would_close_it() {
    let mut world = World::connected().await;
    assert_eq!(world.sandbox.counters().connections_now, 2);
    world.advance(2 * MINUTE).await;
    assert_eq!(world.sandbox.counters().connections_now, 1, "the websocket is left");
    world.send("one");
    world.until("it is deleted", |world| world.queue().is_empty()).await;
    world.assert_good_citizen();
}
