//! The last question: whether to start at login.

use std::fs;

use rustix::process::Signal;

use crate::stage::{AT_LOGIN, Stage};
use crate::terminal::{CTRL_C, CTRL_D, ENTER, ESC, Terminal};

/// The wizard at the last question.
fn wizard_at_login(stage: &Stage) -> Terminal {
    let mut wizard = stage.wizard_at_name();
    wizard.type_line("desk");
    wizard.until(AT_LOGIN);
    wizard
}

#[test]
fn yes_is_what_enter_means() {
    for keys in [ENTER, "y\r", "yes\r"] {
        let stage = Stage::new();
        let mut wizard = wizard_at_login(&stage);
        assert!(!stage.autostart_entry().exists());
        wizard.type_keys(keys);
        let text = stage.ended_well(wizard);
        assert!(text.contains("\nHandover starts at login from now on\n"), "{text}");
        let entry = fs::read_to_string(stage.autostart_entry()).expect("the entry");
        let exec = format!("\nExec={} run --at-login\n", env!("CARGO_BIN_EXE_handover"));
        assert!(entry.contains(&exec), "{entry}");
    }
}

#[test]
fn no_leaves_all_as_it_was() {
    let stage = Stage::new();
    let mut wizard = wizard_at_login(&stage);
    wizard.type_line("n");
    let text = stage.ended_well(wizard);
    assert!(text.contains("> Start Handover at login? No\n"), "{text}");
    assert!(
        text.ends_with("\nstart receiving with `handover run`\n") && !text.contains("from now on"),
        "{text}"
    );
    assert!(!stage.path("config/autostart").exists());
}

#[test]
fn it_is_not_asked_where_it_is_so_already() {
    let stage = Stage::new();
    let mut wizard = wizard_at_login(&stage);
    wizard.type_keys(ENTER);
    stage.ended_well(wizard);
    let mut wizard = stage.signed_in_wizard(&["--device-name", "attic"]);
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    let text = stage.ended_well(wizard);
    assert!(!text.contains("at login"), "{text}");
    assert!(stage.autostart_entry().exists());
}

#[test]
fn what_the_desktop_switched_off_stays_off_unless_the_user_says_yes() {
    let stage = Stage::new();
    let file = stage.autostart_entry();
    fs::create_dir_all(file.parent().expect("a folder")).expect("make it");
    let text = "[Desktop Entry]\nExec=sh\nHidden=true\nX-Handover-Autostart=true\n";
    fs::write(&file, text).expect("write an entry");
    let mut wizard = stage.wizard_at_name();
    wizard.type_line("desk");
    wizard.until("Start Handover at login? (y/N)");
    wizard.until(AT_LOGIN);
    wizard.type_keys(ENTER);
    stage.ended_well(wizard);
    assert_eq!(fs::read_to_string(&file).expect("the entry"), text);
}

#[test]
fn stopping_there_keeps_what_was_done() {
    let stop: [fn(&mut Terminal); 5] = [
        |wizard| wizard.type_keys(CTRL_C),
        |wizard| wizard.type_keys(ESC),
        |wizard| wizard.type_keys(CTRL_D),
        |wizard| wizard.signal(Signal::TERM),
        |wizard| wizard.signal(Signal::INT),
    ];
    for stop in stop {
        let stage = Stage::new();
        let mut wizard = wizard_at_login(&stage);
        stop(&mut wizard);
        let text = stage.ended_well(wizard);
        assert!(text.ends_with("stopped; the login is saved\n"), "{text}");
        assert_eq!(stage.saved_name().as_deref(), Some("desk"));
        assert!(!stage.autostart_entry().exists());
    }
}

#[test]
fn a_start_at_login_that_cannot_be_had_spoils_nothing() {
    let stage = Stage::new();
    let mut wizard = wizard_at_login(&stage);
    fs::write(stage.path("config/autostart"), "").expect("put a file in the place of the folder");
    wizard.type_keys(ENTER);
    let text = stage.ended_well(wizard);
    assert!(text.contains("\nstarting at login cannot be changed: "), "{text}");
    assert!(text.ends_with("\nstart receiving with `handover run`\n"), "{text}");
    assert_eq!(stage.saved_name().as_deref(), Some("desk"));
}
