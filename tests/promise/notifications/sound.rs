//! Tests that the sound of a message is fetched once and delays nothing.

use std::path::PathBuf;
use std::time::Duration;

use handover::control::Command;
use handover::domain::settings::SoundSetting;
use handover::sandbox::{DefaultSound, Endpoint, Fault};
use serde_json::json;

use crate::world::{HOUR, MINUTE, World, icon, sound};

/// The sound of the latest notification: `-` is silence, `*` the desktop's own sound.
fn heard(world: &World) -> String {
    let shown = world.desktop.shown();
    let notification = &shown.last().unwrap().notification;
    match &notification.sound {
        _ if notification.silent => "-".to_owned(),
        Some(file) => file.file_name().unwrap().to_str().unwrap().to_owned(),
        None => "*".to_owned(),
    }
}

fn cached(world: &World, name: &str) -> Option<PathBuf> {
    world.cache().find(&sound(name)).map(|kept| kept.path)
}

fn requests(world: &World) -> Vec<String> {
    world.requests(Endpoint::Sound).into_iter().map(|request| request.path).collect()
}

/// Sends a message and waits, while the clock stands still, until it is shown and deleted; returns its sound.
async fn deliver(world: &mut World, text: &str, fields: &[(&str, &str)]) -> String {
    // Each comes from another application, so that they are not counted in one notification.
    let token = world.sandbox.add_app(text, "");
    world.send_with(text, &[fields, &[("token", &token)]].concat());
    let shown = |world: &World| world.was_shown(text) && world.queue().is_empty();
    world.until("it is shown and deleted", shown).await;
    world.until_quiet().await;
    heard(world)
}

