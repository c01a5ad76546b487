//! `handover pause` and `handover resume`.

use handover::domain::pause::PausedUntil;
use handover::store::Store;
use handover::system::clock;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::stage::Stage;

/// `HH:MM` in UTC, so many seconds from now; the minute after, too, for a clock that moves on.
fn times(seconds: i64) -> [String; 2] {
    let time = |unix: i64| {
        let minutes = unix.rem_euclid(86_400) / 60;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    };
    let end = clock::unix() + seconds;
    [time(end), time(end + 60)]
}

/// Waits until the daemon has seen to everything there is.
async fn synced(stage: &Stage) {
    stage.home.handover(&["sync"]).await.well();
    assert_eq!(stage.left_on_server(), 0);
}

#[tokio::test]
async fn a_pause_holds_back_and_resume_tells_of_it_once() {
    let stage = Stage::signed_in().await;
    let _daemon = stage.connected().await;
    assert_eq!(stage.home.handover(&["pause"]).await.well(), "paused until resumed\n");
    for text in ["one", "two", "three"] {
        stage.send(text);
    }
    let receipt = stage.send_emergency("fire");
    let fire = stage.server.next_shown().await;
    assert_eq!(fire.body, "fire");
    stage.until("it is acknowledged", |_| stage.sandbox.is_acknowledged(&receipt)).await;
    synced(&stage).await;
    assert_eq!(stage.shown_so_far().await.len(), 0, "nothing else is shown");
    let status = stage.home.status().await;
    assert_eq!(status["paused_until"], "forever");
    assert_eq!(status["sentence"], "Connected as desk, paused until resumed, 4 unread");
    let said = stage.home.handover(&["status"]).await.well();
    assert!(said.starts_with("Connected as desk, paused until resumed, 4 unread\n"), "{said}");
    assert_eq!(stage.home.messages().await.len(), 4);

    let said = stage.home.handover(&["resume"]).await.well();
    assert_eq!(said, "resumed, 3 messages were held back\n");
    let summary = stage.server.next_shown().await;
    assert_eq!(summary.title, "3 messages arrived while paused");
    assert_eq!(stage.home.handover(&["resume"]).await.well(), "there was no pause\n");
    stage.send("live");
    assert_eq!(stage.server.next_shown().await.body, "live");
    assert_eq!(stage.home.status().await["paused_until"], Value::Null);
}

#[tokio::test]
async fn what_is_to_break_through_from_now_on_is_shown_at_once() {
    let stage = Stage::signed_in().await;
    let _daemon = stage.connected().await;
    stage.home.handover(&["pause"]).await.well();
    stage.send("ordinary");
    stage.send_with("urgent", &[("priority", "1")]);
    synced(&stage).await;
    assert_eq!(stage.shown_so_far().await.len(), 0);
    stage.home.settings("pause.break_through = 1");
    assert_eq!(stage.server.next_shown().await.body, "urgent");
    let said = stage.home.handover(&["resume"]).await.well();
    assert_eq!(said, "resumed, 1 message was held back\n");
    assert_eq!(stage.server.next_shown().await.body, "ordinary");
}

#[tokio::test]
async fn a_pause_ends_by_itself() {
    let stage = Stage::signed_in().await;
    let _daemon = stage.connected().await;
    stage.home.handover(&["pause", "2s"]).await.well();
    stage.send("one");
    stage.send("two");
    let began = clock::unix();
    let shown = stage.server.next_shown().await;
    assert!(clock::unix() <= began + 10, "it was late");
    // On a machine that is busy the first alone, or none, may come before the pause is over.
    assert!(shown.title == "2 messages arrived while paused" || shown.body == "one", "{shown:?}");
    stage.until_status("the pause is over", |status| status["paused_until"].is_null()).await;
}

#[tokio::test]
async fn the_end_is_said_in_local_time() {
    let stage = Stage::signed_in().await;
    let _daemon = stage.connected().await;
    for (duration, seconds) in [("45m", 2_700), ("2h", 7_200), ("1h30m", 5_400)] {
        let expected = times(seconds);
        let said = stage.home.handover(&["pause", duration]).await.well();
        assert!(said.starts_with("paused until "), "{said}");
        assert!(
            expected.iter().any(|time| said.ends_with(&format!("{time}\n"))),
            "{said} is none of {expected:?}"
        );
        let end = stage.home.status().await["paused_until"].as_i64().expect("it has an end");
        assert!((0..=seconds).contains(&(end - clock::unix())), "{end}");
    }
    let said = stage.home.handover(&["pause", "tomorrow"]).await.well();
    assert!(["paused until tomorrow 08:00\n", "paused until 08:00\n"].contains(&said.as_str()), "{said}");
    let sentence = stage.home.status().await["sentence"].clone();
    assert_eq!(format!("Connected as desk, {said}").trim_end(), sentence);
    assert_eq!(stage.home.handover(&["pause", "forever"]).await.well(), "paused until resumed\n");
}

