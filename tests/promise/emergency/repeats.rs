//! Tests the copies of an emergency that the service sends until somebody acknowledges it.

use handover::domain::notification::{NotificationAction, NotificationEvent};
use handover::domain::settings::Emergency;
use handover::sandbox::{Endpoint, Fault, Repeat};

use crate::world::{MINUTE, World};

/// A daemon that leaves acknowledging to the user, and a service that gives copies these ids.
async fn by_hand(id: Repeat, umid: Repeat) -> World {
    let mut world = World::after_initial_sync().await;
    world.settings.emergency = Emergency::Manual;
    world.sandbox.switch(|switches| (switches.repeat_id, switches.repeat_umid) = (id, umid));
    world.start();
    world.until("it is connected", World::is_connected).await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_copy_replaces_the_notification_and_is_acknowledged_with_it() {
    for (id, umid) in [
        (Repeat::New, Repeat::Same),
        (Repeat::New, Repeat::New),
        (Repeat::Same, Repeat::Same),
        (Repeat::Same, Repeat::New),
    ] {
        let mut world = by_hand(id, umid).await;
        let receipt = world.send_emergency("fire");
        world
            .advance_until(5 * MINUTE, "it came three times", |world| world.desktop.shown().len() == 3)
            .await;
        let shown = world.desktop.shown();
        assert_eq!(shown[0].notification.replaces, None);
        assert!(
            shown[1..].iter().all(|copy| copy.notification.replaces == Some(shown[0].id)),
            "{id:?} {shown:?}"
        );
        assert_eq!(world.desktop.on_screen().len(), 1);
        assert_eq!(world.status().await.unacknowledged, 1, "{id:?}: it is one emergency");

        world.desktop.send(NotificationEvent::ActionInvoked(shown[0].id, NotificationAction::Acknowledge));
        world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
        world.advance(5 * MINUTE).await;
        assert_eq!(world.requests(Endpoint::Acknowledge).len(), 1, "{id:?}");
        assert!(world.queue().is_empty());
        let status = world.status().await;
        assert_eq!((status.unacknowledged, status.unread), (0, 0), "{id:?}");
        world.assert_good_citizen();
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_after_a_restart_is_shown_and_can_be_acknowledged() {
    for id in [Repeat::New, Repeat::Same] {
        let mut world = by_hand(id, Repeat::Same).await;
        let receipt = world.send_emergency("fire");
        world.until("it is deleted", |world| world.was_shown("fire") && world.queue().is_empty()).await;
        world.kill().await;
        world.start();
        world.advance_until(MINUTE, "it comes again", |world| world.desktop.shown().len() == 2).await;
        let copy = world.desktop.shown().pop().unwrap();
        world.desktop.send(NotificationEvent::ActionInvoked(copy.id, NotificationAction::Acknowledge));
        world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn copies_during_the_acknowledgement_are_not_shown() {
    for id in [Repeat::New, Repeat::Same] {
        let mut world = World::after_initial_sync().await;
        world.sandbox.switch(|switches| switches.repeat_id = id);
        world.start();
        world.until("it is connected", World::is_connected).await;
        world.sandbox.faults().always(Endpoint::Acknowledge, Fault::status(500));
        let receipt = world.send_emergency("fire");
        world.advance(5 * MINUTE).await;
        assert!(world.sandbox.counters().repeats >= 9);
        assert_eq!(world.desktop.texts(), ["fire"], "{id:?}");
        assert!(world.queue().is_empty());
        world.sandbox.faults().clear();
        world
            .advance_until(10 * MINUTE, "it gets through", |world| world.sandbox.is_acknowledged(&receipt))
            .await;
        world.advance(5 * MINUTE).await;
        assert_eq!(world.sandbox.counters().acknowledges, 1, "{id:?}");
        assert_eq!(world.desktop.texts(), ["fire"], "{id:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_emergency_acknowledged_elsewhere_says_so_in_place() {
    let mut world = by_hand(Repeat::New, Repeat::Same).await;
    // It stays at the service, so that a download reports its state.
    world.sandbox.faults().always(Endpoint::Delete, Fault::status(500));
    let receipt = world.send_emergency("fire");
    world.until("it is shown", |world| world.was_shown("fire")).await;
    world.until_quiet().await;
    assert_eq!(world.status().await.unacknowledged, 1);
    assert!(world.sandbox.acknowledge_elsewhere(&receipt));
    world.sandbox.faults().clear();
    world.advance_until(MINUTE, "it is deleted", |world| world.queue().is_empty()).await;
    world.until_quiet().await;
    assert_eq!(world.status().await.unacknowledged, 0);
    let [amended] = &world.desktop.amended()[..] else { panic!("{:?}", world.desktop.amended()) };
    assert_eq!(amended.text(), "fire\nAcknowledged on another device");
    assert_eq!(world.desktop.on_screen(), [amended.id]);
    assert!(amended.notification.silent && !amended.notification.resident, "{amended:?}");
    assert!(!amended.offers(NotificationAction::Acknowledge), "{amended:?}");
    assert!(world.requests(Endpoint::Acknowledge).is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_emergency_acknowledged_before_it_arrived_is_shown_and_not_acknowledged() {
    let mut world = World::after_initial_sync().await;
    let receipt = world.send_emergency("was fire");
    assert!(world.sandbox.acknowledge_elsewhere(&receipt));
    world.start();
    world.until("it is deleted", |world| world.queue().is_empty()).await;
    world.advance(MINUTE).await;
    assert_eq!(world.desktop.texts(), ["was fire"]);
    assert!(world.requests(Endpoint::Acknowledge).is_empty());
    assert_eq!(world.status().await.unacknowledged, 0);
}

#[tokio::test(start_paused = true)]
async fn copies_of_an_emergency_that_the_user_acknowledged_stay_read() {
    for id in [Repeat::New, Repeat::Same] {
        let mut world = by_hand(id, Repeat::Same).await;
        world.sandbox.faults().always(Endpoint::Acknowledge, Fault::status(500));
        let receipt = world.send_emergency("fire");
        world.until("it is shown", |world| world.was_shown("fire")).await;
        let shown = world.desktop.shown();
        world.desktop.send(NotificationEvent::ActionInvoked(shown[0].id, NotificationAction::Acknowledge));
        world.advance(5 * MINUTE).await;
        assert!(world.sandbox.counters().repeats >= 5, "{id:?}");
        let status = world.status().await;
        assert_eq!((status.unread, status.pending_acknowledgements), (0, 1), "{id:?}");
        assert_eq!(world.desktop.texts().len(), shown.len(), "{id:?}");
        world.sandbox.faults().clear();
        world
            .advance_until(10 * MINUTE, "it gets through", |world| world.sandbox.is_acknowledged(&receipt))
            .await;
        world.advance(5 * MINUTE).await;
        assert_eq!(world.status().await.unread, 0, "{id:?}");
    }
}
