//! Tests end-to-end encrypted messages, with a key from a command or from `setup`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::process::Running;
use crate::support::e2ee::{BODY, KEY, OPEN_BODY, OPEN_TITLE, OPEN_URL, TITLE, URL, WORDS, WRONG_KEY};
use crate::support::harness::Harness;

fn send(harness: &Harness) {
    harness.send_with(BODY, &[("encrypted", "1"), ("title", TITLE), ("url", URL)]);
}

fn key_file(harness: &Harness) -> PathBuf {
    harness.user.path("data/handover/encryption-key")
}

async fn give(harness: &Harness, key: &str) -> String {
    harness.user.handover_with_input(&["setup", "--encryption-key"], &format!("{key}\n")).await.succeeded()
}

/// Writes a script that prints the key.
fn use_command(harness: &Harness, script: &str) {
    harness.user.settings(&format!("[encryption]\nkey_command = ['sh', '-c', '{script}']\n"));
}

async fn until_problems_are(harness: &Harness, expected: &[&str]) {
    harness.until_status("the problems", |status| status["problems"] == json!(expected)).await;
}

/// Fails if these words are in any file of the user except one.
fn assert_nowhere(harness: &Harness, words: &[&str], but: &str) {
    let mut folders = vec![harness.user.path("")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("read a folder") {
            let path = entry.expect("read a folder").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            // A socket cannot be read.
            let Ok(bytes) = fs::read(&path) else { continue };
            for word in words {
                let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
                assert!(!found || path.ends_with(but), "{word} is in {}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn a_key_given_to_setup_decrypts_new_and_earlier_messages() {
    let mut harness = Harness::signed_in().await;
    harness.user.set("HANDOVER_LOG", "trace");
    let daemon = harness.connected().await;
    send(&harness);
    let notification = harness.server.next_shown().await;
    assert_eq!((notification.title.as_str(), notification.body.as_str()), ("Sandbox", "Encrypted message"));
    let listed = harness.user.handover(&["messages"]).await;
    assert!(listed.out.ends_with("  Sandbox  [unread]\n    Encrypted message\n"), "{listed:?}");

    let given =
        harness.user.handover_with_input(&["setup", "--encryption-key"], &format!(" {KEY} \nmore\n")).await;
    let file = key_file(&harness);
    assert_eq!(given.out, format!("the encryption key is stored in the file {}\n", file.display()));
    assert_eq!(fs::metadata(&file).expect("the key's file").permissions().mode() & 0o777, 0o600);
    // The running daemon uses it at once.
    send(&harness);
    let open = harness.server.next_shown().await;
    assert_eq!(open.title, format!("{OPEN_TITLE} — Sandbox"));
    assert!(open.body.starts_with(OPEN_BODY), "{}", open.body);
    let cmdline =
        fs::read(format!("/proc/{}/cmdline", daemon.pid().as_raw_nonzero())).expect("its arguments");
    assert!(!String::from_utf8_lossy(&cmdline).contains(KEY));

    // This includes the message from before. Here diagnostics are on standard error as well.
    let listed = harness.user.handover(&["messages"]).await.out;
    assert_eq!(listed.matches(OPEN_BODY).count(), 2, "{listed}");
    assert!(listed.contains(OPEN_TITLE) && listed.contains(OPEN_URL), "{listed}");
    assert_eq!(harness.user.messages_of(&["--search", "keller peg"]).await.len(), 2);
    assert_eq!(harness.user.messages_of(&["--search", "keller peg", "--limit", "1"]).await.len(), 1);
    let nothing = harness.user.handover(&["messages", "--search", "Dach"]).await;
    assert_eq!(
        (nothing.code, nothing.out.as_str(), nothing.err.as_str()),
        (Some(0), "", "no matching messages\n")
    );
    let reports = harness.user.handover(&["messages", "--json"]).await.out;
    for line in reports.lines() {
        let report: Value = serde_json::from_str(line).expect("a JSON object");
        assert_eq!(
            (&report["encrypted"], &report["problem"], &report["title"], &report["url"]),
            (&json!(false), &json!(null), &json!(OPEN_TITLE), &json!(OPEN_URL))
        );
    }
    assert_nowhere(&harness, &WORDS, "");
    assert_nowhere(&harness, &[KEY], "encryption-key");

    // The key is removed together with the login.
    let said = harness.user.handover(&["logout"]).await.out;
    assert!(
        said.starts_with("signed out; the encryption key was removed; the messages are kept\n"),
        "{said}"
    );
    assert!(!file.exists());
    let log = daemon.stop(Signal::TERM).await.0.err + &given.err;
    assert!(log.contains("an encryption key is available\n"), "there is a log: {log}");
    for word in [&WORDS[..], &[KEY]].concat() {
        assert!(!log.contains(word), "{word} is in the log");
    }
}

#[tokio::test]
async fn an_invalid_key_is_refused_and_an_empty_one_deletes_the_key() {
    let harness = Harness::signed_in().await;
    let set_key =
        async |input: &str| harness.user.handover_with_input(&["setup", "--encryption-key"], input).await;
    let said = set_key("0123\n").await.failed(1);
    assert_eq!(said, "error: no key was saved: a key has 64 hexadecimal digits\n");
    let said = set_key("").await.failed(1);
    let expected = "error: the encryption key cannot be read: standard input is empty\n\
        hint: give the key as its first line, or an empty line to remove the current key\n";
    assert_eq!(said, expected);
    assert_eq!(set_key("\n").await.succeeded(), "there was no encryption key\n");
    give(&harness, KEY).await;
    set_key("nonsense\n").await.failed(1);
    assert!(key_file(&harness).exists());
    assert_eq!(set_key("\n").await.succeeded(), "the encryption key was removed\n");
    assert!(!key_file(&harness).exists());
    let said = harness.user.handover(&["logout"]).await.succeeded();
    assert!(said.starts_with("signed out; the messages are kept\n"), "{said}");
    let both = harness.user.handover(&["setup", "--encryption-key", "--take-over"]).await;
    assert_eq!(both.code, Some(2), "{both:?}");
}

#[tokio::test]
async fn the_key_command_takes_precedence_over_the_stored_key() {
    let harness = Harness::signed_in().await;
    let given = give(&harness, WRONG_KEY).await;
    assert!(!given.contains("key_command"), "{given}");
    use_command(&harness, &format!("echo {KEY}; echo more"));
    assert!(
        give(&harness, WRONG_KEY)
            .await
            .ends_with("\nit is not used while `key_command` is set in the settings\n")
    );
    let daemon = harness.connected().await;
    send(&harness);
    assert!(harness.server.next_shown().await.body.starts_with(OPEN_BODY));
    let doctor = harness.user.handover(&["doctor"]).await.out;
    assert!(
        doctor.contains("ok       encryption     encrypted messages can be read; the key is from"),
        "{doctor}"
    );

    // Without the command the stored key is used, which is the wrong one.
    harness.user.settings("# none\n");
    daemon.until_logged_times("the settings were changed", 1).await;
    give(&harness, WRONG_KEY).await;
    send(&harness);
    let notification = harness.server.next_shown().await.body;
    assert_eq!(notification, "Encrypted message\n(it was encrypted with another key)");
    let listed = harness.user.handover(&["messages"]).await.succeeded();
    assert_eq!(
        listed.matches("\n    Encrypted message\n    (it was encrypted with another key)\n").count(),
        2
    );
    let report = harness.user.messages().await.remove(0);
    assert_eq!(
        (&report["encrypted"], &report["problem"], &report["text"]),
        (&json!(true), &json!("it was encrypted with another key"), &json!("Encrypted message"))
    );
    assert_eq!((&report["title"], &report["url"]), (&json!(null), &json!(null)), "ciphertext is never shown");
}

#[tokio::test]
async fn a_failing_key_command_is_reported_and_messages_are_still_listed() {
    let harness = Harness::signed_in().await;
    use_command(&harness, "echo hunter2; exit 3");
    let daemon = harness.connected().await;
    let said = "encrypted messages cannot be read: key_command printed no key: it exited with code 3";
    until_problems_are(&harness, &[said]).await;
    send(&harness);
    assert_eq!(harness.server.next_shown().await.body, "Encrypted message");
    let listed = harness.user.handover(&["messages"]).await;
    assert_eq!((listed.code, listed.err), (Some(0), format!("{said}\n")));
    assert!(listed.out.ends_with("\n    Encrypted message\n"), "{}", listed.out);
    let doctor = harness.user.handover(&["doctor", "--json"]).await.out;
    let doctor: Value = serde_json::from_str(&doctor).expect("a JSON object");
    let checks = doctor["checks"].as_array().expect("a list");
    let found = checks.iter().find(|check| check["name"] == "encryption").expect("the check");
    let hint = "fix `key_command` in the settings: it has to print 64 hexadecimal digits";
    assert_eq!(*found, json!({"name": "encryption", "outcome": "warning", "message": said, "hint": hint}));

    use_command(&harness, "echo hunter2");
    let no_key = "its output is not 64 hexadecimal digits";
    let said = format!("encrypted messages cannot be read: key_command printed no key: {no_key}");
    until_problems_are(&harness, &[&said]).await;
    use_command(&harness, &format!("echo {KEY}"));
    until_problems_are(&harness, &[]).await;
    send(&harness);
    assert!(harness.server.next_shown().await.body.starts_with(OPEN_BODY));
    let log = daemon.kill().await.err;
    assert!(!log.contains("hunter2") && !log.contains(KEY), "{log}");
}

/// Starts a daemon, and waits only for its first download.
async fn started(harness: &Harness) -> Running {
    let before = harness.sandbox.counters();
    let daemon = harness.user.daemon();
    harness.until("a download", |now| now.downloads > before.downloads).await;
    daemon
}

#[tokio::test]
async fn a_hanging_key_command_delays_only_encrypted_messages_and_briefly() {
    let harness = Harness::signed_in().await;
    use_command(&harness, "echo $$ > pid; mv pid begun; sleep 1000 & wait");
    let daemon = started(&harness).await;
    harness.send("in the clear");
    assert_eq!(harness.server.next_shown().await.body, "in the clear");
    send(&harness);
    assert_eq!(harness.server.next_shown().await.body, "Encrypted message");
    // From here on nothing waits for the key.
    send(&harness);
    assert_eq!(harness.server.next_shown().await.body, "Encrypted message");
    assert_eq!(harness.user.status().await["problems"], json!([]), "it has not ended yet");
    let said = "encrypted messages cannot be read: key_command printed no key: it was killed after 10 s";
    until_problems_are(&harness, &[said]).await;
    let pid = fs::read_to_string(harness.user.path("begun")).expect("it began");
    let status = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    assert!(status.is_err(), "it lives on: {status:?}");
    // A command that hangs while the daemon stops is ended with it.
    fs::remove_file(harness.user.path("begun")).expect("it was there");
    use_command(&harness, "echo $$ > pid; mv pid begun; sleep 1001 & wait");
    harness.until_status("it runs", |_| harness.user.path("begun").exists()).await;
    let (finished, span) = daemon.stop(Signal::TERM).await;
    assert_eq!(finished.code, Some(0), "{}", finished.err);
    assert!(span < Duration::from_secs(1), "{span:?}");
}

#[tokio::test]
async fn the_hook_receives_the_decrypted_message() {
    let harness = Harness::signed_in().await;
    give(&harness, KEY).await;
    harness.user.settings(
        "[hook]\ncommand = ['sh', '-c', 'cat > in; echo \"$HANDOVER_TITLE|$HANDOVER_ENCRYPTED\" > title; mv in json']\n",
    );
    let _daemon = harness.connected().await;
    send(&harness);
    let given = harness.user.path("json");
    harness.until_status("the hook ran", |_| given.exists()).await;
    let report: Value =
        serde_json::from_slice(&fs::read(given).expect("what it was given")).expect("it is JSON");
    assert_eq!((&report["title"], &report["encrypted"]), (&json!(OPEN_TITLE), &json!(false)));
    let variables = || fs::read_to_string(harness.user.path("title")).expect("the variables");
    assert_eq!(variables(), format!("{OPEN_TITLE}|\n"));
    // Without the key the hook is told that the message cannot be read.
    fs::remove_file(harness.user.path("json")).expect("it was there");
    give(&harness, WRONG_KEY).await;
    send(&harness);
    harness.until_status("the hook ran again", |_| harness.user.path("json").exists()).await;
    assert_eq!(variables(), "|1\n");
    let report = fs::read(harness.user.path("json")).expect("what it was given");
    let report: Value = serde_json::from_slice(&report).expect("it is JSON");
    assert_eq!(report["text"], "Encrypted message");
}
