//! The last questions: whether to start at login, and whether to start now.

use std::fs;

use rustix::process::Signal;

use crate::harness::{AT_LOGIN, Harness, START_NOW};
use crate::terminal::{CTRL_C, CTRL_D, ENTER, ESC, Terminal};

/// The wizard at the last question.
fn wizard_at_login(harness: &Harness) -> Terminal {
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("desk");
    wizard.until(AT_LOGIN);
    wizard
}

#[test]
fn enter_means_yes() {
    for keys in [ENTER, "y\r", "yes\r", "n\x15Y\r", "maybe\r\x17y\r"] {
        let harness = Harness::new();
        let mut wizard = wizard_at_login(&harness);
        assert!(!harness.autostart_entry().exists());
        wizard.type_keys(keys);
        let text = harness.ended_without_start(wizard);
        assert!(text.contains("\nHandover will start at login\n"), "{text}");
        let entry = fs::read_to_string(harness.autostart_entry()).expect("the entry");
        let exec = format!("\nExec={} run --at-login\n", env!("CARGO_BIN_EXE_handover"));
        assert!(entry.contains(&exec), "{entry}");
    }
}

#[test]
fn no_changes_nothing() {
    let harness = Harness::new();
    let mut wizard = wizard_at_login(&harness);
    wizard.type_line("n");
    let text = harness.ended_without_start(wizard);
    assert!(text.contains("> Start Handover at login? No\n"), "{text}");
    assert!(
        text.ends_with("\nstart receiving with `handover start`\n") && !text.contains("will start"),
        "{text}"
    );
    assert!(!harness.path("config/autostart").exists());
}

#[test]
fn a_flag_answers_the_question() {
    for (choice, said) in
        [("on", "Handover will start at login"), ("off", "Handover does not start at login")]
    {
        let harness = Harness::new();
        let flags = ["--device-name", "desk", "--emergency", "auto", "--autostart", choice];
        let text = harness.ended_successfully(harness.signed_in_wizard(&flags));
        assert!(text.contains(&format!("\n{said}\n")) && !text.contains("at login?"), "{text}");
        assert_eq!(harness.autostart_entry().exists(), choice == "on");
    }
}

#[test]
fn the_question_is_skipped_if_autostart_is_on() {
    let harness = Harness::new();
    let mut wizard = wizard_at_login(&harness);
    wizard.type_keys(ENTER);
    harness.ended_without_start(wizard);
    let mut wizard = harness.signed_in_wizard(&["--device-name", "attic"]);
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    let text = harness.ended_without_start(wizard);
    assert!(!text.contains("at login"), "{text}");
    assert!(harness.autostart_entry().exists());
}

#[test]
fn an_entry_switched_off_by_the_desktop_stays_off_unless_the_user_says_yes() {
    let harness = Harness::new();
    let file = harness.autostart_entry();
    fs::create_dir_all(file.parent().expect("a folder")).expect("make it");
    let text = "[Desktop Entry]\nExec=sh\nHidden=true\nX-Handover-Autostart=true\n";
    fs::write(&file, text).expect("write an entry");
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("desk");
    wizard.until("Start Handover at login? (y/N)");
    wizard.until(AT_LOGIN);
    wizard.type_keys(ENTER);
    harness.ended_without_start(wizard);
    assert_eq!(fs::read_to_string(&file).expect("the entry"), text);
}

#[test]
fn stopping_at_this_question_keeps_the_login() {
    let stop: [fn(&mut Terminal); 5] = [
        |wizard| wizard.type_keys(CTRL_C),
        |wizard| wizard.type_keys(ESC),
        |wizard| wizard.type_keys(CTRL_D),
        |wizard| wizard.signal(Signal::TERM),
        |wizard| wizard.signal(Signal::INT),
    ];
    for stop in stop {
        let harness = Harness::new();
        let mut wizard = wizard_at_login(&harness);
        stop(&mut wizard);
        let text = harness.ended_successfully(wizard);
        assert!(text.ends_with("stopped; the login is saved\n"), "{text}");
        assert_eq!(harness.saved_name().as_deref(), Some("desk"));
        assert!(!harness.autostart_entry().exists());
    }
}

#[test]
fn an_autostart_error_does_not_undo_the_login() {
    let harness = Harness::new();
    let mut wizard = wizard_at_login(&harness);
    fs::write(harness.path("config/autostart"), "").expect("put a file in the place of the folder");
    wizard.type_keys(ENTER);
    let text = harness.ended_without_start(wizard);
    assert!(text.contains("\nautostart cannot be changed: "), "{text}");
    assert!(text.ends_with("\nstart receiving with `handover start`\n"), "{text}");
    assert_eq!(harness.saved_name().as_deref(), Some("desk"));
}

#[test]
fn the_daemon_is_started_in_the_background_on_request() {
    let harness = Harness::new();
    let mut wizard = wizard_at_login(&harness);
    wizard.type_line("n");
    wizard.until(START_NOW);
    let before = harness.sandbox.counters().socket_logins;
    wizard.type_keys(ENTER);
    let text = harness.ended_successfully(wizard);
    let said = "\nstarted in the background: Connected as desk; `handover status` shows details, `handover quit` stops it\n";
    assert!(text.ends_with(said), "{text}");
    harness.until(|now| now.socket_logins > before);
    let quit = harness.command(&["quit"]).output().expect("run the command");
    assert!(quit.status.success(), "{quit:?}");
}

#[test]
fn stopping_at_the_last_question_keeps_everything() {
    let harness = Harness::new();
    let mut wizard = wizard_at_login(&harness);
    wizard.type_keys(ENTER);
    wizard.until(START_NOW);
    wizard.type_keys(CTRL_C);
    let text = harness.ended_successfully(wizard);
    assert!(text.ends_with("\nstart receiving with `handover start`\n"), "{text}");
    assert!(harness.autostart_entry().exists());
}
