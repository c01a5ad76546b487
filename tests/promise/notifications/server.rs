//! Tests a notification server that fails: messages wait here, not at the service.

use std::time::Duration;

use handover::domain::notification::{NotificationAction, NotificationEvent};
use handover::domain::settings::Backlog;

use crate::desktop::{Behaviour, Permission};
use crate::pause::{forever, pause, resume};
use crate::world::{HOUR, MINUTE, World};

#[tokio::test(start_paused = true)]
async fn without_a_server_messages_are_recorded_deleted_and_shown_later() {
    let mut world = World::connected().await;
    world.desktop.behave(Behaviour::Absent);
    world.send("one");
    world.until("it is deleted", |world| world.syncs() == 2 && world.queue().is_empty()).await;
    world.send("two");
    world.until("it is deleted", |world| world.syncs() == 3 && world.queue().is_empty()).await;
    assert_eq!(world.recorded(), ["one", "two"]);
    assert_eq!(world.desktop.texts(), [""; 0]);
    world.until_quiet().await;
    assert!(world.status().await.problems[0].starts_with("messages cannot be shown"));

    world.desktop.recovers();
    world.desktop.send(NotificationEvent::ServerAvailable);
    world.until("they are shown", |world| world.was_shown("two")).await;
    world.advance(HOUR).await;
    assert_eq!(world.desktop.texts(), ["one", "two"]);
    assert_eq!(world.status().await.problems, [""; 0]);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_notification_with_a_late_reply_stays_and_is_not_shown_again() {
    let mut world = World::connected().await;
    let answer = Permission::default();
    world.desktop.behave_next(Behaviour::WaitsFor(answer.clone()));
    world.send("one");
    world.until("it is on the screen", |world| world.was_shown("one")).await;
    world.advance(Duration::from_secs(20)).await;
    // Nothing else waits for the reply.
    world.send("two");
    world.until("it is deleted", |world| world.recorded().len() == 2 && world.queue().is_empty()).await;
    world.advance(Duration::from_secs(20)).await;
    assert_eq!(world.desktop.attempts(), 1, "nothing else is sent to a server that does not reply");
    assert!(world.status().await.problems[0].contains("does not respond"));

    answer.give();
    world.until("the next is shown", |world| world.was_shown("two")).await;
    world.until_quiet().await;
    assert_eq!(world.status().await.problems, [""; 0]);
    world.advance(HOUR).await;
    assert_eq!((world.desktop.texts(), world.desktop.closings()), (vec!["one".into(), "two".into()], 0));
    let one = world.desktop.shown()[0].id;
    world.desktop.send(NotificationEvent::ActionInvoked(one, NotificationAction::MarkRead));
    world.until_quiet().await;
    assert_eq!(world.status().await.unread, 1, "its id is known");
    world.stop().await;
    world.start();
    world.until("it is connected", World::is_connected).await;
    world.advance(MINUTE).await;
    assert_eq!(world.desktop.texts(), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_notification_is_shown_again_if_its_server_ends_without_a_reply() {
    let mut world = World::connected().await;
    let end = Permission::default();
    world.desktop.behave_next(Behaviour::EndsAfter(end.clone()));
    world.send("one");
    world.until("it is on the screen", |world| world.was_shown("one")).await;
    world.advance(Duration::from_secs(20)).await;
    assert_eq!(world.desktop.attempts(), 1);
    end.give();
    world.desktop.send(NotificationEvent::ServerAvailable);
    world.until("it is shown by the next server", |world| world.desktop.on_screen().len() == 1).await;
    world.advance(HOUR).await;
    assert_eq!(world.desktop.texts(), ["one", "one"]);
}

#[tokio::test(start_paused = true)]
async fn an_emergency_with_a_late_reply_is_acknowledged_and_replaced_by_its_repeat() {
    let mut world = World::connected().await;
    let answer = Permission::default();
    world.desktop.behave_next(Behaviour::WaitsFor(answer.clone()));
    let receipt = world.send_emergency("fire");
    world.until("it is on the screen", |world| world.was_shown("fire")).await;
    world.advance_until(2 * MINUTE, "it is repeated", |world| world.recorded().len() > 1).await;
    answer.give();
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
    world.advance(MINUTE).await;
    assert_eq!((world.desktop.on_screen().len(), world.desktop.closings()), (1, 0));
    assert!(world.desktop.shown().len() <= 2, "once for the repeat");
}

#[tokio::test(start_paused = true)]
async fn a_notification_with_a_reply_during_a_pause_is_not_shown_again_after_it() {
    let mut world = World::connected().await;
    let answer = Permission::default();
    world.desktop.behave_next(Behaviour::WaitsFor(answer.clone()));
    world.send("one");
    world.until("it is on the screen", |world| world.was_shown("one")).await;
    world.advance(Duration::from_secs(20)).await;
    pause(&world, forever()).await;
    world.advance(Duration::from_secs(20)).await;
    answer.give();
    world.until_quiet().await;
    resume(&world).await;
    world.advance(HOUR).await;
    assert_eq!((world.desktop.texts(), world.desktop.closings()), (vec!["one".into()], 0));
}

#[tokio::test(start_paused = true)]
async fn many_waiting_messages_become_one_summary() {
    let mut world = World::connected().await;
    world.desktop.behave(Behaviour::Absent);
    for number in 1..=6 {
        world.send(&format!("m{number}"));
        world
            .until("it is deleted", |world| world.recorded().len() == number && world.queue().is_empty())
            .await;
    }
    world.send_with("urgent", &[("priority", "1")]);
    world.until("it is deleted", |world| world.recorded().len() == 7 && world.queue().is_empty()).await;
    world.advance(2 * MINUTE).await;
    world.desktop.recovers();
    world.desktop.send(NotificationEvent::ServerAvailable);
    world.until("they are shown", |world| world.desktop.shown().len() == 2).await;
    world.advance(HOUR).await;
    let shown = world.desktop.shown();
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[0].text(), "urgent");
    assert_eq!(shown[1].notification.title, "6 messages arrived while you were away");
}

#[tokio::test(start_paused = true)]
async fn a_live_message_is_shown_at_the_retry_although_the_backlog_is_silent() {
    for mood in [Behaviour::Absent, Behaviour::Refuses] {
        let mut world = World::after_initial_sync().await;
        world.settings.backlog = Backlog::Silent;
        world.send("waits for the start");
        world.start();
        world.until("it is connected", World::is_connected).await;
        world.until_quiet().await;
        world.desktop.behave_next(mood.clone());
        world.send("one");
        world.advance_until(MINUTE, "it is shown", |world| world.was_shown("one")).await;
        world.desktop.behave(mood);
        world.send("two");
        let is_received = |world: &World| world.recorded().len() == 3 && world.queue().is_empty();
        world.until("it is deleted", is_received).await;
        world.stop().await;
        world.send("waits for the restart");
        world.desktop.recovers();
        world.start();
        world.until("it is shown", |world| world.was_shown("two")).await;
        world.advance(MINUTE).await;
        assert_eq!(world.recorded().len(), 4);
        assert_eq!(world.desktop.texts(), ["one", "two"]);
    }
}

#[tokio::test(start_paused = true)]
async fn showing_is_retried_without_a_signal() {
    for mood in [Behaviour::Absent, Behaviour::Refuses] {
        let mut world = World::connected().await;
        world.desktop.behave_next(mood.clone());
        world.desktop.behave_next(mood);
        world.send("one");
        world.advance_until(MINUTE, "it is shown", |world| world.was_shown("one")).await;
        world.advance(HOUR).await;
        assert_eq!(world.desktop.texts(), ["one"]);
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_messages_survive_a_crash() {
    let mut world = World::connected().await;
    world.desktop.behave(Behaviour::Absent);
    world.send("one");
    world.until("it is deleted", |world| world.syncs() == 2 && world.queue().is_empty()).await;
    world.kill().await;
    world.desktop.recovers();
    world.start();
    world.until("it is shown", |world| world.was_shown("one")).await;
    world.advance(MINUTE).await;
    assert_eq!(world.desktop.texts(), ["one"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_notification_does_not_block_others_and_is_retried() {
    let mut world = World::connected().await;
    world.desktop.behave_next(Behaviour::Refuses);
    world.send_quietly(|world| world.send_all(&["one", "two", "three"]));
    world.sandbox.push_frame(b"!");
    world.until("the others are shown", |world| world.desktop.texts() == ["two", "three"]).await;
    world.until("all are deleted", |world| world.queue().is_empty()).await;
    world.advance_until(MINUTE, "it is shown", |world| world.was_shown("one")).await;
    world.advance(HOUR).await;
    assert_eq!(world.desktop.texts(), ["two", "three", "one"]);
}

#[tokio::test(start_paused = true)]
async fn permanently_refused_notifications_do_not_block_others() {
    let mut world = World::after_initial_sync().await;
    // In a summary or a flood they could not be distinguished.
    world.settings.backlog = Backlog::All;
    world.start();
    world.until("it is connected", World::is_connected).await;
    for text in ["bad 1", "bad 2", "bad 3", "bad 4"] {
        world.desktop.refuse(text);
        world.send(text);
    }
    world.until("all are deleted", |world| world.recorded().len() == 4 && world.queue().is_empty()).await;
    world.send("good");
    world.advance_until(30 * MINUTE, "the good one is shown", |world| world.was_shown("good")).await;
    world.stop().await;
    world.start();
    world.advance(MINUTE).await;
    world.send("better");
    world.advance_until(30 * MINUTE, "the better one is shown", |world| world.was_shown("better")).await;
    assert_eq!(world.desktop.texts(), ["good", "better"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_everything_is_tried_less_and_less_often() {
    let mut world = World::connected().await;
    world.desktop.behave(Behaviour::Refuses);
    world.send("one");
    world.until("it is deleted", |world| world.syncs() == 2 && world.queue().is_empty()).await;
    world.advance(HOUR).await;
    let attempts = world.desktop.attempts();
    assert!((12..=45).contains(&attempts), "{attempts} times in an hour");
}
