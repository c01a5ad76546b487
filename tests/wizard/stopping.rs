//! Stopping the wizard at every step and with every key: nothing is saved, and the terminal is restored.

use std::io::Read;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use handover::sandbox::{Endpoint, Fault, Gate};
use handover::system::clock;
use rustix::process::Signal;

use crate::harness::{CODE, EMAIL, Harness, PASSWORD};
use crate::terminal::{CTRL_C, CTRL_D, ENTER, ESC, TIMEOUT, Terminal, pair};

#[test]
fn without_a_login_the_daemon_does_not_start_in_a_terminal() {
    let harness = Harness::new();
    let finished = Terminal::start(&harness.command(&["run"])).ended();
    assert_eq!(finished.code, 3);
    assert!(finished.text.contains("error: not signed in: no login is saved here"), "{}", finished.text);
    assert!(finished.text.contains("hint: run `handover setup` to sign in"), "{}", finished.text);
}

/// Leads the wizard to a question.
type Lead = fn(&Harness) -> Terminal;

/// Leads the wizard to each question, and stops there.
const STEPS: [(&str, Lead); 9] = [
    ("Email address:", |harness| harness.wizard(&[])),
    ("Password for me@example.org:", |harness| harness.wizard(&["--email", "me@example.org"])),
    ("Two-factor code:", |harness| harness.signed_in_wizard(&[])),
    ("When an emergency arrives here:", |harness| harness.signed_in_wizard(&["--two-factor", CODE])),
    ("Name for this computer:", at_name),
    ("is called phone.", |harness| {
        harness.sandbox.add_device("phone");
        let mut wizard = at_name(harness);
        wizard.until("Name for this computer:");
        wizard.type_line("phone");
        wizard
    }),
    ("Signing in failed", |harness| {
        harness.sandbox.faults().next(Endpoint::Login, Fault::Drop, 1);
        harness.signed_in_wizard(&[])
    }),
    ("Registering this computer failed", |harness| {
        harness.sandbox.faults().next(Endpoint::Devices, Fault::Drop, 1);
        let mut wizard = at_name(harness);
        wizard.until("Name for this computer:");
        wizard.type_line("desk");
        wizard
    }),
    ("Signing in failed: the service refused", |harness| {
        let mut wizard = harness.wizard(&["--email", EMAIL]);
        wizard.until("Password for");
        wizard.type_line("wrong");
        wizard
    }),
];

/// The last text of the prompt of a step.
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

fn at_name(harness: &Harness) -> Terminal {
    let mut wizard = harness.signed_in_wizard(&["--two-factor", CODE]);
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    wizard
}

#[test]
fn ctrl_c_leaves_every_question() {
    for (step, lead) in STEPS {
        let harness = Harness::with(Some(CODE));
        let mut wizard = lead(&harness);
        wizard.until(step);
        if prompt_of(step) != step {
            wizard.until(prompt_of(step));
        }
        wizard.type_keys(CTRL_C);
        harness.stopped(wizard);
    }
}

#[test]
fn esc_and_end_of_input_leave_too() {
    for key in [ESC, CTRL_D] {
        for (step, lead) in STEPS.into_iter().take(4) {
            let harness = Harness::with(Some(CODE));
            let mut wizard = lead(&harness);
            wizard.until(step);
            wizard.type_keys(key);
            harness.stopped(wizard);
        }
    }
}

#[test]
fn ctrl_c_leaves_during_a_request() {
    for endpoint in [Endpoint::Login, Endpoint::Devices] {
        let harness = Harness::new();
        let gate = Gate::new();
        harness.sandbox.faults().next(endpoint, Fault::Gate(gate.clone()), 1);
        let mut wizard = if endpoint == Endpoint::Login {
            harness.signed_in_wizard(&[])
        } else {
            let mut wizard = harness.wizard_at_name();
            wizard.type_line("desk");
            wizard
        };
        harness.wait_for(gate.reached(1));
        wizard.type_keys(CTRL_C);
        harness.stopped(wizard);
    }
}

#[test]
fn a_signal_restores_the_terminal() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        for (step, lead) in STEPS.into_iter().take(4) {
            let harness = Harness::with(Some(CODE));
            let mut wizard = lead(&harness);
            wizard.until(step);
            wizard.signal(signal);
            harness.stopped(wizard);
        }
    }
}

#[test]
fn it_ends_with_its_terminal_even_if_no_signal_comes() {
    let harness = Harness::new();
    let (mut master, slave) = pair();
    let copy = || slave.try_clone().expect("copy a file descriptor");
    // Without a shell it is not the terminal of a session, so that nobody gets a signal.
    let mut program = harness.command(&["setup"]);
    let mut program = program.stdin(copy()).stdout(copy()).stderr(copy()).spawn().expect("start the program");
    drop(slave);
    let mut shown = Vec::new();
    while !String::from_utf8_lossy(&shown).contains("Email address:") {
        let mut buffer = [0; 1024];
        let length = master.read(&mut buffer).expect("read what it shows");
        shown.extend_from_slice(&buffer[..length]);
    }
    drop(master);
    let limit = clock::steady() + TIMEOUT;
    let ended = loop {
        match program.try_wait().expect("wait for the program") {
            Some(ended) => break Some(ended),
            None if clock::steady() > limit => break None,
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    drop(program.kill());
    assert_eq!(ended.expect("it ends").code(), Some(1));
    assert_eq!(harness.left_behind(), Vec::<PathBuf>::new());
}

#[test]
fn after_the_login_was_saved_ctrl_c_skips_only_the_rest() {
    let harness = Harness::new();
    let gate = Gate::new();
    harness.sandbox.faults().next(Endpoint::Download, Fault::Gate(gate.clone()), 1);
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("desk");
    harness.wait_for(gate.reached(1));
    wizard.type_keys(CTRL_C);
    let text = harness.ended_successfully(wizard);
    assert!(text.ends_with("stopped; `handover start` will do the rest\n"), "{text}");
    assert_eq!(harness.saved_name().as_deref(), Some("desk"));
}

#[test]
fn input_typed_ahead_is_not_echoed() {
    let harness = Harness::new();
    let gate = Gate::new();
    harness.sandbox.faults().next(Endpoint::Login, Fault::Gate(gate.clone()), 1);
    let mut wizard = harness.wizard(&["--email", EMAIL]);
    wizard.until("Password for sandbox@example.org:");
    wizard.type_line("wrong");
    harness.wait_for(gate.reached(1));
    wizard.type_line(PASSWORD);
    gate.open();
    wizard.until("Signing in failed: ");
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(CTRL_C);
    harness.stopped(wizard);
}

#[test]
fn an_existing_login_survives_a_cancelled_setup() {
    let harness = Harness::new();
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("desk");
    harness.finished(wizard);
    let before = harness.login();
    let settings = std::fs::read(harness.settings_file()).expect("the settings were written");
    let mut wizard = harness.wizard_at_name();
    wizard.type_keys(CTRL_C);
    assert_eq!(wizard.ended().code, 1);
    assert_eq!(harness.login(), before);
    assert_eq!(std::fs::read(harness.settings_file()).expect("the settings are there"), settings);
    assert_eq!(harness.sandbox.devices().len(), 1);
}

#[test]
fn no_color_is_respected() {
    let harness = Harness::new();
    let mut command = harness.command(&["setup"]);
    let mut wizard = Terminal::start(command.env("NO_COLOR", "1"));
    wizard.until("Email address:");
    wizard.type_line("me");
    wizard.until("sign in at pushover.net");
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
