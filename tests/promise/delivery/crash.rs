//! The daemon is killed after each step of the message path, and started again on the same folder.
//!
//! Invariant: see [`survives`]; the points are those of the crash table in `src/lib.rs`.

use handover::domain::message::Acknowledgement;
use handover::sandbox::{Endpoint, Fault};

use crate::desktop::Behaviour;
use crate::world::{MINUTE, World};

/// The point at which the daemon dies.
#[derive(Clone, Copy, Debug)]
enum Point {
    /// The service has not responded to the download.
    Signal,
    /// Half of the download has arrived.
    HalfDownload,
    /// The messages are recorded, but not shown.
    Recorded,
    /// The notifications are on the screen, but not marked.
    Shown,
    /// They are marked, and the acknowledgement is pending: the service has not received it.
    Requested,
    /// The service accepted the acknowledgement, but its response did not arrive.
    Acknowledged,
    /// The service did not delete.
    NotDeleted,
    /// The service deleted, but its response did not arrive.
    Deleted,
}

impl Point {
    /// Sets up the sandbox so that the daemon stops at this point.
    fn arrange(self, world: &World) {
        let faults = world.sandbox.faults();
        match self {
            Self::Signal => faults.next(Endpoint::Download, Fault::Hang, 1),
            Self::HalfDownload => faults.next(Endpoint::Download, Fault::Trickle, 1),
            Self::Recorded => world.desktop.behave_next(Behaviour::HangsBefore),
            Self::Shown => world.desktop.behave_next(Behaviour::HangsAfter),
            Self::Requested => faults.next(Endpoint::Acknowledge, Fault::Hang, 1),
            Self::Acknowledged => faults.next(Endpoint::Acknowledge, Fault::HangAfter, 1),
            Self::NotDeleted => faults.next(Endpoint::Delete, Fault::Hang, 1),
            Self::Deleted => faults.next(Endpoint::Delete, Fault::HangAfter, 1),
        }
    }

    /// Waits until the daemon has reached this point.
    async fn reach(self, world: &mut World) {
        let (downloads, deletes) =
            (world.requests(Endpoint::Download).len(), world.requests(Endpoint::Delete).len());
        let (asked, shown) = (world.desktop.attempts(), world.desktop.shown().len());
        let acknowledges = world.requests(Endpoint::Acknowledge).len();
        let arrived = move |world: &World| match self {
            Self::Signal | Self::HalfDownload => world.requests(Endpoint::Download).len() > downloads,
            Self::Recorded => world.desktop.attempts() > asked,
            Self::Shown => world.desktop.shown().len() > shown,
            Self::Requested | Self::Acknowledged => {
                world.requests(Endpoint::Acknowledge).len() > acknowledges
            }
            Self::NotDeleted | Self::Deleted => world.requests(Endpoint::Delete).len() > deletes,
        };
        world.sandbox.push_frame(b"!");
        world.until(&format!("it comes to {self:?}"), arrived).await;
        if matches!(self, Self::HalfDownload) {
            world.advance(std::time::Duration::from_secs(20)).await;
        }
        world.until_quiet().await;
    }
}

/// A normal message and an emergency: after a crash at this point everything is recorded once, shown once or
/// twice, deleted, and acknowledged.
async fn survives(point: Point) {
    let mut world = World::connected().await;
    let mut receipt = String::new();
    world.send_quietly(|world| {
        world.send("normal");
        receipt = world.send_emergency("fire");
    });
    point.arrange(&world);
    point.reach(&mut world).await;
    world.kill().await;
    let acknowledged_before = world.sandbox.is_acknowledged(&receipt);
    let shown_before = world.desktop.texts();
    world.sandbox.faults().clear();
    world.desktop.recovers();
    assert_eq!(
        (world.recorded().len(), shown_before.len(), acknowledged_before, world.queue().len()),
        match point {
            Point::Signal | Point::HalfDownload => (0, 0, false, 2),
            Point::Recorded => (2, 0, false, 2),
            Point::Shown => (2, 1, false, 2),
            // The deletion is sent while the acknowledgement waits, one request at a time.
            Point::Requested => (2, 2, false, world.queue().len()),
            Point::Acknowledged => (2, 2, true, world.queue().len()),
            Point::NotDeleted => (2, 2, acknowledged_before, 2),
            Point::Deleted => (2, 2, acknowledged_before, 0),
        },
        "the daemon did not die at {point:?}"
    );

    world.start();
    world.until("all is done", |world| is_done(world, &receipt)).await;
    world.advance(10 * MINUTE).await;

    assert_eq!(world.recorded(), ["normal", "fire"]);
    let again = &world.desktop.texts()[shown_before.len()..];
    match point {
        Point::Signal | Point::HalfDownload | Point::Recorded | Point::Shown => {
            assert_eq!(again, ["fire", "normal"], "{point:?}");
        }
        Point::Requested | Point::Acknowledged | Point::NotDeleted | Point::Deleted => {
            assert_eq!(again, [""; 0], "{point:?}");
        }
    }
    let took: Vec<_> = world.requests(Endpoint::Acknowledge).into_iter().filter(|it| !it.faulted).collect();
    assert!(took.len() <= 1, "{point:?}: {took:?}");
    let emergency = world.entries().pop().unwrap();
    assert_eq!(emergency.acknowledgement, Acknowledgement::Confirmed);
    world.assert_good_citizen();
}

fn is_done(world: &World, receipt: &str) -> bool {
    world.queue().is_empty()
        && world.sandbox.is_acknowledged(receipt)
        && world.entries().len() == 2
        && world.entries().iter().all(|entry| entry.announced.is_some())
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_the_signal_loses_nothing() {
    survives(Point::Signal).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_during_the_download_loses_nothing() {
    survives(Point::HalfDownload).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_recording_loses_nothing() {
    survives(Point::Recorded).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_showing_repeats_one_notification_at_most() {
    survives(Point::Shown).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_the_pending_acknowledgement_still_acknowledges() {
    survives(Point::Requested).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_the_acknowledgement_acknowledges_once() {
    survives(Point::Acknowledged).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_before_the_deletion_still_deletes() {
    survives(Point::NotDeleted).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_the_deletion_is_harmless() {
    survives(Point::Deleted).await;
}

#[tokio::test(start_paused = true)]
async fn crashes_at_every_step_in_turn_lose_nothing() {
    let points = [
        Point::Signal,
        Point::HalfDownload,
        Point::Recorded,
        Point::Shown,
        Point::NotDeleted,
        Point::Deleted,
    ];
    let mut world = World::connected().await;
    world.settings.backlog = handover::domain::settings::Backlog::All;
    let mut sent = Vec::new();
    for (number, point) in points.into_iter().enumerate() {
        // What one crash left unfinished is completed before the next one.
        let text = format!("m{number}");
        point.arrange(&world);
        world.send_quietly(|world| world.send(&text));
        sent.push(text);
        point.reach(&mut world).await;
        world.kill().await;
        world.sandbox.faults().clear();
        world.desktop.recovers();
        let logins = world.sandbox.counters().socket_logins;
        let passes = world.syncs();
        world.start();
        world
            .until("it is connected again", |world| {
                world.sandbox.counters().socket_logins > logins && world.syncs() > passes
            })
            .await;
    }
    world.until("all is deleted", |world| world.queue().is_empty()).await;
    assert_eq!(world.recorded(), sent);
    // Only the notification that was being shown when the daemon died appears twice.
    assert_eq!(world.desktop.texts(), ["m0", "m1", "m2", "m3", "m3", "m4", "m5"]);
}
