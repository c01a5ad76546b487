//! The daemon ends within a second of being told to, whatever it is doing.

use handover::domain::status::LinkState;
use handover::sandbox::{Endpoint, Fault};

use crate::desktop::Mood;
use crate::world::{MINUTE, World};

#[tokio::test(start_paused = true)]
async fn while_idle() {
    let mut world = World::connected().await;
    world.stop().await;
    assert_eq!(world.sandbox.counters().sockets_now, 0);
}

#[tokio::test(start_paused = true)]
async fn before_it_did_anything() {
    let mut world = World::settled().await;
    world.start();
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn while_a_request_hangs() {
    for endpoint in [Endpoint::Download, Endpoint::Delete, Endpoint::Acknowledge, Endpoint::Socket] {
        for fault in [Fault::Hang, Fault::HangAfter, Fault::Trickle] {
            let mut world = World::settled().await;
            world.sandbox.faults().always(endpoint, fault);
            world.send_emergency("fire");
            world.start();
            world.until("it asks", |world| !world.requests(endpoint).is_empty()).await;
            world.rest().await;
            world.stop().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_notification_server_hangs() {
    for mood in [Mood::HangsBefore, Mood::HangsAfter] {
        let mut world = World::connected().await;
        world.desktop.is(mood);
        world.send("one");
        world.until("it was asked", |world| world.desktop.asked() == 1).await;
        world.stop().await;
        world.desktop.recovers();
        world.start();
        world.until("it is deleted", |world| world.queue().is_empty()).await;
        assert!(world.was_shown("one"));
    }
}

#[tokio::test(start_paused = true)]
async fn while_a_word_to_the_user_hangs() {
    for farewell in [b"A", b"E"] {
        let mut world = World::connected().await;
        world.desktop.is(Mood::HangsBefore);
        world.sandbox.faults().always(Endpoint::Socket, Fault::SendAndClose(farewell.to_vec()));
        world.sandbox.close_sockets(farewell);
        world.pass_until(10 * MINUTE, "it was asked", |world| world.desktop.asked() == 1).await;
        world.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn while_it_waits_to_try_again() {
    let mut world = World::connected().await;
    for endpoint in [Endpoint::Download, Endpoint::Socket] {
        world.sandbox.faults().always(endpoint, Fault::status(502));
    }
    world.send("one");
    world.until("it failed", |world| world.passes() == 2).await;
    world.sandbox.drop_sockets();
    world.until("it waits", |world| world.link() == Some(LinkState::Waiting)).await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_it_gave_up() {
    let mut world = World::connected().await;
    world.sandbox.revoke_sessions();
    world.until("it gives up", |world| world.link() == Some(LinkState::Refused)).await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_notification_that_is_on_its_way_is_let_through_and_marked() {
    let mut world = World::connected().await;
    let leave = crate::desktop::Leave::default();
    world.desktop.next(Mood::Waits(leave.clone()));
    world.send("one");
    world.until("it is on the screen", |world| world.was_shown("one")).await;
    world.tell_to_stop();
    world.rest().await;
    leave.give();
    world.stop().await;
    world.start();
    world.until("it is deleted", |world| world.queue().is_empty()).await;
    world.pass(MINUTE).await;
    assert_eq!(world.desktop.texts(), ["one"]);
}
