//! `handover send setup`, and the wait for an emergency, on a terminal.

use std::fs;
use std::path::PathBuf;

use handover::sandbox::Endpoint;

use crate::harness::Harness;
use crate::terminal::{CTRL_C, ENTER, Terminal};

const TOKEN: &str = "Token of the application `default`";
const KEY: &str = "Key of the user or group `me`:";

/// A user whose account has a device, and the terminal on which they set up sending.
fn setup() -> (Harness, Terminal) {
    let harness = Harness::new();
    harness.sandbox.add_device("phone");
    let terminal = Terminal::start(&harness.command(&["send", "setup"]));
    (harness, terminal)
}

/// A setting with an application and a recipient whose secrets are in the file.
fn write_settings(harness: &Harness) {
    let account = harness.sandbox.account();
    let text = format!(
        "applications.a.token = '{}'\nrecipients.me.key = '{}'\n",
        account.app_token, account.user_key
    );
    fs::create_dir_all(harness.settings_file().parent().unwrap()).unwrap();
    fs::write(harness.settings_file(), text).unwrap();
}

#[test]
fn what_is_refused_is_asked_for_again_and_no_secret_is_shown() {
    let (harness, mut terminal) = setup();
    let account = harness.sandbox.account();
    let wrong = "w".repeat(30);
    terminal.until(TOKEN);
    terminal.type_line("short");
    terminal.until("error: the token cannot be used: it does not have 30 letters and digits");
    terminal.until(TOKEN);
    terminal.type_line(&wrong);
    terminal.until("error: the token cannot be used: the service refused");
    terminal.until("hint: copy the token of the application from https://pushover.net/apps");
    terminal.until(TOKEN);
    terminal.type_line(&account.app_token);
    terminal.until(KEY);
    terminal.type_line(&wrong);
    terminal.until("error: the key cannot be used: the service refused");
    assert_eq!(harness.left_behind(), Vec::<PathBuf>::new(), "nothing is stored before the key is accepted");
    terminal.until(KEY);
    terminal.type_line(&account.user_key);
    let finished = terminal.ended();
    assert_eq!((finished.code, finished.is_restored), (0, true), "{}", finished.text);
    let text = finished.text.replace('\r', "");
    for line in [
        "10000 of 10000 messages are left this month",
        "devices of `me`: phone",
        "try: handover send --to me hello",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    for secret in [&wrong, &account.app_token, &account.user_key] {
        assert!(!finished.raw.contains(secret.as_str()), "{secret} is on the screen: {text}");
    }
    let settings = fs::read_to_string(harness.settings_file()).unwrap();
    assert_eq!(settings, "[applications.default]\ndefault = true\n\n[recipients.me]\n");
    let sent = Terminal::start(&harness.command(&["send", "hello"])).ended();
    assert!(sent.code == 0 && sent.text.contains("sent to me"), "{}", sent.text);
}

#[test]
fn ctrl_c_at_either_question_leaves_nothing_behind() {
    for typed in [None, Some(())] {
        let (harness, mut terminal) = setup();
        terminal.until(TOKEN);
        if typed.is_some() {
            terminal.type_line(&harness.sandbox.account().app_token);
            terminal.until(KEY);
        }
        terminal.type_keys(CTRL_C);
        let finished = terminal.ended();
        assert_eq!((finished.code, finished.is_restored), (1, true), "{}", finished.text);
        assert!(finished.text.ends_with("error: setup stopped: nothing was saved\n"), "{}", finished.text);
        assert_eq!(harness.left_behind(), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_token_in_the_settings_is_kept_by_an_empty_answer() {
    let harness = Harness::new();
    harness.sandbox.add_device("phone");
    for token in ["token = 'TOKEN'", "token_command = ['echo', 'TOKEN']"] {
        let token = token.replace("TOKEN", &harness.sandbox.account().app_token);
        let file = harness.settings_file();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, format!("[applications.servers]\n{token}\n")).unwrap();
        let mut terminal = Terminal::start(&harness.command(&["send", "setup"]));
        terminal.until("Token of the application `servers`");
        terminal.type_keys(ENTER);
        terminal.until(KEY);
        terminal.type_line(&harness.sandbox.account().user_key);
        let finished = terminal.ended();
        assert_eq!(finished.code, 0, "{}", finished.text);
        assert!(fs::read_to_string(&file).unwrap().ends_with("\n[recipients.me]\n"));
        assert!(!harness.path("data/handover/application-servers.secret").exists());
    }
}

/// Sends an emergency, waits for it, and presses Ctrl-C; returns the terminal at the question, and the receipt.
fn interrupted_wait(harness: &Harness) -> (Terminal, String) {
    harness.sandbox.add_device("phone");
    write_settings(harness);
    let command = harness.command(&["send", "--priority", "emergency", "--wait", "fire"]);
    let mut terminal = Terminal::start(&command);
    terminal.until("receipt ");
    let receipt = terminal.until("\n").trim().to_owned();
    terminal.until("not acknowledged yet, last delivered ");
    terminal.type_keys(CTRL_C);
    terminal.until("Cancel the emergency? [y/N] ");
    (terminal, receipt)
}

fn cancellations(harness: &Harness) -> usize {
    harness.sandbox.journal().iter().filter(|request| request.path.ends_with("/cancel.json")).count()
}

#[test]
fn an_interrupted_wait_cancels_the_emergency_if_the_user_says_so() {
    let harness = Harness::new();
    let (mut terminal, _) = interrupted_wait(&harness);
    terminal.type_line("y");
    let finished = terminal.ended();
    assert_eq!((finished.code, finished.is_restored), (0, true), "{}", finished.text);
    assert!(finished.text.ends_with("cancelled\n"), "{}", finished.text);
    assert_eq!(cancellations(&harness), 1);
}

#[test]
fn an_interrupted_wait_lets_the_emergency_go_on_otherwise() {
    for keys in [ENTER, "n\r", CTRL_C] {
        let harness = Harness::new();
        let (mut terminal, receipt) = interrupted_wait(&harness);
        terminal.type_keys(keys);
        let finished = terminal.ended();
        assert_eq!((finished.code, finished.is_restored), (1, true), "{}", finished.text);
        let hint = format!("hint: `handover receipt {receipt} --application a --cancel` ends it");
        assert!(finished.text.contains("error: stopped waiting; the emergency goes on"), "{}", finished.text);
        assert!(finished.text.replace('\n', "").contains(&hint), "{}", finished.text);
        let sends =
            harness.sandbox.journal().iter().filter(|request| request.endpoint == Endpoint::Send).count();
        assert_eq!((cancellations(&harness), sends), (0, 1));
    }
}
