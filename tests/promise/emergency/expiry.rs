//! Tests messages that expire.

use std::time::Duration;

use handover::desktop::power::PowerEvent;
use handover::domain::notification::{NotificationAction, NotificationEvent};

use crate::world::{HOUR, MINUTE, World};

const TEN_SECONDS: [(&str, &str); 1] = [("ttl", "10")];

async fn shown(world: &mut World, text: &str, ttl: &[(&str, &str)]) {
    world.send_with(text, ttl);
    world.until("it is shown", |world| world.was_shown(text)).await;
    world.until_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_notification_is_closed_in_the_second_it_expires() {
    let mut world = World::connected().await;
    shown(&mut world, "lasting", &[]).await;
    shown(&mut world, "two hours", &[("ttl", "7200")]).await;
    shown(&mut world, "ten seconds", &TEN_SECONDS).await;
    assert_eq!(world.desktop.on_screen().len(), 3);
    let passed = world
        .advance_until(MINUTE, "the notification is closed", |world| world.desktop.on_screen().len() == 2)
        .await;
    assert!((8..=11).contains(&passed.as_secs()), "{passed:?}");
    world.until_quiet().await;
    assert_eq!(world.status().await.unread, 2, "an expired message is not unread");
    world.advance(HOUR).await;
    assert_eq!(world.desktop.on_screen().len(), 2);
    world.advance(HOUR + MINUTE).await;
    assert_eq!(world.desktop.on_screen(), [world.desktop.shown()[0].id]);
}

#[tokio::test(start_paused = true)]
async fn a_notification_that_the_user_closed_is_not_closed_again() {
    let mut world = World::connected().await;
    shown(&mut world, "ten seconds", &TEN_SECONDS).await;
    let id = world.desktop.shown()[0].id;
    world.desktop.send(NotificationEvent::ActionInvoked(id, NotificationAction::MarkRead));
    world.until_quiet().await;
    let closings = world.desktop.closings();
    world.advance(MINUTE).await;
    assert_eq!(world.desktop.closings(), closings);
}

#[tokio::test(start_paused = true)]
async fn an_expiring_message_is_unread_until_it_expires() {
    let mut world = World::connected().await;
    shown(&mut world, "ten seconds", &TEN_SECONDS).await;
    shown(&mut world, "a minute", &[("ttl", "60")]).await;
    for shown in world.desktop.shown() {
        world.desktop.send(NotificationEvent::Closed(shown.id));
    }
    world.until_quiet().await;
    world.advance(Duration::from_secs(6)).await;
    assert_eq!(world.status().await.unread, 2);
    world.advance(Duration::from_secs(6)).await;
    assert_eq!(world.status().await.unread, 1, "nothing else happened");
    world.advance(MINUTE).await;
    assert_eq!(world.status().await.unread, 0);
    assert_eq!(world.entries().len(), 2, "they are kept");
}

#[tokio::test(start_paused = true)]
async fn expiry_is_checked_after_sleep() {
    let mut world = World::connected().await;
    shown(&mut world, "ten seconds", &TEN_SECONDS).await;
    world.computer(PowerEvent::Woke);
    world.advance(Duration::from_secs(3)).await;
    assert_eq!(world.desktop.on_screen().len(), 1, "it is not over");
    world.advance(Duration::from_secs(9)).await;
    assert_eq!(world.desktop.on_screen(), []);
}

#[tokio::test(start_paused = true)]
async fn an_emergency_stays_until_it_is_handled() {
    let mut world = World::after_initial_sync().await;
    world.settings.emergency = handover::domain::settings::Emergency::Manual;
    world.start();
    world.until("it is connected", World::is_connected).await;
    let fields = [("priority", "2"), ("retry", "3600"), ("expire", "30"), ("ttl", "10")];
    shown(&mut world, "fire", &fields).await;
    world.advance(5 * MINUTE).await;
    assert_eq!(world.desktop.on_screen().len(), 1);
}
