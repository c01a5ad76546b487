//! A bug that panics costs seconds, not messages.

use crate::desktop::Mood;
use crate::world::{HOUR, MINUTE, World};

#[tokio::test(start_paused = true)]
async fn a_panic_while_showing_starts_the_tasks_again_and_the_message_is_shown() {
    let mut world = World::connected().await;
    world.desktop.next(Mood::Panics);
    let receipt = world.send_emergency("fire");
    world.until("it was asked to show it", |world| world.desktop.asked() == 1).await;
    world.pass_until(MINUTE, "it is shown", |world| world.was_shown("fire")).await;
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
    world.send("still here");
    world.pass_until(MINUTE, "it is shown", |world| world.was_shown("still here")).await;
    world.pass(10 * MINUTE).await;
    assert_eq!(world.desktop.texts(), ["fire", "still here"]);
    assert_eq!(world.recorded(), ["fire", "still here"]);
    assert!(world.queue().is_empty());
    assert_eq!(world.sandbox.counters().sockets_now, 1);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_panic_at_every_try_is_no_storm() {
    let mut world = World::connected().await;
    world.desktop.is(Mood::Panics);
    world.send("one");
    world.pass(HOUR).await;
    let sockets = world.requests(handover::sandbox::Endpoint::Socket).len();
    assert!(sockets <= 45, "{sockets} connections in an hour");
    let asked = world.desktop.asked();
    assert!((12..=45).contains(&asked), "{asked} panics in an hour");
    world.desktop.recovers();
    world.pass_until(10 * MINUTE, "it is shown", |world| world.was_shown("one")).await;
}
