//! An emergency, and the banners of this program that a server shows one after the other.
//!
//! Invariant: what makes way stays on the screen, under another id, and is not said to be closed.

use handover::domain::message::Receipt;
use handover::domain::notification::{Notification, NotificationAction, NotificationEvent, Urgency};
use handover::ports::Notifier as _;

use crate::harness::{events_so_far, next_event, notification, notifier};
use crate::support::bus::Bus;
use crate::support::notification_server::{NotificationServer, Shown};

fn of(text: &str, urgency: Urgency) -> Notification {
    let actions = vec![(NotificationAction::MarkRead, "Mark as read".to_owned())];
    Notification { urgency, silent: false, actions, ..notification(text) }
}

/// What is on the screen, in the order of the ids.
fn screen(server: &NotificationServer) -> Vec<(String, Option<u8>)> {
    server.screen().into_values().map(|shown| (shown.body.clone(), shown.byte_hint("urgency"))).collect()
}

fn words(expected: &[(&str, u8)]) -> Vec<(String, Option<u8>)> {
    expected.iter().map(|(body, urgency)| ((*body).to_owned(), Some(*urgency))).collect()
}

#[tokio::test]
async fn banners_make_way_for_an_emergency_where_the_server_queues_them() {
    for (name, expected) in [
        ("gnome-shell", &[("low", 0), ("fire", 2), ("normal", 0), ("high", 0), ("", 1)][..]),
        ("Plasma", &[("low", 0), ("fire", 2), ("normal", 0), ("high", 0), ("", 1)]),
        ("new", &[("normal", 1), ("high", 2), ("low", 0), ("fire", 2), ("", 1)]),
    ] {
        let bus = Bus::start();
        let server = NotificationServer::called(name, bus.address(), &["actions", "body"]).await;
        let notifier = notifier(&bus);
        for (text, urgency) in [("normal", Urgency::Normal), ("high", Urgency::High), ("low", Urgency::Low)] {
            notifier.show(&of(text, urgency)).await.expect("a notification");
        }
        let fire = notifier.show(&of("fire", Urgency::Critical)).await.expect("the emergency");
        let moved = events_so_far(&notifier).await;
        assert_eq!(screen(&server), words(expected), "{name}");
        assert!(server.screen().contains_key(&fire.0));
        let is_move = |event: &NotificationEvent| matches!(event, NotificationEvent::Moved(..));
        assert!(moved.iter().all(is_move), "{name}: {moved:?}");
        let is_silent =
            |shown: &Shown| shown.byte_hint("urgency") != Some(0) || shown.has_hint("suppress-sound");
        assert!(server.screen().values().all(is_silent) || name == "new");
    }
}

#[tokio::test]
async fn what_made_way_is_closed_updated_and_clicked_as_before() {
    let bus = Bus::start();
    let server = NotificationServer::called("gnome-shell", bus.address(), &["actions", "body"]).await;
    let notifier = notifier(&bus);
    let one = notifier.show(&of("one", Urgency::Normal)).await.expect("a notification");
    let two = notifier.show(&of("two", Urgency::Normal)).await.expect("a notification");
    notifier.show(&of("fire", Urgency::Critical)).await.expect("the emergency");
    let NotificationEvent::Moved(before, now) = next_event(&notifier).await else { panic!("one moves") };
    assert_eq!(before, one);
    let NotificationEvent::Moved(_, two_now) = next_event(&notifier).await else { panic!("two moves") };

    server.choose(now.0, "mark-read").await;
    assert_eq!(
        next_event(&notifier).await,
        NotificationEvent::ActionInvoked(now, NotificationAction::MarkRead)
    );
    notifier.update(one, &of("one, once more", Urgency::Low)).await;
    assert_eq!(server.screen()[&now.0].body, "one, once more");
    notifier.close(two).await;
    assert_eq!(next_event(&notifier).await, NotificationEvent::Closed(two_now));
    server.dismiss(now.0).await;
    assert_eq!(next_event(&notifier).await, NotificationEvent::Dismissed(now));
    // Another emergency has nothing to wait for.
    notifier.show(&of("flood", Urgency::Critical)).await.expect("the emergency");
    assert_eq!(events_so_far(&notifier).await, []);
    assert_eq!(screen(&server), words(&[("fire", 2), ("flood", 2), ("", 1)]));
}

