//! A service that cannot be reached, at every step, and comes back.

use handover::sandbox::{Endpoint, Fault};

use crate::harness::{CODE, Harness, choose};
use crate::terminal::{ENTER, Terminal};

/// Waits until the wizard offers to try again.
#[track_caller]
fn fails(wizard: &mut Terminal, what: &str) {
    wizard.until(&format!("{what} failed: "));
    wizard.until("> Try again");
}

#[test]
fn input_is_kept_until_the_service_is_back() {
    for fault in [Fault::Drop, Fault::status(503), Fault::Garbage] {
        let harness = Harness::with(Some(CODE));
        let faults = harness.sandbox.faults();
        faults.next(Endpoint::Login, fault.clone(), 2);
        let mut wizard = harness.signed_in_wizard(&[]);
        fails(&mut wizard, "Signing in");
        choose(&mut wizard, 0);
        fails(&mut wizard, "Signing in");
        choose(&mut wizard, 0);
        wizard.until("Two-factor code:");
        faults.next(Endpoint::Login, fault.clone(), 1);
        wizard.type_line(CODE);
        fails(&mut wizard, "Signing in");
        choose(&mut wizard, 0);
        wizard.until("When an emergency arrives here:");
        wizard.type_keys(ENTER);
        wizard.until("Name for this computer:");
        faults.next(Endpoint::Devices, Fault::Drop, 2);
        wizard.type_line("desk");
        fails(&mut wizard, "Registering this computer");
        choose(&mut wizard, 0);
        fails(&mut wizard, "Registering this computer");
        assert_eq!(harness.left_behind().len(), 0);
        choose(&mut wizard, 0);
        harness.finished(wizard);
        assert_eq!(harness.saved_name().as_deref(), Some("desk"), "{fault:?}");
    }
}

#[test]
fn input_can_be_changed_instead_of_retrying() {
    let harness = Harness::new();
    harness.sandbox.faults().next(Endpoint::Login, Fault::Drop, 1);
    let mut wizard = harness.signed_in_wizard(&[]);
    fails(&mut wizard, "Signing in");
    choose(&mut wizard, 1);
    wizard.until("Email address: sandbox@example.org");
    wizard.type_keys(ENTER);
    wizard.until("Password for sandbox@example.org:");
    wizard.type_line(crate::harness::PASSWORD);
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    wizard.until("Name for this computer:");
    harness.sandbox.faults().next(Endpoint::Devices, Fault::Drop, 1);
    wizard.type_line("desk");
    fails(&mut wizard, "Registering this computer");
    choose(&mut wizard, 1);
    wizard.until("Name for this computer:");
    wizard.type_line("attic");
    harness.finished(wizard);
    assert_eq!(harness.saved_name().as_deref(), Some("attic"));
    assert_eq!(harness.sandbox.devices().len(), 1);
}

#[test]
fn a_registration_whose_reply_was_lost_can_be_continued() {
    let harness = Harness::new();
    harness.sandbox.faults().next(Endpoint::Devices, Fault::DropAfter, 1);
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("desk");
    fails(&mut wizard, "Registering this computer");
    choose(&mut wizard, 0);
    wizard.until("The name desk is taken, possibly by this computer");
    wizard.until("Take over desk again");
    choose(&mut wizard, 0);
    harness.finished(wizard);
    assert_eq!(harness.saved_name().as_deref(), Some("desk"));
    assert_eq!(harness.sandbox.devices().len(), 1);
}

#[test]
fn an_expired_session_leads_back_to_the_password() {
    let harness = Harness::new();
    let mut wizard = harness.wizard_at_name();
    harness.sandbox.revoke_sessions();
    wizard.type_line("desk");
    wizard.until("Signing in failed: the service refused: secret is invalid");
    wizard.until("Password for sandbox@example.org:");
    wizard.type_line(crate::harness::PASSWORD);
    // Neither the name nor the choice about emergencies is asked again.
    harness.finished(wizard);
    assert_eq!(harness.saved_name().as_deref(), Some("desk"));
}

#[test]
fn the_login_is_kept_if_waiting_messages_cannot_be_downloaded() {
    let harness = Harness::new();
    harness.sandbox.faults().always(Endpoint::Download, Fault::Drop);
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("desk");
    let text = harness.finished(wizard);
    assert!(text.contains("\nsigned in as desk\nthe outstanding messages could not be fetched: "), "{text}");
    assert!(text.contains("; `handover start` will fetch them\n"), "{text}");
    assert_eq!(harness.saved_name().as_deref(), Some("desk"));
}
