//! Tests many messages from one application within seconds.

use std::time::Duration;

use handover::domain::notification::{NotificationAction, NotificationEvent};

use crate::desktop::{Behaviour, Permission};
use crate::world::{MINUTE, World};

/// Sends messages one after the other, each in its own sync.
async fn send_each(world: &mut World, numbers: std::ops::RangeInclusive<usize>) {
    for number in numbers {
        let before = world.desktop.shown().len();
        world.send(&format!("text {number}"));
        world.until("it is shown", |world| world.desktop.shown().len() > before).await;
        world.until_quiet().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_becomes_one_notification_with_a_count_and_drops_nothing() {
    let mut world = World::connected().await;
    send_each(&mut world, 1..=5).await;
    assert_eq!(world.desktop.on_screen().len(), 5);
    send_each(&mut world, 6..=12).await;
    let last = world.desktop.shown().pop().unwrap();
    assert_eq!(last.notification.title, "12 messages from Sandbox");
    assert_eq!(last.text(), "text 12\ntext 11\ntext 10\ntext 9\ntext 8\nand 7 more");
    assert_eq!(world.desktop.on_screen(), [last.id], "one notification is left");
    let silent: Vec<_> = world.desktop.shown().iter().map(|shown| shown.notification.silent).collect();
    assert_eq!(silent, [vec![false; 6], vec![true; 6]].concat(), "only the first few are heard");
    let entries = world.entries();
    assert_eq!(entries.len(), 12);
    assert!(entries.iter().all(|entry| entry.announced.is_some() && entry.read.is_none()));
    assert!(world.queue().is_empty());

    world.desktop.send(NotificationEvent::ActionInvoked(last.id, NotificationAction::MarkRead));
    world.until_quiet().await;
    assert_eq!((world.status().await.unread, world.desktop.on_screen()), (0, vec![]));
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn the_notifications_that_a_count_replaces_are_closed_before_it_is_shown() {
    let mut world = World::connected().await;
    send_each(&mut world, 1..=5).await;
    let first = world.desktop.on_screen()[0];
    let answer = Permission::default();
    world.desktop.behave_next(Behaviour::WaitsFor(answer.clone()));
    send_each(&mut world, 6..=6).await;
    assert_eq!(world.desktop.on_screen(), [first], "the count takes the place of the first");
    assert_eq!(world.desktop.shown().pop().unwrap().notification.title, "6 messages from Sandbox");
    answer.give();
    world.until_quiet().await;
    assert_eq!((world.desktop.on_screen(), world.desktop.closings()), (vec![first], 4));
}

#[tokio::test(start_paused = true)]
async fn a_count_that_cannot_be_shown_leaves_everything_unread() {
    for (failure, ends_by_crash) in
        [(Behaviour::Refuses, false), (Behaviour::HangsBefore, true), (Behaviour::HangsAfter, true)]
    {
        let mut world = World::connected().await;
        send_each(&mut world, 1..=5).await;
        let attempts = world.desktop.attempts();
        world.desktop.behave_next(failure);
        world.send("text 6");
        world.until("it was tried", |world| world.desktop.attempts() > attempts).await;
        world.until_quiet().await;
        if ends_by_crash {
            world.kill().await;
            world.start();
        }
        let is_announced =
            |world: &World| world.entries().iter().filter(|entry| entry.announced.is_some()).count() == 6;
        world.advance_until(MINUTE, "it is shown", is_announced).await;
        assert!(world.desktop.texts().iter().any(|text| text.starts_with("text 6")));
        assert!(world.entries().iter().all(|entry| entry.read.is_none()));
        assert_eq!(world.status().await.unread, 6);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_ends_after_ten_quiet_seconds() {
    let mut world = World::connected().await;
    send_each(&mut world, 1..=7).await;
    world.advance(Duration::from_secs(11)).await;
    send_each(&mut world, 8..=8).await;
    assert_eq!(world.desktop.texts().last().map(String::as_str), Some("text 8"));
    assert_eq!(world.desktop.on_screen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn reading_a_flood_marks_all_its_messages_as_read() {
    for event in [NotificationEvent::Closed, NotificationEvent::Dismissed] {
        let mut world = World::connected().await;
        send_each(&mut world, 1..=6).await;
        // The notification expires or the user closes it, but the flood continues.
        let first_count = world.desktop.shown().pop().unwrap();
        world.desktop.send(event(first_count.id));
        world.until_quiet().await;
        world.send_with("text 7", &[("url", "https://a.example/")]);
        world.until("it is shown", |world| world.desktop.shown().len() == 7).await;
        world.until_quiet().await;
        let last = world.desktop.shown().pop().unwrap();
        assert_eq!(last.notification.title, "7 messages from Sandbox");
        world.desktop.send(NotificationEvent::ActionInvoked(last.id, NotificationAction::MarkRead));
        world.until_quiet().await;
        assert_eq!(world.status().await.unread, 0);
        assert_eq!(world.desktop.opened(), [""; 0], "a click on the notification of many opens no link");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_hides_no_urgent_message() {
    let mut world = World::connected().await;
    send_each(&mut world, 1..=6).await;
    world.send_with("door", &[("priority", "1")]);
    world.until("it is shown", |world| world.was_shown("door")).await;
    world.until_quiet().await;
    world.send_emergency("fire");
    world.until("it is shown", |world| world.was_shown("fire")).await;
}

#[tokio::test(start_paused = true)]
async fn three_hundred_urgent_messages_leave_one_notification_and_do_not_hide_an_emergency() {
    let mut world = World::connected().await;
    for number in 1..=300 {
        world.send_with(&format!("alarm {number}"), &[("priority", "1")]);
    }
    world.send_emergency("fire");
    world.until("the emergency is shown", |world| world.was_shown("fire")).await;
    world.until("all are announced", |world| world.queue().is_empty()).await;
    world.until_quiet().await;
    let shown = world.desktop.shown();
    let count = shown.iter().rfind(|shown| shown.notification.is_list).unwrap();
    assert_eq!(count.notification.title, "300 messages from Sandbox");
    assert!(count.text().starts_with("alarm 300\nalarm 299\n"), "{count:?}");
    assert_eq!(world.desktop.on_screen().len(), 2, "{:?}", world.desktop.texts());
    assert!(world.entries().iter().all(|entry| entry.announced.is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_crash_during_a_flood_loses_nothing() {
    let mut world = World::connected().await;
    send_each(&mut world, 1..=7).await;
    world.desktop.behave_next(Behaviour::HangsAfter);
    world.send("text 8");
    world.until("it is on the screen", |world| world.desktop.shown().len() == 8).await;
    world.kill().await;
    world.start();
    world.until("the last is shown again", |world| world.was_shown("text 8")).await;
    world.until("it is deleted", |world| world.queue().is_empty()).await;
    world.until_quiet().await;
    assert!(world.entries().iter().all(|entry| entry.announced.is_some()));
}
