//! Tests end-to-end encrypted messages: a user with the key can read them, and the message log stores only ciphertext.

use std::path::PathBuf;
use std::time::Duration;

use handover::control::{Command, Until};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::e2ee::{BODY, KEY, OPEN_BODY, OPEN_TITLE, OPEN_URL, TITLE, URL, WORDS, WRONG_KEY};
use crate::pause::{command, resume};
use crate::world::World;

/// A daemon that is connected and has this key.
async fn connected_with(key: &str) -> World {
    let mut world = World::after_initial_sync().await;
    world.give_key(key);
    world.start();
    world.until("it is connected", World::is_connected).await;
    world.until_quiet().await;
    world
}

fn send(world: &World, more: &[(&str, &str)]) {
    world.send_with(BODY, &[&[("encrypted", "1"), ("title", TITLE), ("url", URL)], more].concat());
}

/// Waits for this many notifications; returns the title and the text of the last one.
async fn shown(world: &mut World, count: usize) -> (String, String) {
    world.until("it is shown", |world| world.desktop.shown().len() == count).await;
    let last = world.desktop.shown().pop().unwrap();
    (last.notification.title.clone(), last.text())
}

/// Fails if any file in the folder of the message log contains the decrypted text.
fn assert_log_is_encrypted(world: &World) {
    let folder = world.log_path().parent().unwrap().to_owned();
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.file_name().unwrap().to_string_lossy().starts_with("messages.db") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        files += 1;
        for word in WORDS {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!found, "{word} is in {}", path.display());
        }
    }
    assert!(files > 0);
    for entry in world.entries() {
        assert_eq!((entry.message.body.as_str(), entry.message.title.as_deref()), (BODY, Some(TITLE)));
    }
}

#[tokio::test(start_paused = true)]
async fn with_the_key_messages_are_shown_decrypted_and_recorded_encrypted() {
    let mut world = connected_with(KEY).await;
    send(&world, &[]);
    let (title, text) = shown(&mut world, 1).await;
    assert_eq!(title, format!("{OPEN_TITLE} — Sandbox"));
    assert!(text.starts_with(OPEN_BODY) && text.contains("<b>Pumpe</b>"), "it was not sent as HTML: {text}");
    assert!(text.ends_with(OPEN_URL), "{text}");
    // Also if the service does not mark it as encrypted.
    world.sandbox.switch(|switches| switches.marks_encrypted = false);
    send(&world, &[("html", "1")]);
    let (title, text) = shown(&mut world, 2).await;
    assert_eq!(title, format!("{OPEN_TITLE} — Sandbox"));
    assert!(text.contains("Pumpe") && !text.contains("<b>"), "{text}");
    world.until("they are deleted", |world| world.queue().is_empty()).await;
    let marks: Vec<bool> = world.entries().iter().map(|entry| entry.message.encrypted).collect();
    assert_eq!(marks, [true, false]);
    assert_log_is_encrypted(&world);
    world.assert_good_citizen();
}

#[tokio::test(start_paused = true)]
async fn without_the_key_messages_are_shown_as_encrypted() {
    let mut world = World::connected().await;
    send(&world, &[]);
    let expected = ("Sandbox".to_owned(), "Encrypted message".to_owned());
    assert_eq!(shown(&mut world, 1).await, expected);
    // Text that only looks encrypted is shown as it is.
    world.sandbox.switch(|switches| switches.marks_encrypted = false);
    send(&world, &[]);
    assert!(shown(&mut world, 2).await.1.starts_with(BODY.split_at(40).0));
    assert!(world.status().await.problems.is_empty());
}