#[tokio::test]
async fn the_local_time_is_that_of_the_time_zone_that_is_named() {
    let mut stage = Stage::signed_in().await;
    // Not on a whole hour, so that no other zone is taken for it.
    stage.home.set("TZ", "Asia/Kathmandu");
    let _daemon = stage.connected().await;
    let expected = times(2_700 + (5 * 60 + 45) * 60);
    let said = stage.home.handover(&["pause", "45m"]).await.well();
    assert!(
        expected.iter().any(|time| said.ends_with(&format!("{time}\n"))),
        "{said} is none of {expected:?}"
    );
    stage.home.handover(&["pause", "tomorrow"]).await.well();
    let morning = stage.home.status().await["paused_until"].as_i64().expect("it has an end");
    assert_eq!((morning + (5 * 60 + 45) * 60).rem_euclid(86_400), 8 * 3_600);
}

#[tokio::test]
async fn a_pause_survives_the_end_of_the_daemon_however_it_ends() {
    let stage = Stage::signed_in().await;
    let daemon = stage.connected().await;
    stage.home.handover(&["pause", "2h"]).await.well();
    let until = stage.home.status().await["paused_until"].clone();
    stage.send("before");
    stage.until("it is deleted", |now| now.deletes > 0).await;
    daemon.kill().await;
    stage.send("between");
    let daemon = stage.connected().await;
    assert_eq!(stage.home.status().await["paused_until"], until);
    let (finished, _) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0));
    let _daemon = stage.connected().await;
    stage.send("after");
    synced(&stage).await;
    assert_eq!(stage.home.status().await["paused_until"], until);
    assert_eq!(stage.shown_so_far().await.len(), 0);
    let texts: Vec<_> = stage.home.messages().await.iter().map(|message| message["text"].clone()).collect();
    assert_eq!(texts, ["before", "between", "after"]);

    assert_eq!(stage.home.handover(&["resume"]).await.well(), "resumed, 3 messages were held back\n");
    assert_eq!(stage.server.next_shown().await.title, "3 messages arrived while paused");
}

#[tokio::test]
async fn one_that_ended_while_no_daemon_ran_is_told_of_at_the_start() {
    let stage = Stage::signed_in().await;
    let daemon = stage.connected().await;
    stage.home.handover(&["pause", "2h"]).await.well();
    stage.send("one");
    stage.send("two");
    synced(&stage).await;
    daemon.kill().await;
    assert_eq!(stage.shown_so_far().await.len(), 0);
    let log = Store::open(&stage.home.path("data/handover/messages.db")).expect("open the log");
    log.keep_pause(PausedUntil::Time(clock::unix() - 1)).expect("two hours pass");
    drop(log);
    let _daemon = stage.connected().await;
    assert_eq!(stage.server.next_shown().await.title, "2 messages arrived while paused");
    assert_eq!(stage.home.status().await["paused_until"], Value::Null);
}

#[tokio::test]
async fn what_breaks_through_is_set_in_the_settings() {
    let stage = Stage::signed_in().await;
    stage.home.settings("[pause]\nbreak_through = 1\n");
    let _daemon = stage.connected().await;
    stage.home.handover(&["pause"]).await.well();
    stage.send("normal");
    stage.send_with("urgent", &[("priority", "1")]);
    assert_eq!(stage.server.next_shown().await.body, "urgent");
    synced(&stage).await;
    assert_eq!(stage.shown_so_far().await.len(), 0);
    assert_eq!(stage.home.handover(&["resume"]).await.well(), "resumed, 1 message was held back\n");
    assert_eq!(stage.server.next_shown().await.body, "normal");
}

#[tokio::test]
async fn without_a_daemon_there_is_nothing_to_pause() {
    let stage = Stage::signed_in().await;
    for arguments in [&["pause"][..], &["pause", "45m"], &["resume"]] {
        let said = stage.home.handover(arguments).await.badly(4);
        assert_eq!(
            said, "error: not running: no daemon answers here\nhint: start it with `handover run`\n",
            "{arguments:?}"
        );
    }
}

#[tokio::test]
async fn what_is_no_duration_is_refused_with_examples() {
    let stage = Stage::signed_in().await;
    for typed in ["soon", "45", "1.5h", "-5m", "30m1h", " "] {
        let said = stage.home.handover(&["pause", "--", typed]).await.badly(2);
        let expected = format!(
            "error: not paused: `{typed}` is no length of time\nhint: write for example 45m, 2h, 1h30m or 1d, or tomorrow, or forever\n"
        );
        assert!(said.starts_with(&expected), "{said}");
    }
    for (typed, said) in [
        (
            "0m",
            "error: not paused: a pause lasts a second at least\n\
            hint: write for example `handover pause 45m`, or `handover pause tomorrow`\n",
        ),
        (
            "400d",
            "error: not paused: a pause with an end lasts a year at most\n\
            hint: `handover pause forever` lasts until `handover resume`\n",
        ),
    ] {
        assert_eq!(stage.home.handover(&["pause", typed]).await.badly(2), said);
    }
}
