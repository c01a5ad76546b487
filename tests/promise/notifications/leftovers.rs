//! Tests what the next daemon does with the notifications that a daemon left on the screen.

use handover::domain::notification::{NotificationAction, NotificationEvent, NotificationId, Urgency};
use handover::domain::settings::Emergency;
use handover::sandbox::{Endpoint, Fault};

use crate::world::{HOUR, MINUTE, World};

/// A daemon that left a notification for each of these texts on the screen and was killed.
async fn left(settings: impl FnOnce(&mut World), messages: &[&[(&str, &str)]]) -> World {
    let mut world = World::after_initial_sync().await;
    settings(&mut world);
    world.start();
    world.until("it is connected", World::is_connected).await;
    for (number, fields) in messages.iter().enumerate() {
        world.send_with(&format!("text {number}"), fields);
        world.until("it is shown", |world| world.desktop.on_screen().len() > number).await;
        world.until_quiet().await;
    }
    world.kill().await;
    world
}

async fn restart(world: &mut World) {
    let syncs = world.syncs();
    world.start();
    world.until("it has looked for messages", |world| world.syncs() > syncs).await;
    world.until_quiet().await;
}

fn ids(world: &World) -> Vec<NotificationId> {
    world.desktop.on_screen()
}

#[tokio::test(start_paused = true)]
async fn leftover_notifications_can_be_clicked() {
    let mut world = left(|_| (), &[&[("url", "https://a.example/")], &[], &[]]).await;
    restart(&mut world).await;
    let [link, read, closed] = ids(&world)[..] else { panic!("{:?}", ids(&world)) };
    assert_eq!(world.status().await.unread, 3);
    world.desktop.send(NotificationEvent::ActionInvoked(link, NotificationAction::OpenLink));
    world.desktop.send(NotificationEvent::ActionInvoked(read, NotificationAction::MarkRead));
    world.desktop.send(NotificationEvent::Dismissed(closed));
    world.until("the link is opened", |world| !world.desktop.opened().is_empty()).await;
    world.until_quiet().await;
    assert_eq!((world.status().await.unread, ids(&world)), (0, vec![closed]));
}

