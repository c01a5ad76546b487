//! Tests when the daemon reconnects, and when it does not.

use std::time::Duration;

use handover::control::Command;
use handover::domain::notification::{NotificationAction, NotificationEvent};
use handover::domain::status::LinkState;
use handover::sandbox::{Endpoint, Fault};

use crate::desktop::Behaviour;
use crate::world::{HOUR, MINUTE, World};

#[tokio::test(start_paused = true)]
async fn a_refusal_with_a_valid_login_is_checked_and_retried_slowly() {
    let mut world = World::connected().await;
    let downloads = world.requests(Endpoint::Download).len();
    world.sandbox.close_sockets(b"E");
    world.until("it noticed", |world| world.link() == Some(LinkState::Waiting)).await;
    world.until_quiet().await;
    assert_eq!(world.requests(Endpoint::Download).len(), downloads + 1, "one request to REST");
    world.send("meanwhile");
    world.advance(Duration::from_secs(59)).await;
    assert_eq!(world.requests(Endpoint::Socket).len(), 1, "not before a minute is over");
    world
        .advance_until(Duration::from_secs(20), "it is connected", |world| world.was_shown("meanwhile"))
        .await;
    world.advance(HOUR).await;
    assert_eq!(world.requests(Endpoint::Socket).len(), 2);
    assert_eq!(world.desktop.texts(), ["meanwhile"], "the user is not notified");
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn the_third_refusal_in_a_row_stops_the_link() {
    let mut world = World::connected().await;
    world.sandbox.faults().always(Endpoint::Socket, Fault::SendAndClose(b"E".to_vec()));
    world.sandbox.close_sockets(b"E");
    let halted = |world: &World| world.link() == Some(LinkState::Refused);
    world.advance_until(10 * MINUTE, "it gives up", halted).await;
    world.until_quiet().await;
    let gaps = world.gaps(Endpoint::Socket, 0);
    assert_eq!(gaps.len(), 2, "{gaps:?}");
    assert!(gaps.iter().all(|gap| (60.0..=80.0).contains(gap)), "{gaps:?}");
    let downloads = world.requests(Endpoint::Download).len();
    // One request at the start, one for each of the two refusals, and one for each of the two connections in between.
    assert!(downloads <= 5, "{downloads} downloads");
    assert_eq!(world.status().await.link, "refused");
    assert_eq!(world.desktop.shown().len(), 1);
    let requests = world.sandbox.counters().requests;
    world.advance(HOUR).await;
    assert_eq!(world.sandbox.counters().requests, requests, "no further attempts");
    assert_eq!(world.desktop.shown().len(), 1, "shown once");
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_revoked_login_is_reported_once_and_deletes_nothing() {
    for while_running in [true, false] {
        let mut world = World::connected().await;
        world.send("kept");
        world.until("it is deleted", |world| world.was_shown("kept") && world.queue().is_empty()).await;
        let downloads = world.requests(Endpoint::Download).len();
        if while_running {
            world.sandbox.revoke_sessions();
        } else {
            world.stop().await;
            world.sandbox.revoke_sessions();
            world.start();
        }
        world.until("it gives up", |world| world.link() == Some(LinkState::Refused)).await;
        world.until("the user is notified", |world| world.desktop.shown().len() == 2).await;
        world.until_quiet().await;
        assert_eq!(world.status().await.link, "refused");
        assert_eq!(world.requests(Endpoint::Download).len(), downloads + 1);
        let requests = world.sandbox.counters().requests;
        world.advance(HOUR).await;
        assert_eq!(world.sandbox.counters().requests, requests, "no further attempts");
        assert_eq!(world.desktop.shown().len(), 2, "shown once");
        assert_eq!(world.recorded(), ["kept"]);
        world.assert_good_citizen();
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_disabled_on_the_web_site_is_a_revoked_login() {
    let mut world = World::connected().await;
    let device = world.sandbox.devices()[0].clone();
    assert!(world.sandbox.disable_device(&device));
    world.until("it gives up", |world| world.link() == Some(LinkState::Refused)).await;
    world.until("the user is notified", |world| world.desktop.shown().len() == 1).await;
    let requests = world.sandbox.counters().requests;
    world.advance(HOUR).await;
    assert_eq!(world.sandbox.counters().requests, requests);
}

#[tokio::test(start_paused = true)]
async fn a_session_elsewhere_displaces_this_one_until_the_user_takes_it_back() {
    let mut world = World::connected().await;
    world.sandbox.close_sockets(b"A");
    world.until("it stops", |world| world.link() == Some(LinkState::Displaced)).await;
    world.until("the user is notified", |world| world.desktop.shown().len() == 1).await;
    world.send("there");
    world.until_quiet().await;
    let requests = world.sandbox.counters().requests;
    world.advance(HOUR).await;
    assert_eq!(world.sandbox.counters().requests, requests, "no reconnect");
    assert_eq!(world.status().await.link, "displaced");
    let notifications = world.desktop.shown();
    assert_eq!(notifications.len(), 1, "shown once");
    assert!(notifications[0].offers(NotificationAction::TakeBack));

    world.desktop.send(NotificationEvent::ActionInvoked(notifications[0].id, NotificationAction::TakeBack));
    world.until("it is connected again", |world| world.link() == Some(LinkState::Connected)).await;
    world.until("what came meanwhile is shown", |world| world.was_shown("there")).await;
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_warning_waits_for_the_notification_server() {
    let mut world = World::connected().await;
    world.desktop.behave(Behaviour::Absent);
    world.sandbox.close_sockets(b"A");
    world.until("it was tried", |world| world.desktop.attempts() == 1).await;
    world.until_quiet().await;
    assert!(world.status().await.problems[0].starts_with("messages cannot be shown"));
    world.desktop.recovers();
    world.desktop.send(NotificationEvent::ServerAvailable);
    world.until("the user is notified", |world| world.desktop.shown().len() == 1).await;
    world.advance(MINUTE).await;
    assert_eq!(world.desktop.shown().len(), 1, "shown once");
    assert!(world.desktop.shown()[0].offers(NotificationAction::TakeBack));
    assert_eq!(world.status().await.problems, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_outdated_warning_is_not_shown() {
    let mut world = World::connected().await;
    world.desktop.behave(Behaviour::Absent);
    world.sandbox.close_sockets(b"A");
    world.until("it was tried", |world| world.desktop.attempts() == 1).await;
    world.ask(&Command::TakeBack).await;
    world.until("it is connected again", |world| world.link() == Some(LinkState::Connected)).await;
    world.desktop.recovers();
    world.desktop.send(NotificationEvent::ServerAvailable);
    world.advance(MINUTE).await;
    assert_eq!(world.desktop.shown().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_reload_reconnects_within_three_seconds() {
    let mut world = World::connected().await;
    world.advance(2 * MINUTE).await;
    world.sandbox.push_frame(b"R");
    world.until("it noticed", |world| world.link() == Some(LinkState::Waiting)).await;
    world.send("meanwhile");
    world.advance(Duration::from_secs(3)).await;
    assert_eq!(world.sandbox.counters().socket_logins, 2);
    assert_eq!(world.desktop.texts(), ["meanwhile"]);
    assert_eq!(world.sandbox.counters().sockets_now, 1);
}

#[tokio::test(start_paused = true)]
async fn repeated_reloads_back_off() {
    let mut world = World::connected().await;
    world.sandbox.faults().always(Endpoint::Socket, Fault::SendAndClose(b"R".to_vec()));
    world.sandbox.push_frame(b"R");
    world.advance(HOUR).await;
    let sockets = world.requests(Endpoint::Socket).len();
    assert!((10..=45).contains(&sockets), "{sockets} connections in an hour");
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn ninety_seconds_of_silence_end_the_connection() {
    let mut world = World::connected().await;
    world.advance(5 * MINUTE).await;
    assert_eq!(world.requests(Endpoint::Socket).len(), 1, "a `#` every 30 s keeps it");
    world.sandbox.set_half_open(true);
    world.send("unheard");
    world.advance(Duration::from_secs(58)).await;
    assert_eq!(world.link(), Some(LinkState::Connected), "up to three keep-alives may be missed");
    world.sandbox.set_half_open(false);
    world.sandbox.set_half_open(true);
    let noticed = |world: &World| world.link() == Some(LinkState::Waiting);
    world.advance_until(Duration::from_secs(33), "it noticed", noticed).await;
    world.sandbox.set_half_open(false);
    world.advance_until(Duration::from_secs(11), "it is shown", |world| world.was_shown("unheard")).await;
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_network_that_drops_everything_is_tried_less_and_less_often() {
    let mut world = World::connected().await;
    world.sandbox.set_half_open(true);
    world.advance(2 * HOUR).await;
    let sockets = world.requests(Endpoint::Socket).len();
    assert!((10..=45).contains(&sockets), "{sockets} connections in two hours");
}

#[tokio::test(start_paused = true)]
async fn a_failing_service_is_retried_with_growing_delays() {
    let mut world = World::connected().await;
    for endpoint in [Endpoint::Socket, Endpoint::Download] {
        world.sandbox.faults().always(endpoint, Fault::status(502));
    }
    world.sandbox.drop_sockets();
    world.advance(HOUR).await;
    assert_eq!(world.status().await.link, "waiting");
    let gaps = world.gaps(Endpoint::Socket, 1);
    assert!((12..=45).contains(&gaps.len()), "{} in an hour: {gaps:?}", gaps.len());
    let ceilings = [10.0, 20.0, 40.0, 80.0, 160.0, 300.0].into_iter().chain(std::iter::repeat(300.0));
    // The first attempt came one pause after the drop.
    for (gap, ceiling) in gaps.iter().zip(ceilings.skip(1)) {
        assert!((5.0..=ceiling + 1.0).contains(gap), "{gap} s above {ceiling}: {gaps:?}");
    }
    let late = &gaps[5..];
    let mean = late.iter().sum::<f64>() / f64::from(u32::try_from(late.len()).unwrap());
    assert!(mean > 60.0, "they grow: {gaps:?}");
    let (shortest, longest) =
        late.iter().fold((f64::MAX, 0.0_f64), |(low, high), gap| (low.min(*gap), high.max(*gap)));
    assert!(longest - shortest > 30.0, "they differ: {gaps:?}");
    assert_eq!(world.requests(Endpoint::Download).len(), 1, "no socket, no download");

    world.sandbox.faults().clear();
    world.send("back");
    world.advance_until(6 * MINUTE, "it is shown", |world| world.was_shown("back")).await;
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_websocket_that_cannot_be_opened_is_retried() {
    for fault in [
        Fault::Hang,
        Fault::HangAfter,
        Fault::Drop,
        Fault::DropAfter,
        Fault::Garbage,
        Fault::CaptivePortal,
        Fault::Redirect,
        Fault::rejection(400),
        Fault::too_many(70),
        Fault::SendAndClose(Vec::new()),
        Fault::SendAndClose(b"\x00\xff?".to_vec()),
    ] {
        let what = format!("{fault:?}");
        let mut world = World::after_initial_sync().await;
        world.sandbox.faults().next(Endpoint::Socket, fault, 2);
        world.send("one");
        world.start();
        let on_third = |world: &World| {
            world.requests(Endpoint::Socket).len() == 3 && world.link() == Some(LinkState::Connected)
        };
        world.advance_until(10 * MINUTE, &what, on_third).await;
        world.advance(10 * MINUTE).await;
        assert!(world.gaps(Endpoint::Socket, 0).iter().all(|gap| *gap >= 5.0), "{what}");
        assert_eq!(world.desktop.texts(), ["one"], "{what}");
        assert!(world.queue().is_empty(), "{what}");
    }
}
