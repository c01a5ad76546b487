//! Tests that a short outage is not reported, and a long one is reported once.

use std::time::Duration;

use handover::control::Command;
use handover::domain::notification::{NotificationEvent, Urgency};
use handover::domain::status::LinkState;
use handover::sandbox::{Endpoint, Fault};

use crate::desktop::{Behaviour, Shown};
use crate::pause::forever;
use crate::world::{HOUR, MINUTE, World};

const OFFLINE: &str = "Offline for five minutes";
const UNSTEADY: &str = "No stable connection for five minutes";
const SECOND: Duration = Duration::from_secs(1);

/// Makes the service unreachable.
fn go_offline(world: &World) {
    for endpoint in [Endpoint::Socket, Endpoint::Download] {
        world.sandbox.faults().always(endpoint, Fault::Drop);
    }
    world.sandbox.drop_sockets();
}

/// Makes the service reachable again; returns the time until there is a connection.
async fn come_back(world: &mut World) {
    world.sandbox.faults().clear();
    world
        .advance_until(6 * MINUTE, "it is connected", |world| world.link() == Some(LinkState::Connected))
        .await;
}

/// The notifications about the connection.
fn reports(world: &World) -> Vec<Shown> {
    let about = |shown: &Shown| [OFFLINE, UNSTEADY].contains(&shown.notification.title.as_str());
    world.desktop.shown().into_iter().filter(about).collect()
}

fn is_on_screen(world: &World, notification: &Shown) -> bool {
    world.desktop.on_screen().contains(&notification.id)
}

#[tokio::test(start_paused = true)]
async fn a_short_interruption_is_not_reported() {
    let mut world = World::connected().await;
    for _ in 0..3 {
        go_offline(&world);
        world.advance(3 * MINUTE).await;
        assert_eq!(world.status().await.link, "waiting");
        world.sandbox.faults().clear();
        // A network comes up, so that it reconnects at once: a back-off could make the gap a long one.
        world.computer(handover::desktop::power::PowerEvent::NetworkUp);
        world.advance(2 * MINUTE).await;
        assert_eq!(world.link(), Some(LinkState::Connected));
    }
    assert_eq!(world.desktop.shown().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn five_minutes_are_reported_once_and_the_notification_closes_at_the_end() {
    let mut world = World::connected().await;
    go_offline(&world);
    world.until("it noticed", |world| world.link() == Some(LinkState::Waiting)).await;
    world.advance(299 * SECOND).await;
    assert_eq!(world.desktop.shown().len(), 0);
    world.advance(2 * SECOND).await;
    let notifications = reports(&world);
    let [notification] = &notifications[..] else { panic!("{notifications:?}") };
    assert_eq!(notification.notification.title, OFFLINE);
    let text = notification.text();
    assert!(text.starts_with("The service cannot be reached: "), "{text}");
    assert!(text.contains("21 days"), "{text}");
    assert!(
        notification.notification.actions.is_empty()
            && !notification.notification.resident
            && notification.notification.silent
    );
    assert_eq!(notification.notification.urgency, Urgency::Normal);

    world.advance(3 * HOUR).await;
    assert_eq!(reports(&world).len(), 1, "shown once");
    assert!(is_on_screen(&world, notification));
    world.send("meanwhile");
    come_back(&mut world).await;
    world.until("it is shown", |world| world.was_shown("meanwhile")).await;
    world.advance(MINUTE + SECOND).await;
    assert!(!is_on_screen(&world, notification), "it is over");
    assert_eq!(world.status().await.problems, [""; 0]);

    go_offline(&world);
    world.advance(5 * MINUTE + SECOND).await;
    assert_eq!(reports(&world).len(), 2, "the next outage is reported again");
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn an_outage_at_the_start_counts_from_the_start() {
    let mut world = World::after_initial_sync().await;
    go_offline(&world);
    world.start();
    world.advance(299 * SECOND).await;
    assert_eq!(world.desktop.shown().len(), 0);
    world.advance(2 * SECOND).await;
    assert_eq!(reports(&world).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unstable_connection_is_reported_once() {
    let mut world = World::connected().await;
    for _ in 0..60 {
        go_offline(&world);
        world.advance(58 * SECOND).await;
        world.sandbox.faults().clear();
        world.computer(handover::desktop::power::PowerEvent::NetworkUp);
        world.advance(2 * SECOND).await;
    }
    let notifications = reports(&world);
    let [notification] = &notifications[..] else { panic!("{notifications:?}") };
    assert_eq!(notification.notification.title, UNSTEADY);
    assert!(is_on_screen(&world, notification));
    come_back(&mut world).await;
    world.advance(MINUTE + SECOND).await;
    assert!(!is_on_screen(&world, notification));
}

#[tokio::test(start_paused = true)]
async fn a_pause_delays_a_report_but_removes_none() {
    for comes_back in [false, true] {
        let mut world = World::connected().await;
        world.ask(&Command::Pause { until: forever() }).await;
        go_offline(&world);
        world.advance(HOUR).await;
        assert_eq!(world.desktop.attempts(), 0);
        if comes_back {
            come_back(&mut world).await;
            world.advance(MINUTE + SECOND).await;
        }
        world.ask(&Command::Resume).await;
        world.advance(SECOND).await;
        assert_eq!(
            reports(&world).len(),
            usize::from(!comes_back),
            "reported after the pause, if it still lasts"
        );
        let [notification] = &reports(&world)[..] else { continue };
        world.ask(&Command::Pause { until: forever() }).await;
        world.advance(HOUR).await;
        assert!(is_on_screen(&world, notification));
        assert_eq!(world.desktop.attempts(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_problem_only_the_user_can_fix_replaces_the_report() {
    let mut world = World::connected().await;
    go_offline(&world);
    world.advance(6 * MINUTE).await;
    let notification = reports(&world).remove(0);
    world.sandbox.revoke_sessions();
    world.sandbox.faults().clear();
    world.advance_until(6 * MINUTE, "it gives up", |world| world.link() == Some(LinkState::Refused)).await;
    world.until("the user is notified", |world| world.desktop.shown().len() == 2).await;
    let shown = world.desktop.shown();
    assert_eq!(shown[1].notification.replaces, Some(notification.id));
    assert_eq!(shown[1].notification.urgency, Urgency::High);
    world.advance(HOUR).await;
    assert_eq!(world.desktop.shown().len(), 2, "not shown twice");
    assert_eq!(world.desktop.on_screen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_desktop_does_not_prevent_reconnecting() {
    let mut world = World::connected().await;
    go_offline(&world);
    world.desktop.behave(Behaviour::HangsBefore);
    world.advance(6 * MINUTE).await;
    assert_eq!(world.desktop.attempts(), 1);
    come_back(&mut world).await;
    let socket_logins = world.sandbox.counters().socket_logins;
    assert_eq!(socket_logins, 2);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_notification_server_that_starts_late_shows_the_report() {
    let mut world = World::connected().await;
    world.desktop.behave(Behaviour::Absent);
    go_offline(&world);
    world.advance(6 * MINUTE).await;
    assert_eq!(reports(&world).len(), 0);
    world.desktop.recovers();
    world.desktop.send(NotificationEvent::ServerAvailable);
    world.until("the user is notified", |world| reports(world).len() == 1).await;
    world.advance(HOUR).await;
    assert_eq!(reports(&world).len(), 1, "shown once");
}
