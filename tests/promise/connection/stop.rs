//! Tests that the daemon stops within a second, whatever it is doing.

use std::time::Duration;

use handover::domain::pause::PausedUntil;
use handover::domain::status::LinkState;
use handover::sandbox::{Endpoint, Fault};
use handover::system::clock;

use crate::desktop::Behaviour;
use crate::world::clock::breathe;
use crate::world::{MINUTE, World};

#[tokio::test(start_paused = true)]
async fn the_daemon_stops_while_idle() {
    let mut world = World::connected().await;
    world.stop().await;
    assert_eq!(world.sandbox.counters().sockets_now, 0);
}

#[tokio::test(start_paused = true)]
async fn the_daemon_stops_right_after_its_start() {
    let mut world = World::after_initial_sync().await;
    world.start();
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_daemon_stops_while_a_request_hangs() {
    for endpoint in [Endpoint::Download, Endpoint::Delete, Endpoint::Acknowledge, Endpoint::Socket] {
        for fault in [Fault::Hang, Fault::HangAfter, Fault::Trickle] {
            let mut world = World::after_initial_sync().await;
            world.sandbox.faults().always(endpoint, fault);
            world.send_emergency("fire");
            world.start();
            world.until("it asks", |world| !world.requests(endpoint).is_empty()).await;
            world.until_quiet().await;
            world.stop().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_daemon_stops_while_the_disk_hangs() {
    let mut world = World::after_initial_sync().await;
    world.log().keep_pause(PausedUntil::Forever, clock::unix()).unwrap();
    world.start();
    world.send("held");
    world.until("it is deleted", |world| world.log().held().unwrap() == 1 && world.queue().is_empty()).await;
    world.until_quiet().await;
    let hanging = world.hang_log();
    world.send("not recorded");
    let downloads = world.requests(Endpoint::Download).len();
    world.until("it is downloaded", |world| world.requests(Endpoint::Download).len() > downloads).await;
    world.request_stop();
    for _ in 0..10 {
        tokio::time::advance(MINUTE / 600).await;
        breathe(Duration::from_millis(5)).await;
    }
    assert!(world.has_ended(), "a second after it was told to stop, the daemon still runs");
    drop(hanging);
}

#[tokio::test(start_paused = true)]
async fn the_daemon_stops_while_the_notification_server_hangs() {
    for mood in [Behaviour::HangsBefore, Behaviour::HangsAfter] {
        let mut world = World::connected().await;
        world.desktop.behave(mood);
        world.send("one");
        world.until("it was asked", |world| world.desktop.attempts() == 1).await;
        world.stop().await;
        world.desktop.recovers();
        world.start();
        world.until("it is deleted", |world| world.queue().is_empty()).await;
        assert!(world.was_shown("one"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_daemon_stops_while_a_warning_hangs() {
    for farewell in [b"A", b"E"] {
        let mut world = World::connected().await;
        world.desktop.behave(Behaviour::HangsBefore);
        world.sandbox.faults().always(Endpoint::Socket, Fault::SendAndClose(farewell.to_vec()));
        world.sandbox.close_sockets(farewell);
        world.advance_until(10 * MINUTE, "it was asked", |world| world.desktop.attempts() == 1).await;
        world.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_daemon_stops_while_it_waits_to_retry() {
    let mut world = World::connected().await;
    for endpoint in [Endpoint::Download, Endpoint::Socket] {
        world.sandbox.faults().always(endpoint, Fault::status(502));
    }
    world.send("one");
    world.until("it failed", |world| world.syncs() == 2).await;
    world.sandbox.drop_sockets();
    world.until("it waits", |world| world.link() == Some(LinkState::Waiting)).await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_daemon_stops_after_the_link_gave_up() {
    let mut world = World::connected().await;
    world.sandbox.revoke_sessions();
    world.until("it gives up", |world| world.link() == Some(LinkState::Refused)).await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_notification_in_flight_is_finished_and_marked() {
    let mut world = World::connected().await;
    let leave = crate::desktop::Permission::default();
    world.desktop.behave_next(Behaviour::WaitsFor(leave.clone()));
    world.send("one");
    world.until("it is on the screen", |world| world.was_shown("one")).await;
    world.request_stop();
    world.until_quiet().await;
    leave.give();
    world.stop().await;
    world.start();
    world.until("it is deleted", |world| world.queue().is_empty()).await;
    world.advance(MINUTE).await;
    assert_eq!(world.desktop.texts(), ["one"]);
}