#[tokio::test(start_paused = true)]
async fn a_sound_is_fetched_once_and_cached() {
    let mut world = World::connected().await;
    assert_eq!(deliver(&mut world, "one", &[("sound", "bike")]).await, "bike.wav");
    let file = cached(&world, "bike");
    assert!(file.is_some());
    assert_eq!(world.desktop.shown()[0].notification.sound, file);
    assert_eq!(requests(&world), ["/sounds/bike.wav"]);

    world.kill().await;
    world.start();
    world.until("it is connected", World::is_connected).await;
    world.sandbox.faults().always(Endpoint::Sound, Fault::Hang);
    for number in 1..=10 {
        assert_eq!(deliver(&mut world, &format!("m{number}"), &[("sound", "bike")]).await, "bike.wav");
    }
    assert_eq!(requests(&world).len(), 1, "only once");
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn many_messages_at_once_fetch_the_sound_once() {
    let mut world = World::connected().await;
    for number in 1..=30 {
        // Each is from another application, so that they are not counted in one notification.
        let token = world.sandbox.add_app(&format!("app {number}"), "sandbox");
        world.send_with(&format!("m{number}"), &[("token", &token), ("sound", "bike"), ("priority", "1")]);
    }
    world.advance_until(MINUTE, "all are shown", |world| world.was_shown("m30")).await;
    world.advance(MINUTE).await;
    assert_eq!(heard(&world), "bike.wav");
    assert_eq!((requests(&world).len(), world.recorded().len()), (1, 30));
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_malformed_sound_falls_back_to_the_desktop_sound() {
    let page = Fault::Response { code: 200, content_type: "text/html", body: b"<html>Welcome!".to_vec() };
    for fault in [page, Fault::status(404), Fault::HalfBody, Fault::Huge(10 << 20), Fault::status(503)] {
        let mut world = World::connected().await;
        std::fs::remove_file(cached(&world, "pushover").unwrap()).unwrap();
        world.sandbox.faults().always(Endpoint::Sound, fault.clone());
        for number in 1..=5 {
            let heard = deliver(&mut world, &format!("m{number}"), &[("sound", "bike")]).await;
            assert_eq!(heard, "*", "{fault:?}");
        }
        // The sound that every account has is played instead.
        assert_eq!(requests(&world), ["/sounds/bike.wav", "/sounds/pushover.wav"], "{fault:?}");
        assert_eq!(cached(&world, "bike"), None);
        assert_eq!(world.status().await.problems, [""; 0], "this is not an issue");
        world.assert_modest();
    }
}

#[tokio::test(start_paused = true)]
async fn an_unavailable_sound_falls_back_to_the_sound_of_the_device() {
    let mut world = World::after_initial_sync().await;
    world.start();
    world.until("it is connected", World::is_connected).await;
    world.sandbox.switch(|switches| {
        switches.default_high_priority_sound = DefaultSound { name: "si".to_owned(), always: false };
    });
    let urgent = [("priority", "2"), ("retry", "30"), ("expire", "3600")];
    let custom = [("sound", "missing-one")];
    assert_eq!(deliver(&mut world, "fire", &[&custom[..], &urgent].concat()).await, "siren.wav");
    assert_eq!(deliver(&mut world, "post", &custom).await, "pushover.wav");
    assert_eq!(requests(&world), ["missing-one", "siren"].map(|name| format!("/sounds/{name}.wav")));
    // A cached sound is used even if the other one is only slow.
    world.sandbox.faults().always(Endpoint::Sound, Fault::Slow(Duration::from_secs(2)));
    let soon = Duration::from_secs(1);
    world.send_with("slow", &[("sound", "bike"), ("priority", "1")]);
    let passed = world.advance_until(soon, "it is shown", |world| world.was_shown("slow")).await;
    assert!(passed <= Duration::from_millis(500), "{passed:?}");
    assert_eq!(heard(&world), "siren.wav");
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn a_slow_sound_plays_the_next_time_and_delays_nothing() {
    let mut world = World::connected().await;
    let token = world.sandbox.add_app("Garden", "tree");
    for endpoint in [Endpoint::Sound, Endpoint::Icon] {
        world.sandbox.faults().always(endpoint, Fault::Slow(Duration::from_secs(2)));
    }
    world.send_with("one", &[("sound", "bike"), ("token", &token)]);
    let soon = Duration::from_secs(2);
    let passed = world.advance_until(soon, "it is shown", |world| world.was_shown("one")).await;
    // The daemon waits for both together; the clock may take a step while it looks at the disk.
    assert!(passed <= Duration::from_millis(700), "{passed:?}");
    assert_eq!(heard(&world), "pushover.wav", "which is cached");
    world.advance(MINUTE).await;
    assert!(cached(&world, "bike").is_some() && world.cache().find(&icon("tree")).is_some());
    let shown = world.desktop.shown();
    assert_eq!(shown.len(), 2, "it is shown again with its icon");
    assert!(shown[1].notification.silent, "and silent this time");
    assert_eq!(deliver(&mut world, "two", &[("sound", "bike")]).await, "bike.wav");
    assert!(
        requests(&world).len() <= 2,
        "a fetch yields to a deletion and is begun again at most: {:?}",
        requests(&world)
    );
    world.assert_good_citizen();
}

/// No daemon runs, the cache is empty, and the device has a sound for urgent messages and another for the rest.
async fn with_an_empty_cache() -> World {
    let world = World::after_initial_sync().await;
    std::fs::remove_file(cached(&world, "pushover").unwrap()).unwrap();
    world.sandbox.switch(|switches| {
        switches.default_sound = DefaultSound { name: "co".to_owned(), always: false };
        switches.default_high_priority_sound = DefaultSound { name: "si".to_owned(), always: false };
    });
    world
}

#[tokio::test(start_paused = true)]
async fn the_first_emergency_with_a_slow_sound_plays_the_prefetched_one() {
    let mut world = with_an_empty_cache().await;
    world.sandbox.faults().always(Endpoint::Sound, Fault::Slow(Duration::from_secs(5)));
    world.start();
    world.until("it is connected", World::is_connected).await;
    world.advance(MINUTE).await;
    assert_eq!(requests(&world), ["/sounds/siren.wav", "/sounds/cosmic.wav"], "the urgent one first");
    world.send_with("fire", &[("sound", "my-own"), ("priority", "2"), ("retry", "30"), ("expire", "3600")]);
    let soon = Duration::from_secs(1);
    let passed = world.advance_until(soon, "it is shown", |world| world.was_shown("fire")).await;
    assert!(passed <= Duration::from_millis(500), "{passed:?}");
    assert_eq!(heard(&world), "siren.wav");
    world.advance(MINUTE).await;

    let before = requests(&world).len();
    world.kill().await;
    world.start();
    world.until("it is connected", |world| world.sandbox.counters().socket_logins == 2).await;
    world.advance(MINUTE).await;
    assert_eq!(requests(&world).len(), before, "cached sounds are not fetched again");
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn failed_prefetching_backs_off_and_blocks_nothing() {
    for fault in [Fault::status(503), Fault::Hang] {
        let mut world = with_an_empty_cache().await;
        world.sandbox.switch(|switches| {
            switches.default_sound = DefaultSound::default();
            switches.default_high_priority_sound = DefaultSound::default();
        });
        world.sandbox.faults().always(Endpoint::Sound, fault.clone());
        world.start();
        world.until("it is requested", |world| requests(world).len() == 1).await;
        if matches!(fault, Fault::Hang) {
            world.send_with("meanwhile", &[("priority", "1")]);
            let soon = Duration::from_secs(1);
            let done = |world: &World| world.was_shown("meanwhile") && world.queue().is_empty();
            world.advance_until(soon, "it is shown and deleted", done).await;
        }
        world.advance(MINUTE).await;
        let at_first = requests(&world).len();
        world.advance(8 * MINUTE).await;
        deliver(&mut world, "in vain", &[]).await;
        assert_eq!(requests(&world).len(), at_first, "{fault:?}");
        world.advance(2 * MINUTE).await;
        assert_eq!(requests(&world).len(), at_first + 1, "{fault:?}");
        world.advance(18 * MINUTE).await;
        assert_eq!(requests(&world).len(), at_first + 1, "{fault:?}");
        world.sandbox.faults().clear();
        world.advance(3 * MINUTE).await;
        assert!(cached(&world, "pushover").is_some(), "{fault:?}");
        world.advance(HOUR).await;
        assert_eq!(requests(&world).len(), at_first + 2, "{fault:?}");
        world.assert_modest();
    }
}

#[tokio::test(start_paused = true)]
async fn sounds_are_not_prefetched_if_nothing_plays_them() {
    let mut silent = with_an_empty_cache().await;
    silent.settings.sound = SoundSetting::Off;
    let mut emergencies = with_an_empty_cache().await;
    emergencies.settings.sound = SoundSetting::Emergency;
    let mute = with_an_empty_cache().await;
    mute.desktop.mute();
    let offline = with_an_empty_cache().await;
    offline.sandbox.faults().always(Endpoint::Socket, Fault::status(503));
    for (mut world, expected) in
        [(silent, &[][..]), (emergencies, &["/sounds/siren.wav"]), (mute, &[]), (offline, &[])]
    {
        world.start();
        world.ask(&Command::Sync).await;
        world.advance(MINUTE).await;
        assert!(world.syncs() > 0);
        assert_eq!(requests(&world), expected);
        world.assert_modest();
    }
}

#[tokio::test(start_paused = true)]
async fn the_sound_of_the_device_is_the_one_chosen_on_the_web_site() {
    let mut world = World::connected().await;
    let high = [("priority", "1")];
    let bike = [("sound", "bike")];
    let none = [("sound", "none")];
    assert_eq!(deliver(&mut world, "as it comes", &[]).await, "pushover.wav");
    world.sandbox.switch(|switches| {
        switches.default_sound = DefaultSound { name: "co".to_owned(), always: true };
        switches.default_high_priority_sound = DefaultSound { name: "si".to_owned(), always: false };
    });
    assert_eq!(deliver(&mut world, "without", &[]).await, "cosmic.wav");
    assert_eq!(deliver(&mut world, "with one", &bike).await, "cosmic.wav");
    assert_eq!(deliver(&mut world, "high", &high).await, "siren.wav");
    assert_eq!(deliver(&mut world, "high with one", &[high, bike].concat()).await, "bike.wav");
    assert_eq!(deliver(&mut world, "silent", &none).await, "-");
    assert_eq!(deliver(&mut world, "low", &[("priority", "-1")]).await, "-");
    world.sandbox.switch(|switches| switches.quiet_hours = true);
    assert_eq!(deliver(&mut world, "at night", &[]).await, "-");
    assert_eq!(deliver(&mut world, "high at night", &high).await, "siren.wav");
    assert_eq!(requests(&world), ["cosmic", "siren", "bike"].map(|name| format!("/sounds/{name}.wav")));
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn the_settings_limit_which_sounds_play() {
    for (sound, [normal, high, emergency]) in [
        (SoundSetting::On, ["bike.wav"; 3]),
        (SoundSetting::Emergency, ["-", "-", "bike.wav"]),
        (SoundSetting::Off, ["-"; 3]),
    ] {
        let mut world = World::after_initial_sync().await;
        world.settings.sound = sound;
        world.start();
        world.until("it is connected", World::is_connected).await;
        let bike = [("sound", "bike")];
        let urgent = [("priority", "2"), ("retry", "30"), ("expire", "3600")];
        assert_eq!(deliver(&mut world, "normal", &bike).await, normal, "{sound:?}");
        assert_eq!(deliver(&mut world, "high", &[&bike[..], &[("priority", "1")]].concat()).await, high);
        assert_eq!(deliver(&mut world, "emergency", &[&bike[..], &urgent].concat()).await, emergency);
        assert_eq!(
            requests(&world).is_empty(),
            sound == SoundSetting::Off,
            "sounds that do not play are not fetched"
        );
        world.assert_good_citizen();
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_name_reaches_neither_a_path_nor_the_service() {
    let mut world = World::connected().await;
    for name in ["../../../etc/passwd", "a/b", "", ".", "a.wav", "ä", &"x".repeat(65)] {
        let text = format!("with {name}");
        world.sandbox.inject(&json!({"message": text, "app": text, "aid": 9, "sound": name, "priority": 0}));
        world.until("it is shown", |world| world.was_shown(&text) && world.queue().is_empty()).await;
        assert_eq!(heard(&world), "pushover.wav", "{name:?}");
    }
    assert_eq!((requests(&world).len(), world.requests(Endpoint::Other).len()), (0, 0));
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn every_repeat_of_an_emergency_plays_its_sound() {
    let mut world = World::after_initial_sync().await;
    world.settings.emergency = handover::domain::settings::Emergency::Manual;
    world.start();
    world.until("it is connected", World::is_connected).await;
    world.sandbox.switch(|switches| switches.default_high_priority_sound.name = "si".to_owned());
    world.send_emergency("fire");
    for number in 1..=3 {
        world.advance_until(MINUTE, "it is shown", |world| world.desktop.shown().len() == number).await;
        assert_eq!(heard(&world), "siren.wav");
    }
    assert_eq!(world.desktop.on_screen().len(), 1);
    assert_eq!(requests(&world).len(), 1);
    world.assert_good_citizen();
}
