//! Tests messages that arrived while the daemon was not connected.

use handover::domain::settings::Backlog;
use handover::sandbox::{Endpoint, Fault};

use crate::world::{MINUTE, World};

#[tokio::test(start_paused = true)]
async fn every_connection_downloads() {
    let mut world = World::connected().await;
    for connection in 2..6 {
        world.sandbox.drop_sockets();
        let what = "it is connected again";
        world
            .advance_until(10 * MINUTE, what, |world| world.sandbox.counters().socket_logins == connection)
            .await;
        world.advance(MINUTE + MINUTE / 2).await;
        assert_eq!(world.requests(Endpoint::Download).len(), connection);
    }
    assert_eq!(world.desktop.attempts(), 0);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn messages_from_the_gap_are_shown() {
    let mut world = World::connected().await;
    world.sandbox.drop_sockets();
    world.until("it noticed", |world| !world.is_connected()).await;
    world.send("one");
    world.send("two");
    world.advance_until(MINUTE, "they are deleted", |world| world.queue().is_empty()).await;
    assert_eq!(world.desktop.texts(), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_between_login_and_reply_is_shown() {
    // The message is sent after the download has read the queue and before the response, so only its own signal
    // announces it.
    let mut world = World::after_initial_sync().await;
    let gate = handover::sandbox::Gate::new();
    world.sandbox.faults().next(Endpoint::Download, Fault::GateAfter(gate.clone()), 1);
    world.start();
    gate.reached(1).await;
    world.send("just then");
    gate.open();
    world.until("it is shown", |world| world.was_shown("just then")).await;
}

#[tokio::test(start_paused = true)]
async fn more_than_three_at_a_start_become_one_summary_except_urgent_ones() {
    let mut world = World::after_initial_sync().await;
    world.send_all(&["m1", "m2", "m3", "m4"]);
    world.send_with("urgent", &[("priority", "1")]);
    world.send_emergency("fire");
    world.send("m5");
    world.start();
    world.until("they are deleted", |world| world.queue().is_empty()).await;
    world.until("the sync is over", |world| world.syncs() == 1).await;
    let texts = world.desktop.texts();
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert_eq!(texts[..2], ["fire", "urgent"]);
    assert!(
        world.desktop.shown()[2].notification.title.starts_with("5 messages"),
        "{:?}",
        world.desktop.shown()[2]
    );
    assert!(world.entries().iter().all(|entry| entry.announced.is_some()));
}

#[tokio::test(start_paused = true)]
async fn three_at_a_start_are_shown_separately() {
    let mut world = World::after_initial_sync().await;
    world.send_all(&["m1", "m2", "m3"]);
    world.start();
    world.until("they are deleted", |world| world.queue().is_empty()).await;
    assert_eq!(world.desktop.texts(), ["m1", "m2", "m3"]);
}

#[tokio::test(start_paused = true)]
async fn the_settings_choose_all_or_silent() {
    let texts = ["m1", "m2", "m3", "m4", "m5"];
    for (backlog, shown) in [(Backlog::All, &texts[..]), (Backlog::Silent, &[])] {
        let mut world = World::after_initial_sync().await;
        world.settings.backlog = backlog;
        world.send_all(&texts);
        world.start();
        world.until("they are deleted", |world| world.queue().is_empty()).await;
        assert_eq!(world.desktop.texts(), shown);
        world.until("the sync is over", |world| world.syncs() == 1).await;
        world.send("live");
        world.until("it is shown", |world| world.was_shown("live")).await;
        assert_eq!(world.desktop.texts().len(), shown.len() + 1);
    }
}
