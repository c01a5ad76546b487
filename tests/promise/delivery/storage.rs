//! The log cannot be written: nothing is deleted, nothing is shown twice, and it is said.
//!
//! A full disk is not tried here: nothing less than a file system of its own would fill up for this process
//! alone. To the path it is the same as a locked file; the store's own tests have it.

use std::time::Duration;

use handover::domain::settings::Emergency;
use handover::sandbox::Endpoint;
use rusqlite::Connection;

use crate::desktop::{Leave, Mood};
use crate::world::{HOUR, MINUTE, World};

/// Another program that has the log to itself until it is dropped.
struct Lock(#[expect(dead_code, reason = "held until it is dropped")] Connection);

impl Lock {
    fn take(world: &World) -> Self {
        let connection = Connection::open(world.log_path()).unwrap();
        connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
        Self(connection)
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_is_locked_nothing_is_deleted_and_then_all_is_done() {
    let mut world = World::connected().await;
    let lock = Lock::take(&world);
    world.send("one");
    let receipt = world.send_emergency("fire");
    world.until("it tries", |world| world.passes() == 2).await;
    world.pass(3 * MINUTE).await;
    assert!(world.requests(Endpoint::Delete).is_empty());
    assert_eq!(world.desktop.texts(), [""; 0], "what could vanish in a crash is not shown");
    assert!(!world.sandbox.is_acknowledged(&receipt));
    assert!(world.queue().len() >= 2);
    let status = world.status().await;
    assert_eq!(status.link, "connected");
    assert_eq!(status.problems.len(), 1, "{:?}", status.problems);
    assert!(status.problems[0].starts_with("messages cannot be saved"), "{:?}", status.problems);

    drop(lock);
    world.pass_until(6 * MINUTE, "all is deleted", |world| world.queue().is_empty()).await;
    world.pass(MINUTE).await;
    assert_eq!(world.desktop.texts(), ["one", "fire"]);
    assert!(world.sandbox.is_acknowledged(&receipt));
    assert_eq!(world.status().await.problems, [""; 0]);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn locked_between_the_notification_and_its_mark_it_is_not_shown_again() {
    let mut world = World::settled().await;
    // The mark and the request to acknowledge are one transaction then, so that no copy of the emergency is shown either.
    world.settings.emergency = Emergency::Always;
    world.start();
    world.until("it is connected", World::is_connected).await;
    let leave = Leave::default();
    world.desktop.next(Mood::Waits(leave.clone()));
    let receipt = world.send_emergency("fire");
    world.until("it is on the screen", |world| world.was_shown("fire")).await;
    let lock = Lock::take(&world);
    leave.give();
    world.until("the mark fails", |world| world.passes() == 2).await;
    world.pass(2 * MINUTE).await;
    assert_eq!(world.desktop.texts(), ["fire"]);
    assert!(!world.sandbox.is_acknowledged(&receipt), "the request is not durable");
    assert!(world.status().await.problems[0].starts_with("messages cannot be saved"));
    drop(lock);
    world.pass_until(6 * MINUTE, "it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
    world.pass_until(6 * MINUTE, "it is deleted", |world| world.queue().is_empty()).await;
    world.pass(HOUR).await;
    assert_eq!(world.desktop.texts(), ["fire"]);
    assert_eq!(world.sandbox.counters().acknowledges, 1);
    assert_eq!(world.status().await.problems, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn locked_during_the_deletion_it_is_deleted_once_more_at_worst() {
    let mut world = World::connected().await;
    let gate = handover::sandbox::Gate::new();
    world.sandbox.faults().next(Endpoint::Delete, handover::sandbox::Fault::GateAfter(gate.clone()), 1);
    world.send("one");
    gate.reached(1).await;
    let lock = Lock::take(&world);
    gate.open();
    world.until("the mark fails", |world| world.passes() == 2).await;
    world.pass(MINUTE).await;
    drop(lock);
    world.pass(10 * MINUTE).await;
    assert_eq!(world.desktop.texts(), ["one"]);
    assert_eq!(world.recorded(), ["one"]);
    assert!(world.queue().is_empty());
    assert_eq!(world.status().await.problems, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn locked_while_an_acknowledgement_is_confirmed_all_is_well_in_the_end() {
    let mut world = World::connected().await;
    let gate = handover::sandbox::Gate::new();
    world.sandbox.faults().next(Endpoint::Acknowledge, handover::sandbox::Fault::GateAfter(gate.clone()), 1);
    let receipt = world.send_emergency("fire");
    gate.reached(1).await;
    world.rest().await;
    let lock = Lock::take(&world);
    gate.open();
    world.pass(Duration::from_secs(2)).await;
    drop(lock);
    assert!(world.sandbox.is_acknowledged(&receipt));
    world.send("next");
    world.pass_until(MINUTE, "the next is shown", |world| world.was_shown("next")).await;
    world.pass(10 * MINUTE).await;
    assert_eq!(world.status().await.problems, [""; 0]);
    world.kill().await;
    world.start();
    world.pass(10 * MINUTE).await;
    assert_eq!(world.desktop.texts(), ["fire", "next"]);
    assert!(world.sandbox.counters().acknowledges <= 2);
}
