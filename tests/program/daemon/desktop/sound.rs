//! Tests that a program on `PATH` plays the sounds if the notification server plays none.

use std::fs;

use handover::sandbox::{Endpoint, Fault};
use rustix::process::Signal;
use tokio::time::timeout;

use crate::process::TIMEOUT;
use crate::support::bus::Bus;
use crate::support::harness::Harness;
use crate::support::notification_server::NotificationServer;

/// A harness whose user has only these programs, these settings, and two sounds in the cache.
async fn harness(programs: &[(&str, &str)], settings: &str) -> Harness {
    let mut harness = Harness::signed_in().await;
    let folder = harness.user.path("bin");
    for (name, script) in programs {
        let user = harness.user.path("");
        // It is named by its path, since nothing else is on `PATH`.
        let text = format!("#!/bin/sh\nPATH=/usr/bin:/bin\ncd {}\n{script}\n", user.display());
        harness.user.install(name, &text);
    }
    harness.user.set("PATH", folder.to_str().expect("a path in UTF-8"));
    harness.user.set("XDG_DATA_DIRS", harness.user.path("share").to_str().expect("a path in UTF-8"));
    harness.user.settings(settings);
    let sounds = harness.user.path("cache/handover/sounds");
    fs::create_dir_all(&sounds).expect("a folder");
    for name in ["bike.wav", "pushover.wav"] {
        fs::write(sounds.join(name), b"RIFF\x08\0\0\0WAVEfmt ").expect("a sound");
    }
    harness
}

const CHANGED: &str = "the settings were changed";
/// A player that appends a short form of the file name to the list of played sounds.
const LISTS: &str = "for file; do :; done; echo \"$(basename \"$file\")\" >> heard";

/// Waits until this was played.
async fn until_heard(harness: &Harness, expected: &[&str]) {
    let mut heard = Vec::new();
    let listening = async {
        while heard != expected {
            heard = heard_so_far(harness);
            tokio::task::yield_now().await;
        }
    };
    let in_time = timeout(TIMEOUT, listening).await.is_ok();
    assert!(in_time, "not within {TIMEOUT:?}: {expected:?}; {heard:?}");
}

fn heard_so_far(harness: &Harness) -> Vec<String> {
    let text = fs::read_to_string(harness.user.path("heard")).unwrap_or_default();
    let mut heard: Vec<_> = text.lines().map(str::to_owned).collect();
    // Two that start at the same time may be recorded in any order.
    heard.sort_unstable();
    heard
}

/// Sends a message and waits until it is shown.
async fn deliver(harness: &Harness, text: &str, more: &[(&str, &str)]) {
    harness.send_with(text, more);
    harness.server.next_shown().await;
}

#[tokio::test]
async fn each_message_plays_its_sound_unless_it_is_silent() {
    let harness = harness(&[("pw-play", LISTS)], "sound = true").await;
    let daemon = harness.connected().await;
    for (text, sound) in [("one", "bike"), ("silent", "none"), ("two", "bike"), ("low", "bike")] {
        let priority = if text == "low" { "-1" } else { "0" };
        deliver(&harness, text, &[("sound", sound), ("priority", priority)]).await;
    }
    deliver(&harness, "three", &[]).await;
    until_heard(&harness, &["bike.wav", "bike.wav", "pushover.wav"]).await;
    daemon.stop(Signal::TERM).await;
}

#[tokio::test]
async fn a_hanging_player_blocks_nothing_and_ends_with_the_daemon() {
    let harness = harness(&[("pw-play", "echo $$ >> heard; exec sleep 1000")], "sound = true").await;
    let daemon = harness.connected().await;
    for number in 1..=5 {
        deliver(&harness, &format!("m{number}"), &[]).await;
    }
    harness.until_status("one is heard", |_| !heard_so_far(&harness).is_empty()).await;
    daemon.stop(Signal::TERM).await;
    let ending = async {
        while heard_so_far(&harness).iter().any(|pid| is_alive(pid)) {
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
async fn the_first_emergency_plays_the_prefetched_sound() {
    let harness = harness(&[("pw-play", LISTS)], "sound = true").await;
    let sounds = harness.user.path("cache/handover/sounds");
    fs::remove_dir_all(&sounds).expect("forget the sounds");
    let daemon = harness.connected().await;
    until("the sound is here", || sounds.join("pushover.wav").exists()).await;
    harness.sandbox.faults().always(Endpoint::Sound, Fault::Hang);
    let emergency = [("priority", "2"), ("retry", "3600"), ("expire", "10800"), ("sound", "bike")];
    deliver(&harness, "fire", &emergency).await;
    until_heard(&harness, &["pushover.wav"]).await;
    daemon.stop(Signal::TERM).await;
}

#[tokio::test]
async fn sounds_are_prefetched_only_if_there_is_a_player() {
    for plays in [true, false] {
        let mut harness = harness(&[], "sound = true").await;
        fs::remove_dir_all(harness.user.path("cache/handover/sounds")).expect("forget the sounds");
        harness.bus = Bus::start();
        harness.user.set("DBUS_SESSION_BUS_ADDRESS", harness.bus.address());
        let capabilities = if plays { &["body", "sound"][..] } else { &["body"] };
        harness.server = NotificationServer::with_capabilities(harness.bus.address(), capabilities).await;
        let daemon = harness.connected().await;
        until("the server is asked", || harness.server.capability_questions() > 0).await;
        let is_requested =
            || harness.sandbox.journal().iter().any(|request| request.endpoint == Endpoint::Sound);
        if plays {
            until("the sound is requested", is_requested).await;
        } else {
            deliver(&harness, "without a sound", &[("priority", "-1")]).await;
            assert!(!is_requested());
        }
        daemon.stop(Signal::TERM).await;
    }
}

fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn messages_are_shown_with_no_player_or_a_broken_one() {
    for programs in [&[][..], &[("pw-play", "exit 1")]] {
        let harness = harness(programs, "sound = true").await;
        let daemon = harness.connected().await;
        deliver(&harness, "one", &[]).await;
        deliver(&harness, "two", &[]).await;
        let status = harness.user.status().await;
        assert_eq!(status["problems"], serde_json::json!([]), "this is not an issue");
        daemon.stop(Signal::TERM).await;
    }
}

#[tokio::test]
async fn a_running_daemon_follows_the_sound_settings() {
    let harness =
        harness(&[("paplay", LISTS), ("pw-play", "echo wrong >> heard")], "sound = 'emergency'").await;
    let daemon = harness.connected().await;
    deliver(&harness, "normal", &[]).await;
    deliver(&harness, "high", &[("priority", "1")]).await;
    harness.send_emergency("fire");
    harness.server.next_shown().await;
    until_heard(&harness, &["pushover.wav"]).await;

    harness.user.settings("sound = false");
    daemon.until_logged_times(CHANGED, 1).await;
    harness.send_emergency("fire in silence");
    harness.server.next_shown().await;
    harness.user.settings("sound = true");
    daemon.until_logged_times(CHANGED, 2).await;
    deliver(&harness, "normal again", &[("sound", "bike")]).await;
    until_heard(&harness, &["bike.wav", "pushover.wav"]).await;
    daemon.stop(Signal::TERM).await;
}
