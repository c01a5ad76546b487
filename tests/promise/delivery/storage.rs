//! Tests a message log that cannot be written: messages are still shown, once; nothing is deleted, and the status says
//! so.
//!
//! A full disk is not tested here, because that would need a separate file system for this process. For the message
//! path it is the same as a locked file; the store's own tests cover it.

use std::time::Duration;

use handover::domain::notification::{NotificationAction, NotificationEvent};
use handover::domain::rules::{Effect, Rule};
use handover::domain::settings::{Backlog, Emergency};
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

/// The notification about the disk.
const REPORT: &str = "Messages cannot be saved";

/// The first line of each notification of messages, and whether it said that they are not saved.
fn shown(world: &World) -> Vec<(String, bool)> {
    let shown = world.desktop.shown();
    let messages = shown.iter().filter(|shown| shown.notification.title != REPORT);
    messages
        .map(|shown| {
            let text = shown.text();
            (text.lines().next().unwrap_or_default().to_owned(), text.contains("\nNot saved: "))
        })
        .collect()
}

/// Sends an emergency that is not repeated during the test; returns its receipt.
fn send_emergency(world: &World, text: &str) -> String {
    let fields = [("message", text), ("priority", "2"), ("retry", "3600"), ("expire", "10800")];
    world.sandbox.send(&fields)["receipt"].as_str().unwrap().to_owned()
}

fn pairs(expected: &[(&str, bool)]) -> Vec<(String, bool)> {
    expected.iter().map(|(text, is_unsaved)| ((*text).to_owned(), *is_unsaved)).collect()
}

