//! A service that is away, at every step, and comes back.

use handover::sandbox::{Endpoint, Fault};

use crate::stage::{CODE, Stage, choose};
use crate::terminal::{ENTER, Terminal};

/// Waits until it offers to try again.
#[track_caller]
fn fails(wizard: &mut Terminal, what: &str) {
    wizard.until(&format!("{what} failed: "));
    wizard.until("> Try again");
}

#[test]
fn whatever_was_typed_is_kept_until_the_service_is_back() {
    for fault in [Fault::Drop, Fault::status(503), Fault::Garbage] {
        let stage = Stage::with(Some(CODE));
        let faults = stage.sandbox.faults();
        faults.next(Endpoint::Login, fault.clone(), 2);
        let mut wizard = stage.signed_in_wizard(&[]);
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
        assert_eq!(stage.left_behind().len(), 0);
        choose(&mut wizard, 0);
        stage.well(wizard);
        assert_eq!(stage.saved_name().as_deref(), Some("desk"), "{fault:?}");
    }
}

#[test]
fn instead_of_trying_again_what_was_typed_can_be_changed() {
    let stage = Stage::new();
    stage.sandbox.faults().next(Endpoint::Login, Fault::Drop, 1);
    let mut wizard = stage.signed_in_wizard(&[]);
    fails(&mut wizard, "Signing in");
    choose(&mut wizard, 1);
    wizard.until("Email address: sandbox@example.org");
    wizard.type_keys(ENTER);
    wizard.until("Password of sandbox@example.org:");
    wizard.type_line(crate::stage::PASSWORD);
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    wizard.until("Name for this computer:");
    stage.sandbox.faults().next(Endpoint::Devices, Fault::Drop, 1);
    wizard.type_line("desk");
    fails(&mut wizard, "Registering this computer");
    choose(&mut wizard, 1);
    wizard.until("Name for this computer:");
    wizard.type_line("attic");
    stage.well(wizard);
    assert_eq!(stage.saved_name().as_deref(), Some("attic"));
    assert_eq!(stage.sandbox.devices().len(), 1);
}

#[test]
fn a_registration_that_was_done_without_an_answer_is_no_trap() {
    let stage = Stage::new();
    stage.sandbox.faults().next(Endpoint::Devices, Fault::DropAfter, 1);
    let mut wizard = stage.wizard_at_name();
    wizard.type_line("desk");
    fails(&mut wizard, "Registering this computer");
    choose(&mut wizard, 0);
    wizard.until("The name desk is taken, perhaps by this very computer");
    wizard.until("Take desk over again");
    choose(&mut wizard, 0);
    stage.well(wizard);
    assert_eq!(stage.saved_name().as_deref(), Some("desk"));
    assert_eq!(stage.sandbox.devices().len(), 1);
}

#[test]
fn a_session_that_ends_meanwhile_leads_back_to_the_password() {
    let stage = Stage::new();
    let mut wizard = stage.wizard_at_name();
    stage.sandbox.revoke_sessions();
    wizard.type_line("desk");
    wizard.until("Signing in failed: the service refused: secret is invalid");
    wizard.until("Password of sandbox@example.org:");
    wizard.type_line(crate::stage::PASSWORD);
    // Neither the name nor the choice is asked again.
    stage.well(wizard);
    assert_eq!(stage.saved_name().as_deref(), Some("desk"));
}

#[test]
fn a_login_is_kept_although_what_waits_cannot_be_fetched() {
    let stage = Stage::new();
    stage.sandbox.faults().always(Endpoint::Download, Fault::Drop);
    let mut wizard = stage.wizard_at_name();
    wizard.type_line("desk");
    let text = stage.well(wizard);
    assert!(text.contains("\nsigned in as desk\nthe outstanding messages could not be fetched: "), "{text}");
    assert!(text.contains("; `handover run` will fetch them\n"), "{text}");
    assert_eq!(stage.saved_name().as_deref(), Some("desk"));
}
