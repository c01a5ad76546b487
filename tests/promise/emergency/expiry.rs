//! What is worth showing for a while only.

use std::time::Duration;

use handover::desktop::power::PowerEvent;
use handover::domain::notification::{NotificationAction, NotificationEvent};

use crate::world::{HOUR, MINUTE, World};

const TEN_SECONDS: [(&str, &str); 1] = [("ttl", "10")];

async fn shown(world: &mut World, text: &str, ttl: &[(&str, &str)]) {
    world.send_with(text, ttl);
    world.until("it is shown", |world| world.was_shown(text)).await;
    world.rest().await;
}

#[tokio::test(start_paused = true)]
async fn a_notification_is_closed_in_the_second_it_expires() {
    let mut world = World::connected().await;
    shown(&mut world, "lasting", &[]).await;
    shown(&mut world, "two hours", &[("ttl", "7200")]).await;
    shown(&mut world, "ten seconds", &TEN_SECONDS).await;
    assert_eq!(world.desktop.standing().len(), 3);
    let passed = world
        .pass_until(MINUTE, "the notification is closed", |world| world.desktop.standing().len() == 2)
        .await;
    assert!((8..=11).contains(&passed.as_secs()), "{passed:?}");
    assert_eq!(world.status().await.unread, 2, "it is not worth reading any more");
    world.pass(HOUR).await;
    assert_eq!(world.desktop.standing().len(), 2);
    world.pass(HOUR + MINUTE).await;
    assert_eq!(world.desktop.standing(), [world.desktop.shown()[0].id]);
}

#[tokio::test(start_paused = true)]
async fn a_notification_that_the_user_closed_is_not_closed_again() {
    let mut world = World::connected().await;
    shown(&mut world, "ten seconds", &TEN_SECONDS).await;
    let id = world.desktop.shown()[0].id;
    world.desktop.says(NotificationEvent::ActionInvoked(id, NotificationAction::MarkRead));
    world.rest().await;
    let closings = world.desktop.closings();
    world.pass(MINUTE).await;
    assert_eq!(world.desktop.closings(), closings);
}

#[tokio::test(start_paused = true)]
async fn what_expires_is_unread_until_then_also_when_its_notification_is_gone() {
    let mut world = World::connected().await;
    shown(&mut world, "ten seconds", &TEN_SECONDS).await;
    shown(&mut world, "a minute", &[("ttl", "60")]).await;
    for shown in world.desktop.shown() {
        world.desktop.says(NotificationEvent::Closed(shown.id));
    }
    world.rest().await;
    world.pass(Duration::from_secs(6)).await;
    assert_eq!(world.status().await.unread, 2);
    world.pass(Duration::from_secs(6)).await;
    assert_eq!(world.status().await.unread, 1, "nothing else happened");
    world.pass(MINUTE).await;
    assert_eq!(world.status().await.unread, 0);
    assert_eq!(world.entries().len(), 2, "they are kept");
}

#[tokio::test(start_paused = true)]
async fn a_look_at_the_clock_follows_sleep() {
    let mut world = World::connected().await;
    shown(&mut world, "ten seconds", &TEN_SECONDS).await;
    world.computer(PowerEvent::Woke);
    world.pass(Duration::from_secs(3)).await;
    assert_eq!(world.desktop.standing().len(), 1, "it is not over");
    world.pass(Duration::from_secs(9)).await;
    assert_eq!(world.desktop.standing(), []);
}

#[tokio::test(start_paused = true)]
async fn an_emergency_stays_until_somebody_sees_to_it() {
    let mut world = World::settled().await;
    world.settings.emergency = handover::domain::settings::Emergency::Manual;
    world.start();
    world.until("it is connected", World::is_connected).await;
    let fields = [("priority", "2"), ("retry", "3600"), ("expire", "30"), ("ttl", "10")];
    shown(&mut world, "fire", &fields).await;
    world.pass(5 * MINUTE).await;
    assert_eq!(world.desktop.standing().len(), 1);
}
