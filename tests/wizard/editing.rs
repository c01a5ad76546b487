//! The keys that edit a line, which are those of a shell.

use crate::harness::{EMAIL, Harness, PASSWORD};
use crate::terminal::{BACKSPACE, CTRL_A, CTRL_D, CTRL_E, CTRL_K, CTRL_U, CTRL_W, CTRL_Y, ENTER};

const LEFT: &str = "\x1b[D";
const HOME: &str = "\x1b[H";
const DELETE: &str = "\x1b[3~";
const ALT_B: &str = "\x1bb";
const CTRL_X: &str = "\x18";

#[test]
fn the_keys_of_a_shell_edit_a_line() {
    let harness = Harness::new();
    let mut wizard = harness.wizard_at_name();
    for (keys, left) in [
        (format!("typo{CTRL_U}attic"), "attic"),
        (format!("ttic{CTRL_A}a{CTRL_E}-1"), "attic-1"),
        (format!("attic-old{ALT_B}{CTRL_K}new"), "attic-new"),
        (format!("attic two{CTRL_W}2"), "attic 2"),
        (format!("desk{CTRL_U}{CTRL_Y}{CTRL_Y}"), "deskdesk"),
        (format!("xdesk{HOME}{DELETE}"), "desk"),
        (format!("dexsk{LEFT}{LEFT}{BACKSPACE}"), "desk"),
        (format!("xdesk{CTRL_A}{CTRL_D}"), "desk"),
        (format!("desk{CTRL_X}"), "desk"),
    ] {
        wizard.type_keys(&keys);
        wizard.until(&format!(") {left}\n"));
        wizard.type_keys(&format!("{CTRL_E}{CTRL_U}"));
        wizard.until(") \n");
    }
    wizard.type_line("attic");
    harness.finished(wizard);
    assert_eq!(harness.saved_name().as_deref(), Some("attic"));
}

#[test]
fn a_mistyped_password_can_be_removed_at_once() {
    let harness = Harness::new();
    let mut wizard = harness.wizard(&["--email", EMAIL, "--device-name", "desk"]);
    wizard.until("Password for sandbox@example.org:");
    wizard.type_keys("hunter2");
    wizard.until("*******");
    wizard.type_keys(CTRL_U);
    wizard.type_line(PASSWORD);
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    let text = harness.finished(wizard);
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_line_that_does_not_fit_stays_on_one_row() {
    let harness = Harness::new();
    let mut wizard = harness.wizard(&["--device-name", "desk"]);
    wizard.until("Email address:");
    let long = format!("{}@example.org", "very-long-name-".repeat(8));
    wizard.type_keys(&long);
    wizard.until("very-long-name-@example.org");
    wizard.type_keys(CTRL_A);
    wizard.until(&format!("Email address: {}", long.get(..60).expect("plain letters")));
    wizard.type_keys(CTRL_K);
    wizard.type_line(EMAIL);
    wizard.until("Password for sandbox@example.org:");
    wizard.type_line(PASSWORD);
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    let text = harness.finished(wizard);
    assert!(text.contains("> Email address: sandbox@example.org\n"), "{text}");
}
