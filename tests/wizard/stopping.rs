//! Stopping, at every step and by every key: nothing is saved, and the terminal is as it was.

use handover::sandbox::{Endpoint, Fault, Gate};
use rustix::process::Signal;

use crate::stage::{CODE, EMAIL, PASSWORD, Stage};
use crate::terminal::{CTRL_C, CTRL_D, ENTER, ESC, Terminal};

#[test]
fn without_a_login_the_daemon_does_not_start_at_a_terminal() {
    let stage = Stage::new();
    let finished = Terminal::start(&stage.command(&["run"])).ended();
    assert_eq!(finished.code, 3);
    assert!(finished.text.contains("error: not signed in: no login is saved here"), "{}", finished.text);
    assert!(finished.text.contains("hint: run `handover setup` to sign in"), "{}", finished.text);
}

/// Leads the wizard to a question.
type Lead = fn(&Stage) -> Terminal;

/// Leads the wizard to every question there is, and leaves it there.
const STEPS: [(&str, Lead); 9] = [
    ("Email address:", |stage| stage.wizard(&[])),
    ("Password of me@example.org:", |stage| stage.wizard(&["--email", "me@example.org"])),
    ("Two-factor code:", |stage| stage.signed_in_wizard(&[])),
    ("When an emergency arrives here:", |stage| stage.signed_in_wizard(&["--two-factor", CODE])),
    ("Name for this computer:", at_name),
    ("is called phone.", |stage| {
        stage.sandbox.add_device("phone");
        let mut wizard = at_name(stage);
        wizard.until("Name for this computer:");
        wizard.type_line("phone");
        wizard
    }),
    ("Signing in failed", |stage| {
        stage.sandbox.faults().next(Endpoint::Login, Fault::Drop, 1);
        stage.signed_in_wizard(&[])
    }),
    ("Registering this computer failed", |stage| {
        stage.sandbox.faults().next(Endpoint::Devices, Fault::Drop, 1);
        let mut wizard = at_name(stage);
        wizard.until("Name for this computer:");
        wizard.type_line("desk");
        wizard
    }),
    ("Signing in failed: the service refused", |stage| {
        let mut wizard = stage.wizard(&["--email", EMAIL]);
        wizard.until("Password of");
        wizard.type_line("wrong");
        wizard
    }),
];

/// What the prompt of a step shows last.
fn prompt_of(step: &str) -> &str {
    match step {
        "is called phone."
        | "Signing in failed"
        | "Registering this computer failed"
        | "When an emergency arrives here:" => "Enter chooses]",
        "Signing in failed: the service refused" => "to change the address]",
        step => step,
    }
}

fn at_name(stage: &Stage) -> Terminal {
    let mut wizard = stage.signed_in_wizard(&["--two-factor", CODE]);
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    wizard
}

#[test]
fn every_question_can_be_left_by_ctrl_c() {
    for (step, lead) in STEPS {
        let stage = Stage::with(Some(CODE));
        let mut wizard = lead(&stage);
        wizard.until(step);
        if prompt_of(step) != step {
            wizard.until(prompt_of(step));
        }
        wizard.type_keys(CTRL_C);
        stage.stopped(wizard);
    }
}

#[test]
fn esc_and_the_end_of_input_leave_as_well() {
    for key in [ESC, CTRL_D] {
        for (step, lead) in STEPS.into_iter().take(4) {
            let stage = Stage::with(Some(CODE));
            let mut wizard = lead(&stage);
            wizard.until(step);
            wizard.type_keys(key);
            stage.stopped(wizard);
        }
    }
}

#[test]
fn a_request_under_way_can_be_left() {
    for endpoint in [Endpoint::Login, Endpoint::Devices] {
        let stage = Stage::new();
        let gate = Gate::new();
        stage.sandbox.faults().next(endpoint, Fault::Gate(gate.clone()), 1);
        let mut wizard = if endpoint == Endpoint::Login {
            stage.signed_in_wizard(&[])
        } else {
            let mut wizard = stage.wizard_at_name();
            wizard.type_line("desk");
            wizard
        };
        stage.wait_for(gate.reached(1));
        wizard.type_keys(CTRL_C);
        stage.stopped(wizard);
    }
}

#[test]
fn a_signal_from_outside_leaves_the_terminal_as_it_was() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        for (step, lead) in STEPS.into_iter().take(4) {
            let stage = Stage::with(Some(CODE));
            let mut wizard = lead(&stage);
            wizard.until(step);
            wizard.signal(signal);
            stage.stopped(wizard);
        }
    }
}

#[test]
fn after_the_login_was_saved_only_the_check_is_left() {
    let stage = Stage::new();
    let gate = Gate::new();
    stage.sandbox.faults().next(Endpoint::Download, Fault::Gate(gate.clone()), 1);
    let mut wizard = stage.wizard_at_name();
    wizard.type_line("desk");
    stage.wait_for(gate.reached(1));
    wizard.type_keys(CTRL_C);
    let text = stage.ended_well(wizard);
    assert!(text.ends_with("stopped; `handover run` will do the rest\n"), "{text}");
    assert_eq!(stage.saved_name().as_deref(), Some("desk"));
}

#[test]
fn what_is_typed_ahead_does_not_show() {
    let stage = Stage::new();
    let gate = Gate::new();
    stage.sandbox.faults().next(Endpoint::Login, Fault::Gate(gate.clone()), 1);
    let mut wizard = stage.wizard(&["--email", EMAIL]);
    wizard.until("Password of sandbox@example.org:");
    wizard.type_line("wrong");
    stage.wait_for(gate.reached(1));
    wizard.type_line(PASSWORD);
    gate.open();
    wizard.until("Signing in failed: ");
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(CTRL_C);
    stage.stopped(wizard);
}

#[test]
fn a_login_that_was_there_before_outlives_a_setup_that_was_stopped() {
    let stage = Stage::new();
    let mut wizard = stage.wizard_at_name();
    wizard.type_line("desk");
    stage.well(wizard);
    let before = stage.login();
    let settings = std::fs::read(stage.settings_file()).expect("the settings were written");
    let mut wizard = stage.wizard_at_name();
    wizard.type_keys(CTRL_C);
    assert_eq!(wizard.ended().code, 1);
    assert_eq!(stage.login(), before);
    assert_eq!(std::fs::read(stage.settings_file()).expect("the settings are there"), settings);
    assert_eq!(stage.sandbox.devices().len(), 1);
}

#[test]
fn without_colour_there_is_none() {
    let stage = Stage::new();
    let mut command = stage.command(&["setup"]);
    let mut wizard = Terminal::start(command.env("NO_COLOR", "1"));
    wizard.until("Email address:");
    wizard.type_line("me");
    wizard.until("with an @");
    wizard.type_keys(CTRL_C);
    let finished = wizard.ended();
    let is_colour = |sequence: &str| {
        sequence.split(|letter: char| letter.is_ascii_alphabetic()).next().is_some_and(|code| {
            sequence.get(code.len()..).is_some_and(|rest| rest.starts_with('m'))
                && code != "[0"
                && code != "["
        })
    };
    let colours: Vec<&str> = finished.raw.split('\x1b').filter(|sequence| is_colour(sequence)).collect();
    assert!(colours.is_empty(), "{colours:?}");
}
