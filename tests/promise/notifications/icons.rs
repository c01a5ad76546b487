//! Tests that the icon of the sending application is fetched once and delays nothing.

use std::path::PathBuf;
use std::time::Duration;

use handover::domain::notification::{NotificationEvent, NotificationId};
use handover::domain::settings::Emergency;
use handover::sandbox::{Endpoint, Fault, Gate};
use handover::system::clock::unix;
use serde_json::json;

use crate::world::{HOUR, MINUTE, World, icon};

const DAY: Duration = Duration::from_hours(24);
/// Longer than a notification waits for an icon.
const LONGER_THAN_A_WAIT: Duration = Duration::from_millis(400);

/// A connected daemon, and the token of an application whose icon is not in the cache.
async fn with_uncached_icon(icon: &str) -> (World, String) {
    let world = World::connected().await;
    let token = world.sandbox.add_app("Garden", icon);
    (world, token)
}

/// The icon of each notification that was shown, in order.
fn icons(world: &World) -> Vec<Option<PathBuf>> {
    world.desktop.shown().into_iter().map(|shown| shown.notification.icon).collect()
}

fn cached(world: &World, name: &str) -> Option<PathBuf> {
    world.cache().find(&icon(name)).map(|kept| kept.path)
}

fn requests(world: &World) -> usize {
    world.requests(Endpoint::Icon).len()
}

