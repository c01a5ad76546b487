//! Tests emergencies on GNOME Shell, which keeps few notifications, and shows one critical notification at a time.
//!
//! Invariant: the newest emergency is visible, no emergency is lost, and none is acknowledged before it is visible.

use handover::domain::notification::{NotificationAction, NotificationEvent};
use handover::domain::presence::UserPresence::{Away, Here};
use handover::domain::settings::Emergency;

use crate::desktop::Behaviour;
use crate::world::{HOUR, MINUTE, World};

async fn on_gnome(emergency: Emergency) -> World {
    let mut world = World::after_initial_sync().await;
    world.settings.emergency = emergency;
    world.desktop.become_gnome();
    world.person.is(Away);
    world.start();
    world.until("it is connected", World::is_connected).await;
    world
}

async fn emergency(world: &mut World, text: &str) -> String {
    let receipt = world.send_slow_emergency(text);
    world.until("it is shown", |world| world.was_shown(text)).await;
    world.until_quiet().await;
    receipt
}

#[tokio::test(start_paused = true)]
async fn an_emergency_is_in_front_whatever_comes_before_and_after_it() {
    let mut world = on_gnome(Emergency::Manual).await;
    let others = async |world: &mut World, when: &str| {
        for number in 1..=4 {
            for priority in ["0", "1"] {
                let text = format!("{priority} {when} {number}");
                world.send_with(&text, &[("priority", priority)]);
                world.until("it is recorded", |world| world.recorded().contains(&text)).await;
            }
        }
        world.until_quiet().await;
    };
    others(&mut world, "before").await;
    emergency(&mut world, "fire").await;
    assert_eq!(world.desktop.banner().as_deref(), Some("fire"));
    others(&mut world, "after").await;
    assert_eq!(world.desktop.banner().as_deref(), Some("fire"));
    assert_eq!(world.desktop.texts().iter().filter(|text| *text == "fire").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_older_emergency_makes_way_for_a_new_one_and_returns_when_that_is_handled() {
    let mut world = on_gnome(Emergency::Manual).await;
    emergency(&mut world, "fire").await;
    emergency(&mut world, "flood").await;
    assert_eq!(world.desktop.banner().as_deref(), Some("flood"));
    assert_eq!(world.desktop.on_screen().len(), 2);
    assert_eq!(world.desktop.texts(), ["fire", "flood", "fire"]);
    let again = world.desktop.shown().pop().unwrap();
    assert!(again.notification.silent && again.offers(NotificationAction::Acknowledge), "{again:?}");

    let flood = world.desktop.shown()[1].id;
    world.desktop.send(NotificationEvent::ActionInvoked(flood, NotificationAction::Acknowledge));
    world.until("it is closed", |world| world.desktop.on_screen() == [again.id]).await;
    assert_eq!(world.desktop.banner().as_deref(), Some("fire"));
}

#[tokio::test(start_paused = true)]
async fn only_the_emergency_in_front_counts_as_shown() {
    let mut world = on_gnome(Emergency::Auto).await;
    let fire = emergency(&mut world, "fire").await;
    let flood = emergency(&mut world, "flood").await;
    world.desktop.send(NotificationEvent::Dismissed(world.desktop.shown()[1].id));
    world.until("the one in front is handled", |world| world.sandbox.is_acknowledged(&flood)).await;
    world.until_quiet().await;
    assert!(!world.sandbox.is_acknowledged(&fire));
    world.person.is(Here);
    world.until("now it is in front", |world| world.sandbox.is_acknowledged(&fire)).await;
}

#[tokio::test(start_paused = true)]
async fn an_acknowledged_emergency_says_so_and_no_longer_hides_the_next() {
    let mut world = on_gnome(Emergency::Auto).await;
    let fire = emergency(&mut world, "fire").await;
    let flood = emergency(&mut world, "flood").await;
    world.person.is(Here);
    world
        .until("both were in front", |world| {
            world.sandbox.is_acknowledged(&fire) && world.sandbox.is_acknowledged(&flood)
        })
        .await;
    world.until("both say so", |world| world.desktop.amended().len() == 2).await;
    for (amended, text) in world.desktop.amended().iter().zip(["flood", "fire"]) {
        assert!(amended.text().starts_with(&format!("{text}\nAcknowledged here at ")), "{amended:?}");
        assert!(amended.notification.silent && !amended.notification.resident);
        assert!(amended.notification.title.starts_with("Emergency: "), "{amended:?}");
    }
    assert_eq!(world.desktop.banner(), None);
    assert_eq!(world.desktop.on_screen().len(), 2, "unread messages stay");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_emergency_is_shown_again_silently_and_at_most_once_a_minute() {
    let mut world = on_gnome(Emergency::Auto).await;
    let receipt = emergency(&mut world, "fire").await;
    world.desktop.drop_notification(world.desktop.shown()[0].id);
    world.until("it is shown again", |world| world.desktop.shown().len() == 2).await;
    for times in 2..=4 {
        let latest = world.desktop.shown().pop().unwrap();
        assert!(latest.notification.silent, "{latest:?}");
        world.desktop.drop_notification(latest.id);
        world.advance(MINUTE / 2).await;
        assert_eq!(world.desktop.shown().len(), times, "it waits");
        assert!(!world.sandbox.is_acknowledged(&receipt));
        world.advance_until(MINUTE, "it is shown again", |world| world.desktop.shown().len() > times).await;
    }
    world.person.is(Here);
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
    let shown = world.desktop.shown().len();
    world.desktop.drop_notification(world.desktop.on_screen()[0]);
    world.advance(MINUTE * 5).await;
    assert_eq!(world.desktop.shown().len(), shown, "it is over");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_emergency_does_not_count_as_shown_until_it_is_back() {
    let mut world = on_gnome(Emergency::Auto).await;
    let receipt = emergency(&mut world, "fire").await;
    world.desktop.behave(Behaviour::Refuses);
    world.desktop.drop_notification(world.desktop.shown()[0].id);
    world.until_quiet().await;
    world.person.is(Here);
    world.advance(10 * MINUTE).await;
    assert!(!world.sandbox.is_acknowledged(&receipt));
    world.desktop.recovers();
    world
        .advance_until(5 * MINUTE, "it is shown and seen", |world| world.sandbox.is_acknowledged(&receipt))
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_emergency_is_shown_again_as_soon_as_there_is_a_notification_server() {
    let mut world = on_gnome(Emergency::Manual).await;
    emergency(&mut world, "fire").await;
    for times in 2..=3 {
        world.desktop.behave(Behaviour::Absent);
        world.desktop.replace_server();
        world.desktop.send(NotificationEvent::Expired(world.desktop.shown().pop().unwrap().id));
        // In the first case, it is tried without success meanwhile.
        world.advance(MINUTE / 2).await;
        world.desktop.recovers();
        world.desktop.send(NotificationEvent::ServerAvailable);
        world.until_quiet().await;
        assert_eq!(world.desktop.texts(), vec!["fire"; times]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_emergency_that_the_user_closed_is_not_shown_again() {
    let mut world = on_gnome(Emergency::Manual).await;
    emergency(&mut world, "fire").await;
    world.desktop.send(NotificationEvent::Dismissed(world.desktop.shown()[0].id));
    world.advance(HOUR / 2).await;
    assert_eq!(world.desktop.texts(), ["fire"]);
}
