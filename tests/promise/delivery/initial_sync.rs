//! Tests the first download after registering: everything is recorded, stays unread and is shown in one summary; only
//! the service's welcome is silent, and an open emergency is shown on its own.

use handover::daemon::Step;
use handover::domain::message::Acknowledgement;
use handover::domain::notification::Urgency;
use handover::sandbox::{Endpoint, Order};
use serde_json::json;

use crate::world::{MINUTE, World};

#[tokio::test(start_paused = true)]
async fn the_initial_sync_shows_everything_in_one_summary_and_deletes_once() {
    let mut world = World::registered().await;
    world.sandbox.switch(|switches| {
        switches.order = Order::Shuffled;
        switches.id_strings = false;
    });
    let welcome =
        json!({"app": "Pushover", "icon": "pushover", "title": "Welcome to Pushover!", "message": "m"});
    world.sandbox.inject(&welcome);
    for number in 0..20 {
        world.send_with(&format!("m{number}"), &[("priority", ["-2", "-1", "0", "1"][number % 4])]);
    }
    let last = 9_223_372_036_854_775_807_u64;
    world.sandbox.inject(&json!({"id": last, "message": "the last id there is", "app": "x"}));
    let ids = world.queue();
    assert!(ids.iter().all(|id| *id > 1 << 53), "{ids:?}");

    world.start();
    world.until("it is deleted", |world| world.was_deleted(last)).await;
    world.advance(5 * MINUTE).await;

    let shown = world.desktop.shown();
    let [summary] = &shown[..] else { panic!("{shown:?}") };
    // Five of the twenty have the lowest priority.
    assert_eq!(summary.notification.title, "16 messages arrived before you signed in");
    let mut recorded: Vec<u64> =
        world.entries().iter().map(|entry| entry.message.id.number().unsigned_abs()).collect();
    recorded.sort_unstable();
    assert_eq!(recorded, ids);
    assert!(world.entries().iter().all(|entry| entry.announced.is_some()));
    let read: Vec<_> = world.entries().into_iter().filter(|entry| entry.read.is_some()).collect();
    let [welcome] = &read[..] else { panic!("{read:?}") };
    assert_eq!(welcome.message.title.as_deref(), Some("Welcome to Pushover!"));
    assert_eq!(world.queue(), [0; 0]);
    let deletes = world.requests(Endpoint::Delete);
    assert_eq!(deletes.len(), 1);
    assert_eq!(deletes[0].params["message"], last.to_string());
    assert_eq!(world.requests(Endpoint::Download).len(), 1);
    assert_eq!(world.status().await.unread, 21);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn the_initial_sync_shows_an_open_emergency_on_its_own_and_acknowledges_only_that() {
    let mut world = World::registered().await;
    world.send("old");
    world.send_with("urgent", &[("priority", "1")]);
    let open = world.send_emergency("fire");
    let acknowledged = world.send_emergency("put out long ago");
    assert!(world.sandbox.acknowledge_elsewhere(&acknowledged));

    world.start();
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&open)).await;
    world.advance(5 * MINUTE).await;

    let shown = world.desktop.shown();
    assert_eq!(world.desktop.texts()[0], "fire");
    assert_eq!(shown[0].notification.urgency, Urgency::Critical);
    assert_eq!(shown[1].notification.title, "3 messages arrived before you signed in");
    assert_eq!(shown.len(), 2);
    let requests = world.requests(Endpoint::Acknowledge);
    assert_eq!(requests.len(), 1);
    assert!(requests[0].path.contains(&open));
    assert_eq!(world.recorded(), ["old", "urgent", "fire", "put out long ago"]);
}

#[tokio::test(start_paused = true)]
async fn a_later_start_shows_new_messages() {
    let mut world = World::registered().await;
    world.send("old");
    world.start();
    world.until("the initial sync is done", |world| world.syncs() == 1).await;
    world.stop().await;
    world.send("new");
    world.start();
    world.until("it is shown", |world| world.was_shown("new")).await;
    world.until("it is deleted", |world| world.queue().is_empty()).await;
    assert_eq!(world.desktop.texts(), ["old", "new"]);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_initial_sync_is_repeated() {
    use handover::sandbox::Fault;

    let mut world = World::registered().await;
    world.send("old");
    world.sandbox.faults().next(Endpoint::Download, Fault::HangAfter, 1);
    world.start();
    world.until("it asks", |world| !world.requests(Endpoint::Download).is_empty()).await;
    world.kill().await;
    world.sandbox.faults().next(Endpoint::Delete, Fault::Hang, 1);
    world.start();
    world.until("it deletes", |world| !world.requests(Endpoint::Delete).is_empty()).await;
    world.kill().await;
    // They are recorded and shown, so later messages are new.
    world.send("new");
    world.start();
    world.until("it is deleted", |world| world.queue().is_empty()).await;
    world.until("the sync is over", |world| world.syncs() == 1).await;
    assert_eq!(world.desktop.texts(), ["old", "new"]);
    assert_eq!(world.recorded(), ["old", "new"]);
}

#[tokio::test(start_paused = true)]
async fn the_initial_sync_keeps_an_emergency_until_there_is_a_desktop() {
    use crate::desktop::Behaviour;
    use handover::domain::notification::NotificationEvent;

    let mut world = World::registered().await;
    world.desktop.behave(Behaviour::Absent);
    world.send("old");
    let receipt = world.send_emergency("fire");
    world.start();
    world.until("the initial sync is done", |world| world.steps.contains(&Step::SyncFinished(false))).await;
    assert!(world.requests(Endpoint::Acknowledge).is_empty());
    world.desktop.recovers();
    world.desktop.send(NotificationEvent::ServerAvailable);
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
    world.advance(5 * MINUTE).await;
    assert_eq!(world.desktop.texts(), ["fire", "old"]);
    let emergency = world.entries().pop().unwrap();
    assert_eq!(emergency.acknowledgement, Acknowledgement::Confirmed);
}