#[tokio::test]
async fn an_emergency_keeps_its_buttons_when_it_is_replaced() {
    let is_shown_anew = |name: &str| name == "gnome-shell";
    for name in ["gnome-shell", "new"] {
        let bus = Bus::start();
        let server = NotificationServer::called(name, bus.address(), &["actions", "body"]).await;
        let notifier = notifier(&bus);
        let one = notifier.show(&of("fire", Urgency::Critical)).await.expect("the emergency");
        let repeat = Notification { replaces: Some(one), ..of("fire, again", Urgency::Critical) };
        let two = notifier.show(&repeat).await.expect("its repeat");
        assert_eq!(one != two, is_shown_anew(name), "{name}");
        let changed = notifier.update(two, &of("fire, with a picture", Urgency::Critical)).await;
        assert!(changed, "{name}");
        let events = events_so_far(&notifier).await;
        assert_eq!(events.len(), if is_shown_anew(name) { 2 } else { 0 }, "{name}: {events:?}");
        let mut now = one;
        for event in events {
            let NotificationEvent::Moved(before, after) = event else { panic!("{event:?}") };
            assert_eq!(before, now);
            now = after;
        }
        let texts: Vec<_> = screen(&server).into_iter().map(|(text, _)| text).collect();
        assert_eq!(texts[0], "fire, with a picture", "{name}");
        // The first id is still understood.
        notifier.close(one).await;
        assert_eq!(next_event(&notifier).await, NotificationEvent::Closed(now), "{name}");
    }
}

#[tokio::test]
async fn an_emergency_that_is_over_gets_a_banner_of_its_own_where_the_replaced_one_would_be_hidden() {
    for (name, is_shown_anew) in [("gnome-shell", true), ("new", false)] {
        let bus = Bus::start();
        let server = NotificationServer::called(name, bus.address(), &["actions", "body"]).await;
        let notifier = notifier(&bus);
        let emergency = |text, urgency| Notification { emergency: Receipt::new("fire"), ..of(text, urgency) };
        let fire = notifier.show(&emergency("fire", Urgency::Critical)).await.expect("the emergency");
        assert!(notifier.update(fire, &emergency("fire, acknowledged", Urgency::High)).await, "{name}");
        let [(now, shown)] = &server.screen().into_iter().collect::<Vec<_>>()[..] else {
            panic!("{name}: {:?}", server.screen())
        };
        assert_eq!((shown.body.as_str(), *now != fire.0), ("fire, acknowledged", is_shown_anew), "{name}");
        let events = events_so_far(&notifier).await;
        assert_eq!(events.len(), usize::from(is_shown_anew), "{name}: {events:?}");
        // As after a restart, which must not be seen.
        let silent = emergency("fire, acknowledged, once more", Urgency::Low);
        assert!(notifier.update(fire, &silent).await, "{name}");
        assert_eq!(server.screen()[now].body, "fire, acknowledged, once more", "{name}");
    }
}

#[tokio::test]
async fn an_emergency_is_among_the_newest_where_only_those_are_shown() {
    for (name, is_shown_anew) in [("mako", true), ("new", false)] {
        let bus = Bus::start();
        let server = NotificationServer::called(name, bus.address(), &["body"]).await;
        let notifier = notifier(&bus);
        let fire = notifier.show(&of("fire", Urgency::Critical)).await.expect("the emergency");
        for text in ["one", "two", "three", "four"] {
            notifier.show(&of(text, Urgency::High)).await.expect("a notification");
        }
        assert!(server.screen().contains_key(&fire.0), "{name}: it can be seen");
        notifier.show(&of("five", Urgency::Normal)).await.expect("a notification");
        let events = events_so_far(&notifier).await;
        let newest: Vec<_> = server.screen().into_values().rev().map(|shown| shown.body.clone()).collect();
        assert_eq!(newest.iter().take(5).any(|body| body == "fire"), is_shown_anew, "{name}: {newest:?}");
        assert_eq!(newest.len(), 7, "{name}: nothing is closed for good");
        assert_eq!(events.len(), usize::from(is_shown_anew), "{name}: {events:?}");
        if let Some(event) = events.first() {
            let NotificationEvent::Moved(before, now) = event else { panic!("{event:?}") };
            assert_eq!(*before, fire);
            let shown = &server.screen()[&now.0];
            assert!(shown.body == "fire" && shown.has_hint("suppress-sound"), "{shown:?}");
            assert_eq!(shown.byte_hint("urgency"), Some(2));
        }
    }
}

#[tokio::test]
async fn the_count_of_a_flood_keeps_its_banner_and_its_button() {
    for (name, is_shown_anew) in [("gnome-shell", true), ("new", false)] {
        let bus = Bus::start();
        let server = NotificationServer::called(name, bus.address(), &["actions", "body"]).await;
        let notifier = notifier(&bus);
        let one = notifier.show(&of("one", Urgency::Normal)).await.expect("a notification");
        let count = Notification { replaces: Some(one), is_list: true, ..of("six", Urgency::Normal) };
        let six = notifier.show(&count).await.expect("the count");
        assert_eq!(one != six, is_shown_anew, "{name}");
        let bodies: Vec<_> = screen(&server).into_iter().map(|(body, _)| body).collect();
        assert_eq!(bodies[0], "six", "{name}: {bodies:?}");
        assert!(!bodies.contains(&"one".to_owned()), "{name}: {bodies:?}");
    }
}