/// Sends a message and waits, while the clock stands still, until it is shown and deleted.
async fn deliver(world: &mut World, token: &str, text: &str) {
    // It is urgent, so that many of them are not counted in one notification.
    world.send_with(text, &[("token", token), ("priority", "1")]);
    let shown = |world: &World| world.was_shown(text) && world.queue().is_empty();
    world.until("it is shown and deleted", shown).await;
    world.until_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn an_icon_is_fetched_once_and_cached() {
    let (mut world, token) = with_uncached_icon("tree").await;
    deliver(&mut world, &token, "one").await;
    let tree = cached(&world, "tree");
    assert!(tree.is_some());
    assert_eq!(world.requests(Endpoint::Icon)[0].path, "/icons/tree.png");
    deliver(&mut world, &token, "two").await;

    world.kill().await;
    world.start();
    world.until("it is connected", World::is_connected).await;
    world.sandbox.faults().always(Endpoint::Icon, Fault::Hang);
    deliver(&mut world, &token, "three").await;
    assert_eq!(icons(&world), [tree.clone(), tree.clone(), tree]);
    assert_eq!(requests(&world), 1, "only once");
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn fifty_messages_at_once_fetch_the_icon_once() {
    for fault in [None, Some(Fault::status(500)), Some(Fault::Hang)] {
        let (mut world, _) = with_uncached_icon("tree").await;
        if let Some(fault) = fault.clone() {
            world.sandbox.faults().always(Endpoint::Icon, fault);
        }
        for number in 1..=50 {
            // Each is from another application, so that they are not counted in one notification.
            let token = world.sandbox.add_app(&format!("app {number}"), "tree");
            world.send_with(&format!("m{number}"), &[("token", &token), ("priority", "1")]);
        }
        world.advance_until(MINUTE, "all are shown", |world| world.was_shown("m50")).await;
        world.advance(MINUTE).await;
        assert_eq!(world.recorded().len(), 50);
        // Another request may have come first; then the icon is requested again.
        let count = requests(&world);
        assert!(count == 1 || (fault.is_some() && count <= 10), "{count} requests with {fault:?}");
        assert_eq!(icons(&world).iter().any(Option::is_some), fault.is_none());
        world.assert_modest();
    }
}

#[tokio::test(start_paused = true)]
async fn a_malformed_icon_is_left_out_and_not_fetched_again() {
    let page = Fault::Response { code: 200, content_type: "text/html", body: b"<html>Welcome!".to_vec() };
    for fault in
        [page, Fault::HalfBody, Fault::Huge(10 << 20), Fault::Garbage, Fault::Drop, Fault::status(503)]
    {
        let (mut world, token) = with_uncached_icon("tree").await;
        world.sandbox.faults().always(Endpoint::Icon, fault.clone());
        for number in 1..=10 {
            deliver(&mut world, &token, &format!("m{number}")).await;
        }
        assert_eq!(requests(&world), 1, "{fault:?}");
        world.advance(9 * MINUTE).await;
        deliver(&mut world, &token, "later").await;
        assert_eq!(requests(&world), 1, "{fault:?}");
        world.advance(2 * MINUTE).await;
        deliver(&mut world, &token, "later still").await;
        assert_eq!(requests(&world), 2, "{fault:?}");
        assert!(icons(&world).iter().all(Option::is_none));
        assert_eq!(cached(&world, "tree"), None);
        assert_eq!(world.status().await.problems, [""; 0], "this is not an issue");

        world.sandbox.faults().clear();
        world.advance(21 * MINUTE).await;
        deliver(&mut world, &token, "at last").await;
        assert_eq!(icons(&world).last().unwrap(), &cached(&world, "tree"));
        assert!(cached(&world, "tree").is_some());
        world.assert_modest();
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_icon_is_requested_once_a_day() {
    let (mut world, token) = with_uncached_icon("missing-tree").await;
    for number in 1..=10 {
        deliver(&mut world, &token, &format!("m{number}")).await;
        world.advance(HOUR).await;
    }
    assert_eq!((requests(&world), icons(&world).len()), (1, 10));
    assert!(icons(&world).iter().all(Option::is_none));
    world.assert_good_citizen();
    world.advance(DAY.saturating_sub(9 * HOUR)).await;
    deliver(&mut world, &token, "the next day").await;
    assert_eq!(requests(&world), 2);
    world.assert_modest();
}

#[tokio::test(start_paused = true)]
async fn a_slow_icon_is_added_to_the_notification() {
    let (mut world, token) = with_uncached_icon("tree").await;
    world.sandbox.faults().always(Endpoint::Icon, Fault::Slow(Duration::from_secs(2)));
    world.send_with("one", &[("token", &token)]);
    let passed = world.advance_until(MINUTE, "it is shown", |world| world.was_shown("one")).await;
    assert!(passed <= Duration::from_secs(1), "{passed:?}");
    world.until("it is deleted", |world| world.queue().is_empty()).await;
    assert_eq!(icons(&world), [None]);
    world.advance_until(MINUTE, "it has its icon", |world| world.desktop.shown().len() == 2).await;
    world.advance(MINUTE).await;
    let shown = world.desktop.shown();
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[1].id, shown[0].id);
    assert_eq!(shown[1].notification.icon, cached(&world, "tree"));
    assert!(
        shown[1].notification.icon.is_some() && shown[1].notification.silent && !shown[0].notification.silent
    );
    assert_eq!((shown[1].text(), world.desktop.on_screen().len()), ("one".to_owned(), 1));
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_closed_notification_is_not_reopened_for_its_icon() {
    let (mut world, token) = with_uncached_icon("tree").await;
    let gate = Gate::new();
    world.sandbox.faults().always(Endpoint::Icon, Fault::Gate(gate.clone()));
    for text in ["read", "closed", "kept"] {
        world.send_with(text, &[("token", &token)]);
        world.advance_until(MINUTE, "it is shown", |world| world.was_shown(text)).await;
        world.until("it is deleted", |world| world.queue().is_empty()).await;
    }
    world.desktop.send(NotificationEvent::Dismissed(NotificationId(1)));
    world.desktop.send(NotificationEvent::Closed(NotificationId(2)));
    world.until_quiet().await;
    gate.open();
    world.until("the one that is there has its icon", |world| world.desktop.shown().len() == 4).await;
    world.advance(MINUTE).await;
    let shown = world.desktop.shown();
    assert_eq!((shown.len(), shown[3].id, shown[3].text()), (4, NotificationId(3), "kept".to_owned()));
    assert!(shown[3].notification.icon.is_some());
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_replaced_notification_is_not_changed_by_a_late_icon() {
    let mut world = World::after_initial_sync().await;
    world.settings.emergency = Emergency::Manual;
    world.start();
    world.until("it is connected", World::is_connected).await;
    let gate = Gate::new();
    world.sandbox.faults().always(Endpoint::Icon, Fault::Gate(gate.clone()));
    for text in ["fire", "fire, still"] {
        world.sandbox.inject(&json!({
            "message": text, "app": "House", "aid": 9, "icon": "tree", "priority": 2, "receipt": "r".repeat(30),
        }));
        world.advance_until(MINUTE, "it is shown", |world| world.was_shown(text)).await;
        world.until("it is deleted", |world| world.queue().is_empty()).await;
    }
    gate.open();
    world.until("it has its icon", |world| world.desktop.shown().len() == 3).await;
    world.advance(MINUTE).await;
    let shown = world.desktop.shown();
    assert_eq!(world.desktop.texts(), ["fire", "fire, still", "fire, still"]);
    assert!(shown[2].notification.icon.is_some() && shown[2].id == shown[0].id);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_for_an_icon_that_never_arrives() {
    let (mut world, token) = with_uncached_icon("tree").await;
    world.sandbox.faults().always(Endpoint::Icon, Fault::Hang);
    for number in 1..=3 {
        let text = format!("m{number}");
        world.send_with(&text, &[("token", &token)]);
        let done = |world: &World| world.was_shown(&text) && world.queue().is_empty();
        let passed = world.advance_until(MINUTE, "it is shown and deleted", done).await;
        assert!(passed <= Duration::from_secs(1), "{passed:?}");
    }
    assert_eq!(icons(&world), [None, None, None]);
    world.assert_modest();
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_invalid_name_reaches_neither_a_path_nor_the_service() {
    let mut world = World::connected().await;
    for name in ["../../../etc/passwd", "a/b", "", ".", "a.png", "ä", &"x".repeat(65)] {
        let text = format!("with {name}");
        world.sandbox.inject(&json!({"message": text, "app": "Odd", "aid": 9, "icon": name, "priority": 1}));
        world.until("it is shown", |world| world.was_shown(&text) && world.queue().is_empty()).await;
    }
    assert!(icons(&world).iter().all(Option::is_none));
    assert_eq!((requests(&world), world.requests(Endpoint::Other).len()), (0, 0));
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_damaged_icon_is_fetched_again() {
    let (mut world, token) = with_uncached_icon("tree").await;
    deliver(&mut world, &token, "one").await;
    let path = cached(&world, "tree").unwrap();
    for damaged in [&b""[..], b"\x89PNG\r\n\x1a\n"] {
        std::fs::write(&path, damaged).unwrap();
        deliver(&mut world, &token, &format!("{damaged:?}")).await;
        assert_eq!(icons(&world).last().unwrap(), &cached(&world, "tree"));
        assert!(cached(&world, "tree").is_some());
    }
    assert_eq!(requests(&world), 3);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn an_old_icon_is_shown_at_once_and_revalidated() {
    let (mut world, token) = with_uncached_icon("tree").await;
    deliver(&mut world, &token, "one").await;
    for (fault, text) in [
        (Some(Fault::Response { code: 304, content_type: "image/png", body: Vec::new() }), "unchanged"),
        (Some(Fault::status(404)), "no more"),
        (None, "changed"),
    ] {
        let before = requests(&world);
        world.sandbox.faults().clear();
        if let Some(fault) = fault {
            world.sandbox.faults().always(Endpoint::Icon, fault);
        }
        world.cache().confirm(&icon("tree"), unix() - 31 * 24 * 3600).unwrap();
        deliver(&mut world, &token, text).await;
        let is_confirmed = |world: &World| world.cache().find(&icon("tree")).unwrap().confirmed == unix();
        world.until("it is confirmed", is_confirmed).await;
        deliver(&mut world, &token, &format!("{text}, again")).await;
        // The message may have been deleted first.
        let count = requests(&world) - before;
        assert!((1..=2).contains(&count), "{text}: {count} requests");
    }
    assert!(icons(&world).iter().all(Option::is_some));
    world.assert_modest();
}

#[tokio::test(start_paused = true)]
async fn a_crash_while_a_notification_waits_for_its_icon_loses_nothing() {
    let (mut world, token) = with_uncached_icon("tree").await;
    let gate = Gate::new();
    world.sandbox.faults().always(Endpoint::Icon, Fault::Gate(gate.clone()));
    world.send_with("one", &[("token", &token)]);
    world.until("its icon is requested", |world| requests(world) == 1).await;
    world.until_quiet().await;
    assert_eq!((world.recorded().len(), world.desktop.attempts()), (1, 0));
    world.kill().await;
    gate.open();
    world.start();
    world.until("it is shown", |world| world.was_shown("one") && world.queue().is_empty()).await;
    world.advance(LONGER_THAN_A_WAIT).await;
    assert_eq!(icons(&world), [cached(&world, "tree")]);
    world.assert_good_citizen();
}
