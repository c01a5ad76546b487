//! Notification servers and buses that start late, restart or do not respond.

use std::time::Duration;

use handover::desktop::notifier::freedesktop::{FreedesktopNotifier, Timeouts};
use handover::domain::notification::{Notification, NotificationAction, NotificationEvent, NotificationId};
use handover::ports::{Notifier, ShowError};
use tokio::time::timeout;

use crate::harness::{events_so_far, hasty_notifier, is_no_server, next_event, notification, notifier};
use crate::support::bus::Bus;
use crate::support::notification_server::{Behaviour, NotificationServer, connect};

#[tokio::test]
async fn a_server_that_comes_late_is_reported() {
    let bus = Bus::start();
    let notifier = notifier(&bus);
    assert!(is_no_server(&notifier.show(&notification("")).await));
    let server = NotificationServer::start(bus.address()).await;
    assert_eq!(next_event(&notifier).await, NotificationEvent::ServerAvailable);
    notifier.show(&notification("late")).await.expect("a notification");
    assert_eq!(server.next_shown().await.body, "late");
    assert_eq!(events_so_far(&notifier).await, [], "once is enough");
}

#[tokio::test]
async fn a_server_that_the_bus_has_to_start_is_waited_for() {
    let mut bus = Bus::start();
    bus.promise("org.freedesktop.Notifications");
    let notifier = notifier(&bus);
    let first = notification("first");
    let (shown, server) = tokio::join!(notifier.show(&first), async {
        let witness = connect(bus.address()).await;
        let dbus = Some("org.freedesktop.DBus");
        // Waits until the notifier has connected, so that its call is on the bus already.
        while {
            let names = witness.call_method(dbus, "/org/freedesktop/DBus", dbus, "ListNames", &()).await;
            let names: Vec<String> = names.expect("an answer").body().deserialize().expect("names");
            names.len() < 3
        } {}
        NotificationServer::start(bus.address()).await
    });
    shown.expect("a notification");
    // The server replied before the notifier read that it started: nothing was missed, so no event is due.
    assert_eq!(events_so_far(&notifier).await, []);
    assert_eq!(server.capability_questions(), 1);
}

#[tokio::test]
async fn a_new_server_is_asked_for_its_capabilities() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let notifier = notifier(&bus);
    let id = notifier.show(&notification("<b>x</b>")).await.expect("a notification");
    assert_eq!(server.next_shown().await.body, "<b>x</b>");
    drop(server);
    assert_eq!(next_event(&notifier).await, NotificationEvent::Expired(id));
    assert!(is_no_server(&notifier.show(&notification("")).await));

    let server = NotificationServer::with_capabilities(bus.address(), &["body"]).await;
    assert_eq!(next_event(&notifier).await, NotificationEvent::ServerAvailable);
    notifier
        .show(&Notification { replaces: Some(id), ..notification("<b>x</b>") })
        .await
        .expect("a notification");
    let shown = server.next_shown().await;
    assert_eq!((shown.body.as_str(), shown.replaces), ("x", 0));
    assert_eq!(server.capability_questions(), 1);
}

#[tokio::test]
async fn a_bus_that_comes_back_is_found_again() {
    let mut bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let notifier = hasty_notifier(&bus);
    let id = notifier.show(&notification("")).await.expect("a notification");
    for _ in 0..3 {
        bus.stop();
        assert!(is_no_server(&notifier.show(&notification("")).await));
    }
    assert_eq!(next_event(&notifier).await, NotificationEvent::Expired(id));
    drop(server);
    bus.restart();
    let server = NotificationServer::start(bus.address()).await;
    // This happens without another attempt to show something.
    assert_eq!(next_event(&notifier).await, NotificationEvent::ServerAvailable);
    let id = notifier.show(&notification("back")).await.expect("a notification");
    assert_eq!(server.next_shown().await.body, "back");
    server.choose(id.0, "default").await;
    assert_eq!(
        next_event(&notifier).await,
        NotificationEvent::ActionInvoked(id, NotificationAction::Default)
    );
}

