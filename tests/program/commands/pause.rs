//! Tests `handover pause` and `handover resume`.

use handover::domain::pause::PausedUntil;
use handover::store::Store;
use handover::system::clock;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::harness::Harness;

/// `HH:MM` in UTC, this many seconds from now, and the minute after, in case the clock moves on.
fn times(seconds: i64) -> [String; 2] {
    let time = |unix: i64| {
        let minutes = unix.rem_euclid(86_400) / 60;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    };
    let end = clock::unix() + seconds;
    [time(end), time(end + 60)]
}

/// Waits until the daemon has handled everything that is outstanding.
async fn synced(harness: &Harness) {
    harness.user.handover(&["sync"]).await.succeeded();
    assert_eq!(harness.left_on_server(), 0);
}

#[tokio::test]
async fn a_pause_holds_messages_back_and_resume_reports_them_once() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    assert_eq!(harness.user.handover(&["pause"]).await.succeeded(), "paused until resumed\n");
    for text in ["one", "two", "three"] {
        harness.send(text);
    }
    let receipt = harness.send_emergency("fire");
    let fire = harness.server.next_shown().await;
    assert_eq!(fire.body, "fire");
    harness.until("it is acknowledged", |_| harness.sandbox.is_acknowledged(&receipt)).await;
    synced(&harness).await;
    assert_eq!(harness.shown_so_far().await.len(), 0, "nothing else is shown");
    let status = harness.user.status().await;
    assert_eq!(status["paused_until"], "forever");
    assert_eq!(status["sentence"], "Connected as desk, paused until resumed, 4 unread");
    let said = harness.user.handover(&["status"]).await.succeeded();
    assert!(said.starts_with("Connected as desk, paused until resumed, 4 unread\n"), "{said}");
    assert_eq!(harness.user.messages().await.len(), 4);

    let said = harness.user.handover(&["resume"]).await.succeeded();
    assert_eq!(said, "resumed, 3 messages were held back\n");
    let summary = harness.server.next_shown().await;
    assert_eq!(summary.title, "3 messages arrived while paused");
    assert_eq!(harness.user.handover(&["resume"]).await.succeeded(), "there was no pause\n");
    harness.send("live");
    assert_eq!(harness.server.next_shown().await.body, "live");
    assert_eq!(harness.user.status().await["paused_until"], Value::Null);
}

#[tokio::test]
async fn a_lower_break_through_priority_shows_held_messages_at_once() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    harness.user.handover(&["pause"]).await.succeeded();
    harness.send("ordinary");
    harness.send_with("urgent", &[("priority", "1")]);
    synced(&harness).await;
    assert_eq!(harness.shown_so_far().await.len(), 0);
    harness.user.settings("pause.break_through = 1");
    assert_eq!(harness.server.next_shown().await.body, "urgent");
    let said = harness.user.handover(&["resume"]).await.succeeded();
    assert_eq!(said, "resumed, 1 message was held back\n");
    assert_eq!(harness.server.next_shown().await.body, "ordinary");
}

#[tokio::test]
async fn a_pause_ends_on_time() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    harness.user.handover(&["pause", "2s"]).await.succeeded();
    harness.send("one");
    harness.send("two");
    let began = clock::unix();
    let shown = harness.server.next_shown().await;
    assert!(clock::unix() <= began + 10, "it was late");
    // On a busy machine only the first message, or none, may arrive before the pause is over.
    assert!(shown.title == "2 messages arrived while paused" || shown.body == "one", "{shown:?}");
    harness.until_status("the pause is over", |status| status["paused_until"].is_null()).await;
}

#[tokio::test]
async fn the_end_is_printed_in_local_time() {
    let harness = Harness::signed_in().await;
    let _daemon = harness.connected().await;
    for (duration, seconds) in [("45m", 2_700), ("2h", 7_200), ("1h30m", 5_400)] {
        let expected = times(seconds);
        let said = harness.user.handover(&["pause", duration]).await.succeeded();
        assert!(said.starts_with("paused until "), "{said}");
        assert!(
            expected.iter().any(|time| said.ends_with(&format!("{time}\n"))),
            "{said} is none of {expected:?}"
        );
        let end = harness.user.status().await["paused_until"].as_i64().expect("it has an end");
        assert!((0..=seconds).contains(&(end - clock::unix())), "{end}");
    }
    let said = harness.user.handover(&["pause", "tomorrow"]).await.succeeded();
    assert!(["paused until tomorrow 08:00\n", "paused until 08:00\n"].contains(&said.as_str()), "{said}");
    let sentence = harness.user.status().await["sentence"].clone();
    assert_eq!(format!("Connected as desk, {said}").trim_end(), sentence);
    assert_eq!(harness.user.handover(&["pause", "forever"]).await.succeeded(), "paused until resumed\n");
}

