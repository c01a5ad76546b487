//! What the user does with a notification is reported, and nothing else is.

use std::time::Duration;

use handover::domain::notification::{ActivationToken, NotificationAction, NotificationEvent};
use handover::ports::Notifier;
use tokio::time::timeout;

use crate::harness::{events_so_far, next_event, notification, notifier};
use crate::support::bus::Bus;
use crate::support::notification_server::{Behaviour, NotificationServer, connect};

#[tokio::test]
async fn what_the_user_does_is_reported() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let notifier = notifier(&bus);
    let id = notifier.show(&notification("")).await.expect("a notification");
    for (key, action) in [
        ("default", NotificationAction::Default),
        ("acknowledge", NotificationAction::Acknowledge),
        ("take-back", NotificationAction::TakeBack),
        ("mute-for-an-hour", NotificationAction::MuteForAnHour),
        ("mute", NotificationAction::Mute),
    ] {
        server.choose(id.0, key).await;
        assert_eq!(next_event(&notifier).await, NotificationEvent::ActionInvoked(id, action));
    }
    server.choose(id.0, "inline-reply").await;
    server.dismiss(id.0).await;
    assert_eq!(next_event(&notifier).await, NotificationEvent::Dismissed(id));
    // After that event it is forgotten.
    server.choose(id.0, "default").await;
    assert_eq!(events_so_far(&notifier).await, []);
}

#[tokio::test]
async fn the_token_of_a_click_comes_before_the_click() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let (ours, theirs) = (notifier(&bus), notifier(&bus));
    let id = ours.show(&notification("")).await.expect("a notification");
    let their_id = theirs.show(&notification("")).await.expect("a notification");
    server.choose_with_token(their_id.0, "default", "theirs").await;
    server.choose_with_token(id.0, "default", "kwin-7").await;
    // No variable of the environment can hold these.
    for token in ["", "a\nb"] {
        server.choose_with_token(id.0, "default", token).await;
    }
    let token = ActivationToken::new("kwin-7").expect("a token");
    let click = NotificationEvent::ActionInvoked(id, NotificationAction::Default);
    assert_eq!(
        events_so_far(&ours).await,
        [NotificationEvent::Activated(id, token), click.clone(), click.clone(), click]
    );
}

#[tokio::test]
async fn no_click_is_missed() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    server.behave(Behaviour::AnswerAndClick);
    let notifier = notifier(&bus);
    // Nobody reads the events meanwhile, and that must not block a notification either.
    let mut ids = Vec::new();
    for _ in 0..200 {
        ids.push(notifier.show(&notification("")).await.expect("a notification"));
    }
    for id in ids {
        assert_eq!(
            next_event(&notifier).await,
            NotificationEvent::ActionInvoked(id, NotificationAction::Default)
        );
    }
}

#[tokio::test]
async fn notifications_of_other_programs_are_ignored() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let ours = notifier(&bus);
    let theirs = notifier(&bus);
    let our_id = ours.show(&notification("")).await.expect("a notification");
    let their_id = theirs.show(&notification("")).await.expect("a notification");
    assert_ne!(our_id, their_id);
    server.choose(their_id.0, "default").await;
    server.dismiss(their_id.0).await;
    assert_eq!(events_so_far(&ours).await, []);
    assert_eq!(
        events_so_far(&theirs).await,
        [
            NotificationEvent::ActionInvoked(their_id, NotificationAction::Default),
            NotificationEvent::Dismissed(their_id)
        ]
    );
    // The notifier closes only what it showed itself.
    let their_id = theirs.show(&notification("theirs")).await.expect("a notification");
    ours.close(their_id).await;
    ours.close(our_id).await;
    assert_ne!(server.next_closed().await, our_id.0, "the one they dismissed");
    assert_eq!(server.next_closed().await, our_id.0);
    assert_eq!(server.screen()[&their_id.0].body, "theirs");
}

#[tokio::test]
async fn only_the_server_speaks_for_a_notification() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let notifier = notifier(&bus);
    let id = notifier.show(&notification("")).await.expect("a notification");
    let forger = connect(bus.address()).await;
    let name = "org.freedesktop.Notifications";
    let path = "/org/freedesktop/Notifications";
    // The notifier has the second connection on the bus; a signal is sent to each connection in turn.
    for number in 0..10 {
        let to = Some(format!(":1.{number}"));
        forger.emit_signal(to, path, name, "ActionInvoked", &(id.0, "acknowledge")).await.expect("a signal");
    }
    // Once the bus replies to the forger, it has delivered all signals.
    forger.request_name("org.example.Done").await.expect("a name");
    assert_eq!(events_so_far(&notifier).await, []);
    drop(server);
}

#[tokio::test]
async fn an_event_survives_a_wait_that_is_given_up() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let notifier = notifier(&bus);
    let id = notifier.show(&notification("")).await.expect("a notification");
    for _ in 0..100 {
        server.choose(id.0, "default").await;
        while timeout(Duration::ZERO, notifier.next_event()).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(events_so_far(&notifier).await, []);
}