#[tokio::test(start_paused = true)]
async fn messages_are_shown_once_while_the_log_is_locked_and_neither_acknowledged_nor_deleted() {
    let mut world = World::connected().await;
    let lock = Lock::take(&world);
    world.send("one");
    let receipt = send_emergency(&world, "fire");
    world.until("both are shown", |world| shown(world).len() == 2).await;
    world.advance(3 * MINUTE).await;
    let unsaved = [("fire", true), ("one", true)];
    assert_eq!(shown(&world), pairs(&unsaved), "each retry downloads them again");
    assert!(world.requests(Endpoint::Delete).is_empty());
    assert!(!world.sandbox.is_acknowledged(&receipt));
    assert!(world.queue().len() >= 2);
    let status = world.status().await;
    assert_eq!(status.link, "connected");
    assert_eq!(status.problems.len(), 1, "{:?}", status.problems);
    assert!(status.problems[0].starts_with("messages cannot be saved"), "{:?}", status.problems);
    let reports: Vec<_> =
        world.desktop.shown().into_iter().filter(|shown| shown.notification.title == REPORT).collect();
    assert_eq!(reports.len(), 1, "one notification says so");
    assert!(world.desktop.on_screen().contains(&reports[0].id));

    drop(lock);
    world.advance_until(6 * MINUTE, "all is deleted", |world| world.queue().is_empty()).await;
    world.advance(MINUTE).await;
    let saved = [("one", false), ("fire", false)];
    assert_eq!(shown(&world), pairs(&[unsaved, saved].concat()), "it no longer says that they are not saved");
    assert!(world.sandbox.is_acknowledged(&receipt));
    assert!(world.entries().iter().all(|entry| entry.announced.is_some()));
    assert!(!world.desktop.on_screen().contains(&reports[0].id), "the report is closed when it is over");
    assert_eq!(world.status().await.problems, [""; 0]);
    world.kill().await;
    world.start();
    world.advance(10 * MINUTE).await;
    assert_eq!(shown(&world).len(), 4, "nothing is shown again after a restart");
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn an_emergency_that_cannot_be_saved_is_acknowledged_by_its_button() {
    let mut world = World::connected().await;
    let _lock = Lock::take(&world);
    let receipt = send_emergency(&world, "fire");
    world.until("it is shown", |world| shown(world).len() == 1).await;
    let id = world.desktop.shown()[0].id;
    world.desktop.send(NotificationEvent::ActionInvoked(id, NotificationAction::Acknowledge));
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
}

#[tokio::test(start_paused = true)]
async fn messages_read_while_the_log_was_locked_are_marked_as_read_later() {
    let mut world = World::connected().await;
    let lock = Lock::take(&world);
    world.send("one");
    world.send("two");
    world.until("both are shown", |world| shown(world).len() == 2).await;
    let id = world.desktop.shown()[0].id;
    world.desktop.send(NotificationEvent::Dismissed(id));
    world.until_quiet().await;
    drop(lock);
    world.advance_until(6 * MINUTE, "all is deleted", |world| world.queue().is_empty()).await;
    world.until_quiet().await;
    let read: Vec<_> = world.entries().iter().map(|entry| entry.read.is_some()).collect();
    assert_eq!(read, [true, false]);
}

#[tokio::test(start_paused = true)]
async fn messages_that_a_rule_marks_as_read_are_marked_once_they_can_be_saved() {
    let mut world = World::after_initial_sync().await;
    let then = Effect { read: Some(true), ..Effect::default() };
    world.settings.rules = vec![Rule { then, may_hide_emergencies: true, ..Rule::default() }];
    world.settings.emergency = Emergency::Auto;
    world.start();
    world.until("it is connected", World::is_connected).await;
    let lock = Lock::take(&world);
    world.send("one");
    let receipt = send_emergency(&world, "fire");
    world.until("both are shown", |world| shown(world).len() == 2).await;
    world.until_quiet().await;
    drop(lock);
    world.advance_until(6 * MINUTE, "all is deleted", |world| world.queue().is_empty()).await;
    world.until_quiet().await;
    assert!(world.entries().iter().all(|entry| entry.announced.is_some() && entry.read.is_some()));
    let is_acknowledged = world.sandbox.is_acknowledged(&receipt);
    assert!(is_acknowledged, "this depends on the setting, not on the rule");
}

#[tokio::test(start_paused = true)]
async fn a_live_message_is_shown_although_it_is_saved_later_and_the_backlog_is_silent() {
    let mut world = World::after_initial_sync().await;
    world.settings.backlog = Backlog::Silent;
    world.start();
    world.until("it is connected", World::is_connected).await;
    world.until_quiet().await;
    let lock = Lock::take(&world);
    world.desktop.behave(Behaviour::Refuses);
    world.send("one");
    world.until("it is tried", |world| world.desktop.attempts() > 0).await;
    world.until_quiet().await;
    world.desktop.recovers();
    drop(lock);
    world.advance_until(6 * MINUTE, "it is shown", |world| world.was_shown("one")).await;
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
    let receipt = send_emergency(&world, "fire");
    world.until("it is on the screen", |world| world.was_shown("fire")).await;
    let lock = Lock::take(&world);
    leave.give();
    world.until("the mark fails", |world| world.syncs() == 2).await;
    world.advance(2 * MINUTE).await;
    assert_eq!(shown(&world), pairs(&[("fire", false)]));
    assert!(!world.sandbox.is_acknowledged(&receipt), "the request is not saved");
    assert!(world.status().await.problems[0].starts_with("messages cannot be saved"));
    drop(lock);
    world
        .advance_until(6 * MINUTE, "it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt))
        .await;
    world.advance_until(6 * MINUTE, "it is deleted", |world| world.queue().is_empty()).await;
    world.advance(HOUR).await;
    assert_eq!(shown(&world), pairs(&[("fire", false)]));
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
    assert_eq!(shown(&world), pairs(&[("one", false)]));
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

#[tokio::test(start_paused = true)]
async fn a_notification_server_that_comes_later_shows_that_messages_cannot_be_saved() {
    let mut world = World::connected().await;
    let reports = |world: &World| {
        world.desktop.shown().iter().filter(|shown| shown.notification.title == REPORT).count()
    };
    let _lock = Lock::take(&world);
    world.send("one");
    world.advance_until(MINUTE, "it is reported", |world| reports(world) == 1).await;
    world.desktop.replace_server();
    world.desktop.send(NotificationEvent::ServerAvailable);
    world.until("it is reported again", |world| reports(world) == 2).await;
    world.advance(3 * MINUTE).await;
    assert_eq!(reports(&world), 2, "once on each server");
}