#[tokio::test]
async fn the_local_time_follows_tz() {
    let mut harness = Harness::signed_in().await;
    // This zone is not a whole number of hours from UTC, so that no other zone is mistaken for it.
    harness.user.set("TZ", "Asia/Kathmandu");
    let _daemon = harness.connected().await;
    let expected = times(2_700 + (5 * 60 + 45) * 60);
    let said = harness.user.handover(&["pause", "45m"]).await.succeeded();
    assert!(
        expected.iter().any(|time| said.ends_with(&format!("{time}\n"))),
        "{said} is none of {expected:?}"
    );
    harness.user.handover(&["pause", "tomorrow"]).await.succeeded();
    let morning = harness.user.status().await["paused_until"].as_i64().expect("it has an end");
    assert_eq!((morning + (5 * 60 + 45) * 60).rem_euclid(86_400), 8 * 3_600);
}

#[tokio::test]
async fn a_pause_survives_every_kind_of_daemon_exit() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    harness.user.handover(&["pause", "2h"]).await.succeeded();
    let until = harness.user.status().await["paused_until"].clone();
    harness.send("before");
    harness.until("it is deleted", |now| now.deletes > 0).await;
    daemon.kill().await;
    harness.send("between");
    let daemon = harness.connected().await;
    assert_eq!(harness.user.status().await["paused_until"], until);
    let (finished, _) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0));
    let _daemon = harness.connected().await;
    harness.send("after");
    synced(&harness).await;
    assert_eq!(harness.user.status().await["paused_until"], until);
    assert_eq!(harness.shown_so_far().await.len(), 0);
    let texts: Vec<_> = harness.user.messages().await.iter().map(|message| message["text"].clone()).collect();
    assert_eq!(texts, ["before", "between", "after"]);

    assert_eq!(harness.user.handover(&["resume"]).await.succeeded(), "resumed, 3 messages were held back\n");
    assert_eq!(harness.server.next_shown().await.title, "3 messages arrived while paused");
}

#[tokio::test]
async fn a_pause_that_ended_without_a_daemon_is_reported_at_the_next_start() {
    let harness = Harness::signed_in().await;
    let daemon = harness.connected().await;
    harness.user.handover(&["pause", "2h"]).await.succeeded();
    harness.send("one");
    harness.send("two");
    synced(&harness).await;
    daemon.kill().await;
    assert_eq!(harness.shown_so_far().await.len(), 0);
    let log = Store::open(&harness.user.path("data/handover/messages.db")).expect("open the message log");
    log.keep_pause(PausedUntil::Time(clock::unix() - 1), clock::unix()).expect("two hours pass");
    drop(log);
    let _daemon = harness.connected().await;
    assert_eq!(harness.server.next_shown().await.title, "2 messages arrived while paused");
    assert_eq!(harness.user.status().await["paused_until"], Value::Null);
}

#[tokio::test]
async fn the_settings_choose_what_breaks_through() {
    let harness = Harness::signed_in().await;
    harness.user.settings("[pause]\nbreak_through = 1\n");
    let _daemon = harness.connected().await;
    harness.user.handover(&["pause"]).await.succeeded();
    harness.send("normal");
    harness.send_with("urgent", &[("priority", "1")]);
    assert_eq!(harness.server.next_shown().await.body, "urgent");
    synced(&harness).await;
    assert_eq!(harness.shown_so_far().await.len(), 0);
    assert_eq!(harness.user.handover(&["resume"]).await.succeeded(), "resumed, 1 message was held back\n");
    assert_eq!(harness.server.next_shown().await.body, "normal");
}

#[tokio::test]
async fn without_a_daemon_there_is_nothing_to_pause() {
    let harness = Harness::signed_in().await;
    for arguments in [&["pause"][..], &["pause", "45m"], &["resume"]] {
        let said = harness.user.handover(arguments).await.failed(4);
        assert_eq!(
            said, "error: the daemon is not running\nhint: start it with `handover start`\n",
            "{arguments:?}"
        );
    }
}

#[tokio::test]
async fn an_invalid_duration_is_refused_with_examples() {
    let harness = Harness::signed_in().await;
    for typed in ["soon", "45", "-5m", "30m1h", " "] {
        let said = harness.user.handover(&["pause", "--", typed]).await.failed(2);
        let expected = format!(
            "error: not paused: `{typed}` is not a valid duration\nhint: try 45m, 2h, 1h30m, 1d, tomorrow or forever\n"
        );
        assert!(said.starts_with(&expected), "{said}");
    }
    for (typed, said) in [
        (
            "0m",
            "error: not paused: a pause must last at least a second\n\
            hint: for example `handover pause 45m` or `handover pause tomorrow`\n",
        ),
        (
            "400d",
            "error: not paused: a pause can last at most a year\n\
            hint: `handover pause forever` lasts until you run `handover resume`\n",
        ),
    ] {
        assert_eq!(harness.user.handover(&["pause", typed]).await.failed(2), said);
    }
}