#[tokio::test(start_paused = true)]
async fn leftover_emergencies_can_be_acknowledged_and_are_replaced_by_copies() {
    let emergency = [("priority", "2"), ("retry", "30"), ("expire", "3600")];
    let mut world = left(|world| world.settings.emergency = Emergency::Manual, &[&emergency]).await;
    restart(&mut world).await;
    let notification = ids(&world)[0];
    world.advance_until(MINUTE, "a copy comes", |world| world.desktop.shown().len() == 2).await;
    assert_eq!(ids(&world), [notification], "it replaces the first");
    world.kill().await;
    restart(&mut world).await;
    world.desktop.send(NotificationEvent::ActionInvoked(notification, NotificationAction::Acknowledge));
    world.until("it is acknowledged", |world| world.sandbox.counters().acknowledges == 1).await;
    world.until("the notification is closed", |world| ids(world).is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn leftover_emergencies_close_once_their_acknowledgement_is_confirmed() {
    let emergency = [("priority", "2"), ("retry", "3600"), ("expire", "10800")];
    let mut world = left(|world| world.settings.emergency = Emergency::Manual, &[&emergency]).await;
    restart(&mut world).await;
    let notification = ids(&world)[0];
    world.sandbox.faults().next(Endpoint::Acknowledge, Fault::Hang, 1);
    world.desktop.send(NotificationEvent::ActionInvoked(notification, NotificationAction::Acknowledge));
    world.until("it is on its way", |world| world.sandbox.counters().faults == 1).await;
    world.kill().await;
    world.start();
    world.until("the notification is closed", |world| ids(world).is_empty()).await;
    assert_eq!(world.sandbox.counters().acknowledges, 1);
}

#[tokio::test(start_paused = true)]
async fn leftover_notifications_that_expired_are_closed() {
    let mut world = left(|_| (), &[&[("ttl", "60")], &[("ttl", "7200")], &[]]).await;
    let [_, later, lasting] = ids(&world)[..] else { panic!("{:?}", ids(&world)) };
    world.advance(2 * MINUTE).await;
    restart(&mut world).await;
    assert_eq!(ids(&world), [later, lasting]);
    world.advance(2 * HOUR).await;
    assert_eq!((ids(&world), world.status().await.unread), (vec![lasting], 1));
}

#[tokio::test(start_paused = true)]
async fn leftover_summaries_apply_to_all_their_messages() {
    let mut world = World::connected().await;
    for number in 1..=7 {
        world.send(&format!("text {number}"));
        world.until("it is shown", |world| world.desktop.shown().len() == number).await;
        world.until_quiet().await;
    }
    world.kill().await;
    restart(&mut world).await;
    let [count] = ids(&world)[..] else { panic!("{:?}", ids(&world)) };
    world.desktop.send(NotificationEvent::ActionInvoked(count, NotificationAction::MarkRead));
    world.until_quiet().await;
    assert_eq!(world.status().await.unread, 0);
}

#[tokio::test(start_paused = true)]
async fn leftover_notifications_are_ignored_at_another_server() {
    let mut world = left(|_| (), &[&[("url", "https://a.example/")]]).await;
    let notification = ids(&world)[0];
    world.desktop.replace_server();
    restart(&mut world).await;
    world.desktop.send(NotificationEvent::ActionInvoked(notification, NotificationAction::OpenLink));
    world.until_quiet().await;
    assert_eq!((world.status().await.unread, world.desktop.opened()), (1, vec![]));
}

#[tokio::test(start_paused = true)]
async fn leftover_notifications_are_replaced_in_place_on_gnome_without_a_new_one() {
    let emergency = [("priority", "2"), ("retry", "3600"), ("expire", "10800")];
    let settings = |world: &mut World| {
        world.settings.emergency = Emergency::Manual;
        world.desktop.become_gnome();
    };
    let mut world = left(settings, &[&[], &[("priority", "1")], &emergency]).await;
    let before = world.desktop.shown();
    restart(&mut world).await;
    let replaced = world.desktop.replaced();
    assert_eq!(replaced.iter().map(|shown| shown.id).collect::<Vec<_>>(), ids(&world));
    for (before, now) in before.iter().zip(&replaced) {
        assert_eq!((before.text(), &before.notification.title), (now.text(), &now.notification.title));
        assert_eq!(before.notification.actions, now.notification.actions);
        assert!(now.notification.silent, "{now:?}");
    }
    let urgencies: Vec<_> = replaced.iter().map(|shown| shown.notification.urgency).collect();
    assert_eq!(urgencies, [Urgency::Low, Urgency::Low, Urgency::Critical]);
    assert_eq!(world.desktop.shown().len(), 3, "nothing is new");
    assert_eq!((world.status().await.unread, world.status().await.unacknowledged), (3, 1));
    assert_eq!(world.sandbox.counters().acknowledges, 0);

    let syncs = world.syncs();
    world.desktop.send(NotificationEvent::ActionInvoked(replaced[2].id, NotificationAction::Acknowledge));
    world.until("it is acknowledged", |world| world.sandbox.counters().acknowledges == 1).await;
    assert!(world.syncs() >= syncs && world.desktop.replaced().len() == 3, "once");
}

#[tokio::test(start_paused = true)]
async fn a_leftover_emergency_that_left_the_screen_meanwhile_is_shown_again() {
    // This computer's clock is right, or a day ahead, so that the emergency seems to be over until the service responds.
    for ahead in [0, -86_400] {
        let emergency = [("priority", "2"), ("retry", "3600"), ("expire", "10800")];
        let settings = |world: &mut World| {
            world.settings.emergency = Emergency::Manual;
            world.desktop.become_gnome();
            world.sandbox.switch(|switches| switches.clock_ahead = ahead);
        };
        let mut world = left(settings, &[&[], &emergency]).await;
        let [message, fire] = ids(&world)[..] else { panic!("{:?}", ids(&world)) };
        world.desktop.close_unnoticed(message);
        world.desktop.close_unnoticed(fire);
        restart(&mut world).await;
        world.until("it is shown again", |world| world.desktop.texts().len() == 3).await;
        let again = world.desktop.shown().pop().unwrap();
        assert!(again.notification.silent && again.offers(NotificationAction::Acknowledge), "{again:?}");
        assert_eq!(ids(&world), [again.id], "the user closed the other notification");
        assert_eq!(world.status().await.unread, 2, "nobody read it here");
    }
}
