//! What is heard where the notification server plays no sounds: a program that is found on `PATH` plays them.

use std::fs;

use handover::sandbox::{Endpoint, Fault};
use rustix::process::Signal;
use tokio::time::timeout;

use crate::process::TIMEOUT;
use crate::support::bus::Bus;
use crate::support::notification_server::NotificationServer;
use crate::support::stage::Stage;

/// A stage whose user has these programs and no others, these settings, and two sounds that were heard before.
async fn stage(programs: &[(&str, &str)], settings: &str) -> Stage {
    let mut stage = Stage::signed_in().await;
    let folder = stage.home.path("bin");
    for (name, script) in programs {
        let home = stage.home.path("");
        // Named by its path, since there is nothing else on `PATH`.
        let text = format!("#!/bin/sh\nPATH=/usr/bin:/bin\ncd {}\n{script}\n", home.display());
        stage.home.install(name, &text);
    }
    stage.home.set("PATH", folder.to_str().expect("a path in UTF-8"));
    stage.home.set("XDG_DATA_DIRS", stage.home.path("share").to_str().expect("a path in UTF-8"));
    stage.home.settings(settings);
    let sounds = stage.home.path("cache/handover/sounds");
    fs::create_dir_all(&sounds).expect("a folder");
    for name in ["bike.wav", "pushover.wav"] {
        fs::write(sounds.join(name), b"RIFF\x08\0\0\0WAVEfmt ").expect("a sound");
    }
    stage
}

const CHANGED: &str = "the settings were changed";
/// A player that appends the file it is to play, in short, to the list of what is heard.
const LISTS: &str = "for file; do :; done; echo \"$(basename \"$file\")\" >> heard";

/// Waits until this was heard.
async fn until_heard(stage: &Stage, expected: &[&str]) {
    let mut heard = Vec::new();
    let listening = async {
        while heard != expected {
            heard = heard_so_far(stage);
            tokio::task::yield_now().await;
        }
    };
    let in_time = timeout(TIMEOUT, listening).await.is_ok();
    assert!(in_time, "not within {TIMEOUT:?}: {expected:?}; {heard:?}");
}

fn heard_so_far(stage: &Stage) -> Vec<String> {
    let text = fs::read_to_string(stage.home.path("heard")).unwrap_or_default();
    let mut heard: Vec<_> = text.lines().map(str::to_owned).collect();
    // Two that begin at the same time may tell of it in any order.
    heard.sort_unstable();
    heard
}

/// Sends a message and waits until it is shown.
async fn deliver(stage: &Stage, text: &str, more: &[(&str, &str)]) {
    stage.send_with(text, more);
    stage.server.next_shown().await;
}

#[tokio::test]
async fn each_message_is_heard_with_its_sound_and_a_silent_one_is_not() {
    let stage = stage(&[("pw-play", LISTS)], "sound = true").await;
    let daemon = stage.connected().await;
    for (text, sound) in [("one", "bike"), ("silent", "none"), ("two", "bike"), ("low", "bike")] {
        let priority = if text == "low" { "-1" } else { "0" };
        deliver(&stage, text, &[("sound", sound), ("priority", priority)]).await;
    }
    deliver(&stage, "three", &[]).await;
    until_heard(&stage, &["bike.wav", "bike.wav", "pushover.wav"]).await;
    daemon.stop(Signal::TERM).await;
}

#[tokio::test]
async fn a_player_that_hangs_holds_up_nothing_and_ends_with_the_daemon() {
    let stage = stage(&[("pw-play", "echo $$ >> heard; exec sleep 1000")], "sound = true").await;
    let daemon = stage.connected().await;
    for number in 1..=5 {
        deliver(&stage, &format!("m{number}"), &[]).await;
    }
    stage.until_status("one is heard", |_| !heard_so_far(&stage).is_empty()).await;
    daemon.stop(Signal::TERM).await;
    let ending = async {
        while heard_so_far(&stage).iter().any(|pid| is_alive(pid)) {
            tokio::task::yield_now().await;
        }
    };
    timeout(TIMEOUT, ending).await.expect("every player ends within 30 s");
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(TIMEOUT, waiting).await.is_ok(), "not within {TIMEOUT:?}: {what}");
}

#[tokio::test]
async fn the_first_emergency_is_heard_with_the_sound_that_was_fetched_before() {
    let stage = stage(&[("pw-play", LISTS)], "sound = true").await;
    let sounds = stage.home.path("cache/handover/sounds");
    fs::remove_dir_all(&sounds).expect("forget the sounds");
    let daemon = stage.connected().await;
    until("the sound is here", || sounds.join("pushover.wav").exists()).await;
    stage.sandbox.faults().always(Endpoint::Sound, Fault::Hang);
    let emergency = [("priority", "2"), ("retry", "3600"), ("expire", "10800"), ("sound", "bike")];
    deliver(&stage, "fire", &emergency).await;
    until_heard(&stage, &["pushover.wav"]).await;
    daemon.stop(Signal::TERM).await;
}

#[tokio::test]
async fn a_sound_is_fetched_before_only_where_somebody_plays_it() {
    for plays in [true, false] {
        let mut stage = stage(&[], "sound = true").await;
        fs::remove_dir_all(stage.home.path("cache/handover/sounds")).expect("forget the sounds");
        stage.bus = Bus::start();
        stage.home.set("DBUS_SESSION_BUS_ADDRESS", stage.bus.address());
        let capabilities = if plays { &["body", "sound"][..] } else { &["body"] };
        stage.server = NotificationServer::with_capabilities(stage.bus.address(), capabilities).await;
        let daemon = stage.connected().await;
        until("the server is asked", || stage.server.capability_questions() > 0).await;
        let asked = || stage.sandbox.journal().iter().any(|request| request.endpoint == Endpoint::Sound);
        if plays {
            until("the sound is asked for", asked).await;
        } else {
            deliver(&stage, "without a sound", &[("priority", "-1")]).await;
            assert!(!asked());
        }
        daemon.stop(Signal::TERM).await;
    }
}

fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn without_a_player_or_with_a_broken_one_messages_are_shown_all_the_same() {
    for programs in [&[][..], &[("pw-play", "exit 1")]] {
        let stage = stage(programs, "sound = true").await;
        let daemon = stage.connected().await;
        deliver(&stage, "one", &[]).await;
        deliver(&stage, "two", &[]).await;
        let status = stage.home.status().await;
        assert_eq!(status["problems"], serde_json::json!([]), "it is no issue");
        daemon.stop(Signal::TERM).await;
    }
}

#[tokio::test]
async fn the_settings_say_what_is_heard_also_while_the_daemon_runs() {
    let stage = stage(&[("paplay", LISTS), ("pw-play", "echo wrong >> heard")], "sound = 'emergency'").await;
    let daemon = stage.connected().await;
    deliver(&stage, "normal", &[]).await;
    deliver(&stage, "high", &[("priority", "1")]).await;
    stage.send_emergency("fire");
    stage.server.next_shown().await;
    until_heard(&stage, &["pushover.wav"]).await;

    stage.home.settings("sound = false");
    daemon.until_logged_times(CHANGED, 1).await;
    stage.send_emergency("fire in silence");
    stage.server.next_shown().await;
    stage.home.settings("sound = true");
    daemon.until_logged_times(CHANGED, 2).await;
    deliver(&stage, "normal again", &[("sound", "bike")]).await;
    until_heard(&stage, &["bike.wav", "pushover.wav"]).await;
    daemon.stop(Signal::TERM).await;
}