#[tokio::test]
async fn a_notification_finds_the_bus_without_waiting_for_the_next_attempt() {
    let mut bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    // Otherwise it would retry after 5 s.
    let notifier = notifier(&bus);
    notifier.show(&notification("")).await.expect("a notification");
    bus.stop();
    drop(server);
    assert!(is_no_server(&notifier.show(&notification("")).await));
    bus.restart();
    let server = NotificationServer::start(bus.address()).await;
    notifier.show(&notification("back")).await.expect("a notification");
    assert_eq!(server.next_shown().await.body, "back");
    next_event(&notifier).await;
    assert_eq!(next_event(&notifier).await, NotificationEvent::ServerAvailable);
}

#[tokio::test]
async fn without_a_bus_there_is_no_server() {
    let notifier = FreedesktopNotifier::new(Some("unix:path=/nonexistent/bus".to_owned()));
    let outcome = notifier.show(&notification("")).await;
    assert!(is_no_server(&outcome), "{outcome:?}");
    notifier.close(NotificationId(1)).await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_times_out() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    server.behave(Behaviour::Hang);
    let notifier = hasty_notifier(&bus);
    for _ in 0..2 {
        let outcome =
            timeout(Duration::from_secs(5), notifier.show(&notification(""))).await.expect("an end");
        assert_eq!(outcome, Err(ShowError::NoServer("the notification server does not respond".to_owned())));
    }
    server.behave(Behaviour::Answer);
    notifier.show(&notification("awake")).await.expect("a notification");
}

#[tokio::test]
async fn an_answer_may_take_longer_than_other_calls() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let timeouts = Timeouts { reply: Duration::from_millis(50), ..Timeouts::default() };
    let notifier = FreedesktopNotifier::with_timeouts(Some(bus.address().to_owned()), timeouts);
    let first = loop {
        if let Ok(id) = notifier.show(&notification("first")).await {
            break id;
        }
    };
    server.behave(Behaviour::Hang);
    let slow = notification("slow");
    let (shown, ()) = tokio::join!(notifier.show(&slow), async {
        while server.unanswered() == 0 {
            tokio::task::yield_now().await;
        }
        // It ends at the limit of other calls.
        notifier.update(first, &notification("second")).await;
        server.catch_up().await;
    });
    let id = shown.expect("a notification");
    let screen = server.screen();
    assert_eq!((screen[&first.0].body.as_str(), screen[&id.0].body.as_str()), ("second", "slow"));
}

#[tokio::test]
async fn a_server_that_ends_without_an_answer_is_unavailable() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let notifier = notifier(&bus);
    notifier.show(&notification("")).await.expect("a notification");
    server.behave(Behaviour::Hang);
    let lost = notification("lost");
    let (outcome, ()) = tokio::join!(notifier.show(&lost), async {
        while server.unanswered() == 0 {
            tokio::task::yield_now().await;
        }
        drop(server);
    });
    assert!(is_no_server(&outcome), "{outcome:?}");
    let server = NotificationServer::start(bus.address()).await;
    while next_event(&notifier).await != NotificationEvent::ServerAvailable {}
    notifier.show(&notification("again")).await.expect("a notification");
    assert_eq!(server.next_shown().await.body, "again");
}

#[tokio::test]
async fn an_update_that_is_answered_too_late_closes_nothing() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let notifier = hasty_notifier(&bus);
    let id = notifier.show(&notification("one")).await.expect("a notification");
    server.behave(Behaviour::Hang);
    notifier.update(id, &notification("two")).await;
    server.catch_up().await;
    assert_eq!(events_so_far(&notifier).await, []);
    assert_eq!(server.screen()[&id.0].body, "two");
}

#[tokio::test]
async fn a_notification_that_is_shown_too_late_is_closed() {
    let bus = Bus::start();
    let server = NotificationServer::start(bus.address()).await;
    let notifier = hasty_notifier(&bus);
    notifier.show(&notification("in time")).await.expect("a notification");
    server.behave(Behaviour::Hang);
    let outcome = notifier.show(&notification("late")).await;
    assert!(is_no_server(&outcome), "{outcome:?}");
    assert_eq!(server.unanswered(), 1);
    server.catch_up().await;
    let late = [server.next_shown().await, server.next_shown().await][1].clone();
    assert_eq!(late.body, "late");
    assert_eq!(server.next_closed().await, late.id, "it will be shown again, so it must not stay");
    assert_eq!(events_so_far(&notifier).await, []);
}
