//! The message log cannot be written: nothing is deleted, nothing is shown twice, and the status says so.
//!
//! A full disk is not tested here, because it would need a file system of its own for this process.
//! For the message path it is the same as a locked file; the store's own tests cover it.

use std::time::Duration;

use handover::domain::settings::Emergency;
use handover::sandbox::Endpoint;
use rusqlite::Connection;

use crate::desktop::{Behaviour, Permission};
use crate::world::{HOUR, MINUTE, World};

/// Another program that keeps the message log locked until it is dropped.
struct Lock(#[expect(dead_code, reason = "held until it is dropped")] Connection);

impl Lock {
    fn take(world: &World) -> Self {
        let connection = Connection::open(world.log_path()).unwrap();
        connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
        Self(connection)
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_while_the_log_is_locked() {
    let mut world = World::connected().await;
    let lock = Lock::take(&world);
    world.send("one");
    let receipt = world.send_emergency("fire");
    world.until("it tries", |world| world.syncs() == 2).await;
    world.advance(3 * MINUTE).await;
    assert!(world.requests(Endpoint::Delete).is_empty());
    assert_eq!(world.desktop.texts(), [""; 0], "what could vanish in a crash is not shown");
    assert!(!world.sandbox.is_acknowledged(&receipt));
    assert!(world.queue().len() >= 2);
    let status = world.status().await;
    assert_eq!(status.link, "connected");
    assert_eq!(status.problems.len(), 1, "{:?}", status.problems);
    assert!(status.problems[0].starts_with("messages cannot be saved"), "{:?}", status.problems);

    drop(lock);
    world.advance_until(6 * MINUTE, "all is deleted", |world| world.queue().is_empty()).await;
    world.advance(MINUTE).await;
    assert_eq!(world.desktop.texts(), ["one", "fire"]);
    assert!(world.sandbox.is_acknowledged(&receipt));
    assert_eq!(world.status().await.problems, [""; 0]);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_log_locked_before_the_mark_shows_nothing_again() {
    let mut world = World::after_initial_sync().await;
    // The mark and the request to acknowledge are one transaction, so no copy of the emergency is shown either.
    world.settings.emergency = Emergency::Always;
    world.start();
    world.until("it is connected", World::is_connected).await;
    let leave = Permission::default();
    world.desktop.behave_next(Behaviour::WaitsFor(leave.clone()));
    let receipt = world.send_emergency("fire");
    world.until("it is on the screen", |world| world.was_shown("fire")).await;
    let lock = Lock::take(&world);
    leave.give();
    world.until("the mark fails", |world| world.syncs() == 2).await;
    world.advance(2 * MINUTE).await;
    assert_eq!(world.desktop.texts(), ["fire"]);
    assert!(!world.sandbox.is_acknowledged(&receipt), "the request is not durable");
    assert!(world.status().await.problems[0].starts_with("messages cannot be saved"));
    drop(lock);
    world
        .advance_until(6 * MINUTE, "it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt))
        .await;
    world.advance_until(6 * MINUTE, "it is deleted", |world| world.queue().is_empty()).await;
    world.advance(HOUR).await;
    assert_eq!(world.desktop.texts(), ["fire"]);
    assert_eq!(world.sandbox.counters().acknowledges, 1);
    assert_eq!(world.status().await.problems, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_log_locked_during_the_deletion_deletes_at_most_once_more() {
    let mut world = World::connected().await;
    let gate = handover::sandbox::Gate::new();
    world.sandbox.faults().next(Endpoint::Delete, handover::sandbox::Fault::GateAfter(gate.clone()), 1);
    world.send("one");
    gate.reached(1).await;
    let lock = Lock::take(&world);
    gate.open();
    world.until("the mark fails", |world| world.syncs() == 2).await;
    world.advance(MINUTE).await;
    drop(lock);
    world.advance(10 * MINUTE).await;
    assert_eq!(world.desktop.texts(), ["one"]);
    assert_eq!(world.recorded(), ["one"]);
    assert!(world.queue().is_empty());
    assert_eq!(world.status().await.problems, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_log_locked_at_the_confirmation_of_an_acknowledgement_catches_up() {
    let mut world = World::connected().await;
    let gate = handover::sandbox::Gate::new();
    world.sandbox.faults().next(Endpoint::Acknowledge, handover::sandbox::Fault::GateAfter(gate.clone()), 1);
    let receipt = world.send_emergency("fire");
    gate.reached(1).await;
    world.until_quiet().await;
    let lock = Lock::take(&world);
    gate.open();
    world.advance(Duration::from_secs(2)).await;
    drop(lock);
    assert!(world.sandbox.is_acknowledged(&receipt));
    world.send("next");
    world.advance_until(MINUTE, "the next is shown", |world| world.was_shown("next")).await;
    world.advance(10 * MINUTE).await;
    assert_eq!(world.status().await.problems, [""; 0]);
    world.kill().await;
    world.start();
    world.advance(10 * MINUTE).await;
    assert_eq!(world.desktop.texts(), ["fire", "next"]);
    assert!(world.sandbox.counters().acknowledges <= 2);
}
