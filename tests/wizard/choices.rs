//! The device's name: what it may be, and what to do when another device has it.

use std::fs;

use crate::harness::{AT_LOGIN, Harness, PASSWORD, choose};
use crate::terminal::{BACKSPACE, DOWN, ENTER, Terminal};

#[test]
fn an_invalid_device_name_is_reported_while_typing() {
    let harness = Harness::new();
    let mut wizard = harness.wizard_at_name();
    wizard.type_keys("my desk");
    wizard.until("it cannot contain spaces");
    // Enter does not get past it.
    wizard.type_keys(ENTER);
    wizard.until("it cannot contain spaces");
    wizard.type_keys(&BACKSPACE.repeat(5));
    wizard.type_keys("\u{fc}");
    wizard.until("it cannot contain \u{fc}");
    wizard.type_keys(BACKSPACE);
    wizard.type_keys(&"x".repeat(24));
    wizard.until("it cannot be longer than 25 characters");
    assert!(harness.sandbox.devices().is_empty());
    wizard.type_keys(BACKSPACE);
    wizard.type_keys(ENTER);
    harness.finished(wizard);
    assert_eq!(harness.saved_name(), Some(format!("my{}", "x".repeat(23))));
}

#[test]
fn another_name_can_be_chosen_if_the_first_is_in_use() {
    let harness = Harness::new();
    let (_, phone) = harness.sandbox.add_device("phone");
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("phone");
    wizard.until("Another device of the account is called phone.");
    wizard.until("What now?");
    choose(&mut wizard, 0);
    wizard.until("The name phone is taken.");
    wizard.until("Name for this computer: (phone-2) ");
    wizard.type_line("attic");
    harness.finished(wizard);
    assert_eq!(harness.saved_name().as_deref(), Some("attic"));
    assert!(harness.sandbox.devices().contains(&phone));
    assert!(harness.sandbox.journal().iter().all(|request| !request.params.contains_key("force")));
}

#[test]
fn a_device_name_in_use_is_taken_over_with_consent() {
    let harness = Harness::new();
    let (_, phone) = harness.sandbox.add_device("phone");
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("phone");
    wizard.until("Take over phone: the device that has it stops receiving");
    assert_eq!(harness.sandbox.devices(), std::slice::from_ref(&phone));
    choose(&mut wizard, 1);
    harness.finished(wizard);
    assert_eq!(harness.saved_name().as_deref(), Some("phone"));
    let devices = harness.sandbox.devices();
    assert!(devices.len() == 1 && devices[0] != phone, "{devices:?}");
    assert_eq!(harness.login().unwrap()["device_id"], devices[0].as_str());
}

#[test]
fn an_enter_typed_ahead_is_not_consent() {
    let harness = Harness::new();
    harness.sandbox.add_device("phone");
    let gate = handover::sandbox::Gate::new();
    let held = handover::sandbox::Fault::Gate(gate.clone());
    harness.sandbox.faults().next(handover::sandbox::Endpoint::Devices, held, 1);
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("phone");
    harness.wait_for(gate.reached(1));
    // This Enter is typed before the question is shown.
    wizard.type_keys(&format!("{DOWN}{ENTER}"));
    gate.open();
    wizard.until("What now?");
    wizard.type_keys(ENTER);
    wizard.until("The name phone is taken.");
    wizard.type_keys(ENTER);
    harness.finished(wizard);
    assert_eq!(harness.saved_name().as_deref(), Some("phone-2"));
}

#[test]
fn signing_in_again_offers_the_same_name_first() {
    let harness = Harness::new();
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("attic");
    harness.finished(wizard);
    let first = harness.login();
    harness.sandbox.revoke_sessions();

    let mut wizard = harness.signed_in_wizard(&[]);
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    wizard.until("Name for this computer: (attic)");
    wizard.type_keys(ENTER);
    wizard.until("This computer was registered as attic before.");
    wizard.until("Take over attic again");
    assert_eq!(harness.login(), first, "the old login is kept until there is a new one");
    choose(&mut wizard, 0);
    harness.finished(wizard);
    assert_eq!(harness.saved_name().as_deref(), Some("attic"));
    assert_ne!(harness.login(), first);
    assert_eq!(harness.sandbox.devices().len(), 1);
}

#[test]
fn signing_in_after_signing_out_offers_the_address_and_the_name_from_before() {
    let harness = Harness::new();
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("attic");
    harness.finished(wizard);
    let said = Terminal::start(&harness.command(&["logout"])).ended();
    let stays = "the device attic stays registered with the service; remove it at https://pushover.net";
    assert!(said.text.contains(stays), "{}", said.text);
    assert_eq!(harness.login(), None);
    let mut wizard = harness.wizard(&[]);
    wizard.until("Email address: (sandbox@example.org) ");
    wizard.type_keys(ENTER);
    wizard.until("Password for sandbox@example.org:");
    wizard.type_line(PASSWORD);
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    wizard.until("Name for this computer: (attic) ");
    wizard.type_keys(ENTER);
    wizard.until("Take over attic again");
    choose(&mut wizard, 0);
    harness.finished(wizard);
    assert_eq!(harness.saved_name().as_deref(), Some("attic"));
    assert_eq!(harness.sandbox.devices().len(), 1);
}

#[test]
fn with_too_many_devices_one_can_be_taken_over() {
    let harness = Harness::new();
    harness.sandbox.add_device("phone");
    harness.sandbox.switch(|switches| switches.max_devices = 1);
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("desk");
    wizard.until("Registering this computer failed: ");
    wizard.until("type the name of one to take it over");
    wizard.until("Name for this computer: desk");
    wizard.type_keys(&BACKSPACE.repeat(4));
    wizard.type_line("phone");
    wizard.until("What now?");
    choose(&mut wizard, 1);
    harness.finished(wizard);
    assert_eq!(harness.saved_name().as_deref(), Some("phone"));
}

#[test]
fn a_running_daemon_continues_with_the_new_login() {
    let harness = Harness::new();
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("desk");
    harness.finished(wizard);
    let daemon = harness.daemon();
    let mut wizard = harness.signed_in_wizard(&["--device-name", "attic"]);
    wizard.until("When an emergency arrives here:");
    choose(&mut wizard, 2);
    wizard.until(AT_LOGIN);
    wizard.type_line("n");
    let text = harness.ended_successfully(wizard);
    // The words of `handover status`: "nothing new" would be wrong for who looks at what waited and was downloaded before.
    let expected = "\nsigned in as attic\nthe running daemon now uses this login\nthe daemon reports: Connected as attic\n";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("\nit now uses your new choice for emergencies\n"), "{text}");
    assert!(!text.contains("start receiving with"), "{text}");
    drop(daemon);
}

#[test]
fn a_choice_about_emergencies_on_the_command_line_is_not_asked_for() {
    let harness = Harness::new();
    let flags = ["--device-name", "desk", "--emergency", "always", "--terminal"];
    let text = harness.finished(harness.signed_in_wizard(&flags));
    assert!(!text.contains("When an emergency arrives here:"), "{text}");
    assert_eq!(fs::read_to_string(harness.settings_file()).unwrap(), "emergency = \"always\"\n");
}

#[test]
fn the_chosen_secret_store_is_saved() {
    let harness = Harness::new();
    let mut wizard =
        harness.signed_in_wizard(&["--device-name", "desk", "--secret-store", "file", "--terminal"]);
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    harness.finished(wizard);
    let settings = fs::read_to_string(harness.settings_file()).unwrap();
    assert_eq!(settings, "emergency = \"auto\"\nsecret_store = \"file\"\n");
}
