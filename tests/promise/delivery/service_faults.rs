//! Tests a service that fails completely or partly, or another server that responds in its place.

use std::time::Duration;

use handover::daemon::Step;
use handover::domain::status::LinkState;
use handover::sandbox::{Endpoint, ErrorBody, Fault};
use serde_json::json;

use crate::world::{HOUR, MINUTE, World};

/// The longest pauses between failures, in seconds, as the back-off grows, plus one step of the clock.
const CEILINGS: [f64; 6] = [10.0, 20.0, 40.0, 80.0, 160.0, 300.0];
const STEP: f64 = 1.0;
/// After this many seconds without a byte a request is given up.
const LONGEST_SILENCE: f64 = 30.0;
/// After this many seconds without a response, a request on an idle connection is sent again.
const LONGEST_ON_IDLE: f64 = 4.0;

/// Every fault that may be temporary.
fn temporary_faults() -> Vec<Fault> {
    let odd_status = |code, body| Fault::Status { code, retry_after: None, body };
    vec![
        Fault::status(500),
        Fault::status(502),
        odd_status(503, ErrorBody::Empty),
        odd_status(500, ErrorBody::Json),
        odd_status(404, ErrorBody::Html),
        odd_status(408, ErrorBody::Json),
        odd_status(204, ErrorBody::Empty),
        Fault::Garbage,
        Fault::Json(json!([])),
        Fault::Json(json!({"status": "?"})),
        Fault::HalfBody,
        Fault::Drop,
        Fault::DropAfter,
        Fault::Hang,
        Fault::HangAfter,
        Fault::Endless,
        Fault::Huge(9 << 20),
        Fault::CaptivePortal,
        Fault::Redirect,
    ]
}