#[tokio::test(start_paused = true)]
async fn with_a_wrong_key_the_reason_is_shown() {
    let mut world = connected_with(WRONG_KEY).await;
    send(&world, &[]);
    let text = "Encrypted message\n(it was encrypted with another key)".to_owned();
    assert_eq!(shown(&mut world, 1).await, ("Sandbox".to_owned(), text));
    world.send_with("in the clear", &[("encrypted", "1")]);
    let (_, text) = shown(&mut world, 2).await;
    assert_eq!(text, "Encrypted message\n(it is damaged)");
    // The key is changed, and the daemon is notified.
    world.give_key(KEY);
    command(&world, &Command::LoginChanged).await;
    send(&world, &[]);
    assert!(shown(&mut world, 3).await.1.starts_with(OPEN_BODY));
    assert!(world.status().await.problems.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_invalid_key_is_an_issue_until_it_is_fixed() {
    let mut world = connected_with("0123").await;
    let said = "encrypted messages cannot be read: the stored encryption key is not valid";
    assert_eq!(world.status().await.problems, [said]);
    send(&world, &[]);
    assert_eq!(shown(&mut world, 1).await.1, "Encrypted message");
    world.give_key(KEY);
    command(&world, &Command::LoginChanged).await;
    assert!(world.status().await.problems.is_empty());
}

#[tokio::test(start_paused = true)]
async fn summaries_of_the_backlog_and_of_a_pause_are_decrypted() {
    let mut world = World::after_initial_sync().await;
    world.give_key(KEY);
    for _ in 0..4 {
        send(&world, &[]);
    }
    world.start();
    let (_, text) = shown(&mut world, 1).await;
    assert_eq!(text.matches(OPEN_TITLE).count(), 4, "{text}");
    world.until_quiet().await;

    command(&world, &Command::Pause { until: Until::Word("forever".to_owned()) }).await;
    send(&world, &[]);
    world.until("it is recorded", |world| world.entries().len() == 5 && world.queue().is_empty()).await;
    resume(&world).await;
    let (title, text) = shown(&mut world, 2).await;
    assert_eq!(title, format!("{OPEN_TITLE} — Sandbox"));
    assert!(text.starts_with(OPEN_BODY), "{text}");
    assert_log_is_encrypted(&world);
}

/// A daemon that starts with an encrypted message waiting, and the pipe through which its key arrives.
async fn starting_with_a_slow_key() -> (World, PathBuf) {
    let mut world = World::after_initial_sync().await;
    let pipe = world.log_path().with_file_name("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
    world.settings.encryption.key_command = vec!["cat".to_owned(), pipe.to_str().unwrap().to_owned()];
    send(&world, &[]);
    world.start();
    world.until("it is recorded", |world| world.entries().len() == 1).await;
    world.advance(Duration::from_secs(2)).await;
    assert!(world.desktop.shown().is_empty());
    (world, pipe)
}

#[tokio::test(start_paused = true)]
async fn the_backlog_waits_for_the_key() {
    let (mut world, pipe) = starting_with_a_slow_key().await;
    let giving = tokio::task::spawn_blocking(move || std::fs::write(pipe, KEY));
    assert!(shown(&mut world, 1).await.1.starts_with(OPEN_BODY));
    giving.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn messages_wait_three_seconds_for_the_key_and_only_once() {
    let (mut world, _pipe) = starting_with_a_slow_key().await;
    world.advance(Duration::from_secs(1)).await;
    assert_eq!(shown(&mut world, 1).await.1, "Encrypted message");
    // The next message does not wait again, and neither does a daemon that is stopping.
    send(&world, &[]);
    assert_eq!(shown(&mut world, 2).await.1, "Encrypted message");
    world.stop().await;
    let (mut world, _pipe) = starting_with_a_slow_key().await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_key_is_loaded_once_the_keyring_is_unlocked() {
    let mut world = World::after_initial_sync().await;
    world.give_key(KEY);
    world.lock.lock();
    world.start();
    world.advance(Duration::from_secs(3)).await;
    world.until("it is connected", World::is_connected).await;
    world.until_quiet().await;
    assert!(world.status().await.problems.is_empty());
    send(&world, &[]);
    assert!(shown(&mut world, 1).await.1.starts_with(OPEN_BODY));
}

#[tokio::test(start_paused = true)]
async fn an_unavailable_key_is_retried_for_encrypted_messages_but_not_for_each() {
    let mut world = connected_with("0123").await;
    send(&world, &[]);
    assert_eq!(shown(&mut world, 1).await.1, "Encrypted message");
    // The key is fixed, but the daemon is not notified.
    world.give_key(KEY);
    world.advance(Duration::from_secs(50)).await;
    send(&world, &[]);
    assert_eq!(shown(&mut world, 2).await.1, "Encrypted message");
    world.advance(Duration::from_secs(15)).await;
    assert!(world.status().await.problems.is_empty());
    send(&world, &[]);
    assert!(shown(&mut world, 3).await.1.starts_with(OPEN_BODY));
}

#[tokio::test(start_paused = true)]
async fn an_unavailable_key_is_retried_at_a_sync_by_the_user() {
    let mut world = connected_with("0123").await;
    world.give_key(KEY);
    command(&world, &Command::Sync).await;
    world.until_quiet().await;
    send(&world, &[]);
    assert!(shown(&mut world, 1).await.1.starts_with(OPEN_BODY));
    assert!(world.status().await.problems.is_empty());
}
