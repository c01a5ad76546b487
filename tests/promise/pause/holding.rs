//! Tests pauses: everything is received, nothing below the chosen priority is shown, and one notification is shown at
//! the end.
//!
//! Crashes during a pause are tested in `crash`.

use std::time::Duration;

use handover::control::{Command, Until};
use handover::daemon::Step;
use handover::domain::message::Priority;
use handover::domain::notification::{NotificationAction, NotificationEvent, Urgency};
use handover::domain::pause::PausedUntil;
use handover::domain::settings::{Backlog, Emergency};
use handover::sandbox::{Endpoint, Fault, Gate};
use handover::system::clock;

use super::{forever, in_seconds, pause, paused, paused_with, refused, resume, titles, until_deleted};
use crate::desktop::{Behaviour, Permission};
use crate::world::{HOUR, MINUTE, World};

#[tokio::test(start_paused = true)]
async fn messages_are_received_and_shown_as_one_notification_at_the_end() {
    let mut world = paused().await;
    for number in 1..=7 {
        world.send_with(&format!("m{number}"), &[("priority", ["-1", "0", "1"][number % 3])]);
        until_deleted(&mut world, number).await;
    }
    world.advance(8 * HOUR).await;
    assert_eq!(world.desktop.attempts(), 0);
    let status = world.status().await;
    assert_eq!(status.paused_until, Some(forever()));
    assert_eq!(status.sentence, "Connected as desk, paused until resumed, 7 unread");
    assert_eq!(status.problems, [""; 0]);

    assert_eq!(resume(&world).await, "resumed, 7 messages were held back");
    world.until("it is shown", |world| world.desktop.shown().len() == 1).await;
    world.until_quiet().await;
    let notification = &world.desktop.shown()[0].notification;
    assert_eq!(notification.title, "7 messages arrived while paused");
    assert!(notification.body.to_plain().ends_with("\nand 2 more"), "{notification:?}");
    assert_eq!((notification.urgency, notification.resident), (Urgency::High, false));
    assert!(world.entries().iter().all(|entry| entry.announced.is_some() && entry.read.is_none()));
    assert_eq!(world.status().await.paused_until, None);

    // Its button applies to all of them.
    world
        .desktop
        .send(NotificationEvent::ActionInvoked(world.desktop.shown()[0].id, NotificationAction::MarkRead));
    world.send("live");
    world.until("it is shown", |world| world.was_shown("live")).await;
    world.advance(HOUR).await;
    assert_eq!(world.desktop.attempts(), 2);
    assert_eq!(world.status().await.unread, 1);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_live_message_is_shown_at_the_end_although_the_backlog_is_silent() {
    let mut world = paused_with(|settings| settings.backlog = Backlog::Silent).await;
    world.send("one");
    until_deleted(&mut world, 1).await;
    world.desktop.behave_next(Behaviour::Refuses);
    resume(&world).await;
    world.advance_until(MINUTE, "it is shown", |world| world.was_shown("one")).await;
    assert_eq!(world.desktop.texts(), ["one"]);
}

#[tokio::test(start_paused = true)]
async fn one_held_message_is_shown_on_its_own_and_none_shows_nothing() {
    let mut world = paused().await;
    assert_eq!(resume(&world).await, "resumed");
    assert_eq!(resume(&world).await, "there was no pause");
    pause(&world, forever()).await;
    world.send("alone");
    until_deleted(&mut world, 1).await;
    assert_eq!(resume(&world).await, "resumed, 1 message was held back");
    world.until("it is shown", |world| world.was_shown("alone")).await;
    world.advance(HOUR).await;
    assert_eq!(world.desktop.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn expired_and_never_shown_messages_do_not_count() {
    let mut world = paused().await;
    world.send_with("brief", &[("ttl", "60")]);
    world.send_with("quiet", &[("priority", "-2")]);
    world.send_with("long", &[("ttl", "7200")]);
    world.send("kept");
    until_deleted(&mut world, 4).await;
    world.advance(HOUR).await;
    resume(&world).await;
    world.until("it is shown", |world| world.desktop.shown().len() == 1).await;
    world.until_quiet().await;
    assert_eq!(titles(&world), ["2 messages arrived while paused"]);
    assert!(world.entries().iter().all(|entry| entry.announced.is_some()));

    pause(&world, forever()).await;
    world.send_with("brief again", &[("ttl", "60")]);
    until_deleted(&mut world, 5).await;
    world.advance(HOUR).await;
    resume(&world).await;
    world.advance(MINUTE).await;
    assert_eq!(world.desktop.attempts(), 1, "there is nothing else to show");
}

#[tokio::test(start_paused = true)]
async fn an_emergency_is_shown_and_acknowledged_during_a_pause() {
    let mut world = paused().await;
    world.send("before");
    let receipt = world.send_emergency("fire");
    world.send("after");
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
    world.advance(10 * MINUTE).await;
    assert_eq!(world.desktop.texts(), ["fire"]);
    assert_eq!(world.requests(Endpoint::Acknowledge).len(), 1);
    resume(&world).await;
    world.until("the rest is shown", |world| world.desktop.shown().len() == 2).await;
    assert_eq!(titles(&world)[1], "2 messages arrived while paused");
}

#[tokio::test(start_paused = true)]
async fn an_emergency_waits_for_the_user_with_manual_and_its_copies_replace_it() {
    let mut world = paused_with(|settings| settings.emergency = Emergency::Manual).await;
    world.send("before");
    let receipt = world.send_emergency("fire");
    world.advance_until(5 * MINUTE, "it came three times", |world| world.desktop.shown().len() == 3).await;
    let shown = world.desktop.shown();
    assert!(shown[1..].iter().all(|copy| copy.notification.replaces == Some(shown[0].id)), "{shown:?}");
    assert!(world.requests(Endpoint::Acknowledge).is_empty());
    assert_eq!(world.status().await.unacknowledged, 1);
    world.desktop.send(NotificationEvent::ActionInvoked(shown[0].id, NotificationAction::Acknowledge));
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
    world.advance(5 * MINUTE).await;
    let attempts = world.desktop.attempts();
    resume(&world).await;
    world.until("the other is shown", |world| world.was_shown("before")).await;
    world.advance(5 * MINUTE).await;
    assert_eq!(world.desktop.attempts(), attempts + 1, "the emergency is not shown again");
}

#[tokio::test(start_paused = true)]
async fn the_settings_choose_what_breaks_through() {
    for (lowest, live, held) in [
        (Priority::Emergency, &[][..], 3),
        (Priority::High, &["p1"], 2),
        (Priority::Normal, &["p0", "p1"], 1),
        (Priority::Low, &["p-1", "p0", "p1"], 0),
    ] {
        let mut world = paused_with(|settings| settings.pause.break_through = lowest).await;
        for priority in ["-2", "-1", "0", "1"] {
            world.send_with(&format!("p{priority}"), &[("priority", priority)]);
            world.until("it is deleted", |world| world.queue().is_empty()).await;
        }
        until_deleted(&mut world, 4).await;
        assert_eq!(world.desktop.texts(), live);
        resume(&world).await;
        world.advance(MINUTE).await;
        let last = &world.desktop.shown()[live.len()..];
        match held {
            0 => assert!(last.is_empty(), "{last:?}"),
            1 => assert_eq!((last.len(), last[0].text().as_str()), (1, "p-1")),
            _ => {
                let title = format!("{held} messages arrived while paused");
                assert_eq!((last.len(), &last[0].notification.title), (1, &title));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_on_time_and_not_before() {
    let mut world = World::connected().await;
    let until = in_seconds(45 * 60);
    assert!(pause(&world, until.clone()).await.starts_with("paused until "));
    assert_eq!(world.status().await.paused_until, Some(until));
    world.send_all(&["m1", "m2"]);
    until_deleted(&mut world, 2).await;
    world.advance(44 * MINUTE).await;
    assert_eq!(world.desktop.attempts(), 0);
    world.advance(2 * MINUTE).await;
    assert_eq!(titles(&world), ["2 messages arrived while paused"]);
    assert_eq!(world.status().await.paused_until, None);
    assert_eq!(world.log().pause().unwrap(), None);
    world.send("live");
    world.until("it is shown", |world| world.was_shown("live")).await;
    world.advance(HOUR).await;
    assert_eq!(world.desktop.attempts(), 2);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_new_pause_replaces_the_old_one() {
    let mut world = World::connected().await;
    pause(&world, in_seconds(10 * 60)).await;
    world.send("m1");
    until_deleted(&mut world, 1).await;
    pause(&world, in_seconds(60 * 60)).await;
    world.advance(30 * MINUTE).await;
    assert_eq!(world.desktop.attempts(), 0, "the longer one counts");
    world.send("m2");
    until_deleted(&mut world, 2).await;
    pause(&world, in_seconds(60)).await;
    world.advance(2 * MINUTE).await;
    assert_eq!(titles(&world), ["2 messages arrived while paused"], "and now the shorter one");
    pause(&world, in_seconds(60)).await;
    pause(&world, forever()).await;
    world.send("m3");
    world.advance(HOUR).await;
    assert_eq!(world.desktop.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_invalid_pause_is_refused_and_changes_nothing() {
    let world = paused().await;
    for (until, why) in [
        (in_seconds(0), "not paused: that time has passed"),
        (Until::Time(5), "not paused: that time has passed"),
        (Until::Word("soon".into()), "not paused: \"soon\" is not a time"),
    ] {
        assert_eq!(refused(&world, &Command::Pause { until }).await, why);
        assert_eq!(world.log().pause().unwrap(), Some(PausedUntil::Forever));
        assert_eq!(world.status().await.paused_until, Some(forever()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_back_messages_from_before_the_sign_in() {
    let mut world = World::registered().await;
    world.log().keep_pause(PausedUntil::Forever, clock::unix()).unwrap();
    world.send_all(&["m1", "m2", "m3", "m4", "m5"]);
    let receipt = world.send_emergency("fire");
    world.start();
    world.until("it is acknowledged", |world| world.sandbox.is_acknowledged(&receipt)).await;
    until_deleted(&mut world, 6).await;
    assert_eq!(resume(&world).await, "resumed, 5 messages were held back");
    world.advance(HOUR).await;
    assert_eq!(titles(&world)[1..], ["5 messages arrived while paused"]);
    assert_eq!(world.desktop.texts()[0], "fire");
}

#[tokio::test(start_paused = true)]
async fn messages_that_could_not_be_shown_are_held_back_too() {
    let mut world = World::connected().await;
    world.desktop.behave(Behaviour::Absent);
    world.send("m1");
    until_deleted(&mut world, 1).await;
    pause(&world, forever()).await;
    world.send("m2");
    until_deleted(&mut world, 2).await;
    assert_eq!(world.status().await.problems, [""; 0], "nothing waits to be shown");
    world.desktop.recovers();
    world.desktop.send(NotificationEvent::ServerAvailable);
    world.advance(HOUR).await;
    assert_eq!(world.desktop.texts(), [""; 0]);
    resume(&world).await;
    world.until("it is shown", |world| world.desktop.shown().len() == 1).await;
    assert_eq!(titles(&world), ["2 messages arrived while paused"]);
}

#[tokio::test(start_paused = true)]
async fn the_final_notification_waits_for_a_notification_server() {
    for mood in [Behaviour::Absent, Behaviour::Refuses] {
        let mut world = paused().await;
        world.send_all(&["m1", "m2", "m3"]);
        until_deleted(&mut world, 3).await;
        world.desktop.behave(mood);
        assert_eq!(resume(&world).await, "resumed, 3 messages were held back");
        world.advance(20 * MINUTE).await;
        assert!(world.status().await.problems[0].starts_with("messages cannot be shown"));
        // A pause and a restart in between change nothing.
        pause(&world, in_seconds(60)).await;
        world.send("m4");
        until_deleted(&mut world, 4).await;
        world.kill().await;
        world.start();
        world.advance(20 * MINUTE).await;
        world.desktop.recovers();
        world.desktop.send(NotificationEvent::ServerAvailable);
        world.until("it is shown", |world| !world.desktop.shown().is_empty()).await;
        world.advance(HOUR).await;
        assert_eq!(titles(&world), ["4 messages arrived while paused"]);
        assert!(world.entries().iter().all(|entry| entry.announced.is_some()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_begins_and_ends_between_two_notifications() {
    let mut world = World::after_initial_sync().await;
    world.settings.backlog = Backlog::All;
    world.start();
    world.until("it is connected", World::is_connected).await;
    let leave = Permission::default();
    world.desktop.behave_next(Behaviour::WaitsFor(leave.clone()));
    world.send_quietly(|world| world.send_all(&["m1", "m2", "m3"]));
    world.sandbox.push_frame(b"!");
    world.until("the first is on the screen", |world| world.was_shown("m1")).await;
    pause(&world, forever()).await;
    leave.give();
    until_deleted(&mut world, 3).await;
    assert_eq!(world.desktop.texts(), ["m1"], "the user does not want to see the others");

    // Two emergencies are being shown when the user resumes; the held messages are not forgotten.
    world.desktop.behave_next(Behaviour::WaitsFor(leave.clone()));
    world.send_quietly(|world| {
        world.send("m4");
        world.send_emergency("fire");
        world.send_emergency("flood");
    });
    world.sandbox.push_frame(b"!");
    world.until("the first is on the screen", |world| world.was_shown("fire")).await;
    assert_eq!(resume(&world).await, "resumed, 3 messages were held back");
    leave.give();
    world.until("all is shown", |world| world.desktop.shown().len() == 4).await;
    until_deleted(&mut world, 6).await;
    let held = titles(&world).iter().filter(|title| *title == "3 messages arrived while paused").count();
    assert_eq!((held, world.was_shown("flood")), (1, true), "{:?}", titles(&world));
    world.advance(MINUTE).await;
    assert_eq!(world.desktop.attempts(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_while_the_service_hangs() {
    // Messages that arrive while the download hangs are recorded after the end of the pause, and are new.
    for (endpoint, title, requests) in [
        (Endpoint::Download, "2 messages arrived while paused", 2),
        (Endpoint::Delete, "3 messages arrived while paused", 1),
    ] {
        let mut world = paused().await;
        world.send_all(&["m1", "m2"]);
        until_deleted(&mut world, 2).await;
        let gate = Gate::new();
        world.sandbox.faults().next(endpoint, Fault::Gate(gate.clone()), 1);
        world.send("m3");
        gate.reached(1).await;
        resume(&world).await;
        gate.open();
        world.until("the held messages are shown", |world| !world.desktop.shown().is_empty()).await;
        until_deleted(&mut world, 3).await;
        world.advance(MINUTE).await;
        assert_eq!(
            (titles(&world)[0].as_str(), world.desktop.attempts()),
            (title, requests),
            "{:?}",
            titles(&world)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_over_in_the_log_before_it_is_reported() {
    let mut world = paused().await;
    pause(&world, in_seconds(5)).await;
    let gate = Gate::new();
    world.sandbox.faults().next(Endpoint::Download, Fault::Gate(gate.clone()), 1);
    world.send("m1");
    gate.reached(1).await;
    world.advance(Duration::from_secs(10)).await;
    assert_eq!(world.status().await.paused_until, None);
    // Nothing could be shown yet. If the pause were still on disk and the clock were set back now, messages
    // would be held back although the user expects them.
    assert_eq!(world.log().pause().unwrap(), None);
    gate.open();
    world.until("it is shown", |world| world.was_shown("m1")).await;
}

#[tokio::test(start_paused = true)]
async fn messages_that_break_through_under_new_settings_are_shown_at_the_start() {
    let mut world = paused().await;
    world.send("m1");
    world.send_with("urgent", &[("priority", "1")]);
    until_deleted(&mut world, 2).await;
    world.kill().await;
    world.settings.pause.break_through = Priority::High;
    world.start();
    world.until("it is shown", |world| world.was_shown("urgent")).await;
    world.advance(HOUR).await;
    assert_eq!(world.desktop.texts(), ["urgent"]);
    assert_eq!(world.log().held().unwrap(), 1);
    assert_eq!(resume(&world).await, "resumed, 1 message was held back");
    world.until("it is shown", |world| world.was_shown("m1")).await;
    assert_eq!(world.desktop.attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_messages_are_held_back_and_shown_as_one_quickly() {
    const MANY: usize = 10_000;
    let mut world = World::after_initial_sync().await;
    world.log().keep_pause(PausedUntil::Forever, clock::unix()).unwrap();
    for number in 0..MANY {
        world
            .sandbox
            .inject(&serde_json::json!({"id": number + 1, "message": format!("m{number}"), "app": "x"}));
    }
    world.start();
    world.until("all is deleted", |world| world.was_deleted(MANY as u64)).await;
    world.until_quiet().await;
    assert_eq!((world.log().held().unwrap(), world.desktop.attempts()), (MANY as u64, 0));
    assert!(world.log().unannounced().unwrap().is_empty(), "no held message is among those to be shown");

    // With them in the message log, one more message takes the usual path.
    let began = clock::instant();
    world.send("one more");
    world
        .until(
            "it is held back",
            |world| matches!(&world.steps[..], [.., Step::Held(seqs), _, _] if seqs.len() == 1),
        )
        .await;
    assert_eq!(clock::instant(), began, "the clock stood still");

    assert_eq!(resume(&world).await, "resumed, 10001 messages were held back");
    world.until("it is shown", |world| world.desktop.shown().len() == 1).await;
    world.until("it is marked", |world| world.log().held().unwrap() == 0).await;
    assert_eq!(titles(&world), ["10001 messages arrived while paused"]);
    world.advance(Duration::from_mins(5)).await;
    assert_eq!(world.desktop.attempts(), 1);
}