/// Fails if these are not the pauses of a client that backs off; `per_request` is how long a request takes.
fn assert_growing(gaps: &[f64], per_request: f64, what: &str) {
    for (gap, ceiling) in gaps.iter().zip(CEILINGS.iter().chain(std::iter::repeat(&300.0))) {
        let pause = 5.0..=ceiling + per_request + STEP;
        assert!(pause.contains(gap), "{what}: {gap} s is not in {pause:?}; all gaps: {gaps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_download_that_fails_three_times_loses_nothing() {
    for fault in temporary_faults() {
        let what = format!("{fault:?}");
        let mut world = World::connected().await;
        let before = world.requests(Endpoint::Download).len();
        world.sandbox.faults().next(Endpoint::Download, fault.clone(), 3);
        world.send("one");
        // The service does not repeat the emergency meanwhile.
        world.send_with("two", &[("priority", "2"), ("retry", "7200"), ("expire", "10800")]);
        world.advance_until(HOUR, &format!("{what} is over"), |world| world.queue().is_empty()).await;
        world.advance(10 * MINUTE).await;
        let mut texts = world.desktop.texts();
        texts.sort();
        assert_eq!(texts, ["one", "two"], "{what}");
        assert_eq!(world.recorded(), ["one", "two"], "{what}");
        assert_eq!(world.requests(Endpoint::Download).len() - before, 4, "{what}");
        let gaps = world.gaps(Endpoint::Download, before);
        let is_unanswered = matches!(fault, Fault::Drop | Fault::DropAfter | Fault::Hang | Fault::HangAfter);
        if is_unanswered {
            // The first request was sent on an idle connection, which may have been dead.
            assert!(gaps[0] <= LONGEST_ON_IDLE + STEP, "{what}: {gaps:?}");
        }
        assert_growing(&gaps[usize::from(is_unanswered)..3], LONGEST_SILENCE, &what);
        assert_eq!(world.requests(Endpoint::Delete).len(), 1, "{what}");
        assert_eq!(world.requests(Endpoint::Acknowledge).len(), 1, "{what}");
        world.assert_modest();
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_that_fails_three_times_loses_nothing_and_shows_nothing_twice() {
    for fault in temporary_faults() {
        let what = format!("{fault:?}");
        let mut world = World::connected().await;
        let before = world.requests(Endpoint::Download).len();
        world.sandbox.faults().next(Endpoint::Delete, fault.clone(), 3);
        world.send("one");
        world.send("two");
        world.until("they are shown", |world| world.was_shown("two")).await;
        let over =
            |world: &World| world.queue().is_empty() && world.steps.last() == Some(&Step::SyncFinished(true));
        world.advance_until(HOUR, &format!("{what} is over"), over).await;
        world.advance(10 * MINUTE).await;
        assert_eq!(world.desktop.texts(), ["one", "two"], "{what}");
        assert_eq!(world.recorded(), ["one", "two"], "{what}");
        // Each was sent on the connection of the download, which was briefly idle.
        let gaps = world.gaps(Endpoint::Delete, 0);
        let is_repeated = matches!(fault, Fault::Drop | Fault::DropAfter | Fault::Hang | Fault::HangAfter);
        let gaps: Vec<f64> = gaps.into_iter().skip(usize::from(is_repeated)).collect();
        assert_growing(
            &gaps[..gaps.len().min(if is_repeated { 1 } else { 3 })],
            LONGEST_SILENCE + 0.1,
            &what,
        );
        let downloads = world.requests(Endpoint::Download).len() - before;
        assert!((2..=5).contains(&downloads), "{what}: {downloads} downloads");
        world.assert_modest();
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured() {
    let busy = |code, retry_after: &str| Fault::Status {
        code,
        retry_after: Some(retry_after.to_owned()),
        body: ErrorBody::Json,
    };
    for (endpoint, fault) in [
        (Endpoint::Download, busy(429, "200")),
        (Endpoint::Download, busy(503, "200")),
        (Endpoint::Delete, busy(429, "200")),
        (Endpoint::Delete, busy(503, "200")),
    ] {
        let mut world = World::connected().await;
        let before = world.requests(endpoint).len();
        world.sandbox.faults().next(endpoint, fault, 2);
        world.send("one");
        world.advance(MINUTE).await;
        // A new message does not shorten the wait.
        world.send("two");
        world.advance_until(HOUR, "it is over", |world| world.queue().is_empty()).await;
        for gap in &world.gaps(endpoint, before)[..2] {
            assert!((200.0..=200.0 + STEP).contains(gap), "{endpoint:?}: {gap}");
        }
        assert_eq!(world.desktop.texts(), ["one", "two"]);
        world.assert_good_citizen();
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_without_retry_after_waits_a_minute() {
    let mut world = World::connected().await;
    let before = world.requests(Endpoint::Download).len();
    let fault = Fault::Status { code: 429, retry_after: None, body: ErrorBody::Html };
    world.sandbox.faults().next(Endpoint::Download, fault, 1);
    world.send("one");
    world.advance_until(HOUR, "it is shown", |world| world.was_shown("one")).await;
    assert!(world.gaps(Endpoint::Download, before)[0] >= 60.0);
}

#[tokio::test(start_paused = true)]
async fn a_download_that_always_fails_is_retried_less_and_less_often() {
    let mut world = World::connected().await;
    let before = world.requests(Endpoint::Download).len();
    world.sandbox.faults().always(Endpoint::Download, Fault::status(502));
    world.send("patience");
    world.advance(HOUR).await;
    let gaps = world.gaps(Endpoint::Download, before);
    assert_growing(&gaps, 0.0, "502");
    assert!((12..=45).contains(&gaps.len()), "{} in an hour: {gaps:?}", gaps.len());
    let status = world.status().await;
    assert_eq!(status.link, "connected");
    assert!(status.problems.iter().any(|problem| problem.contains("502")), "{:?}", status.problems);
    world.sandbox.faults().clear();
    world.advance_until(10 * MINUTE, "it is shown", |world| world.was_shown("patience")).await;
    world.until("it is deleted", |world| world.queue().is_empty()).await;
    world.until_quiet().await;
    assert_eq!(world.status().await.problems, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_deletion_is_not_repeated() {
    for code in [400, 403, 404] {
        let mut world = World::connected().await;
        world.sandbox.faults().next(Endpoint::Delete, Fault::rejection(code), 1);
        world.send("one");
        world.until("it is refused", |world| world.steps.contains(&Step::SyncFinished(false))).await;
        world.advance(10 * MINUTE).await;
        assert_eq!(world.requests(Endpoint::Delete).len(), 1);
        assert_eq!(world.link(), Some(LinkState::Connected), "it says nothing about the login");

        // Neither a signal nor a new connection is a reason to repeat the request.
        world.sandbox.push_frame(b"!");
        world.advance(MINUTE).await;
        world.sandbox.drop_sockets();
        world
            .advance_until(MINUTE, "it is connected", |world| world.sandbox.counters().socket_logins == 2)
            .await;
        world.advance(MINUTE).await;
        assert_eq!(world.requests(Endpoint::Delete).len(), 1, "{code}");
        world.assert_good_citizen();

        // The next message is a reason.
        world.send("two");
        world.until("all are deleted", |world| world.queue().is_empty()).await;
        assert_eq!(world.desktop.texts(), ["one", "two"]);
        world.until_quiet().await;
        assert_eq!(world.status().await.problems, [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_after_failed_deletes_shows_nothing_again() {
    let mut world = World::connected().await;
    world.sandbox.faults().always(Endpoint::Delete, Fault::status(500));
    world.send("one");
    world.until("it is shown", |world| world.was_shown("one")).await;
    for _ in 0..3 {
        world.advance(Duration::from_secs(40)).await;
        world.stop().await;
        world.start();
    }
    world.send("two");
    world.advance_until(HOUR, "it is shown", |world| world.was_shown("two")).await;
    world.sandbox.faults().clear();
    world.advance_until(HOUR, "all is deleted", |world| world.queue().is_empty()).await;
    assert_eq!(world.desktop.texts(), ["one", "two"]);
    assert_eq!(world.recorded(), ["one", "two"]);
}
