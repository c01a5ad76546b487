//! The whole way through the wizard, and back to whatever has to be corrected.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use handover::sandbox::Endpoint;

use crate::harness::{AT_LOGIN, CODE, EMAIL, Harness, PASSWORD, START_NOW};
use crate::support::bus::Bus;
use crate::terminal::{BACKSPACE, ENTER};

#[test]
fn the_first_run_from_the_first_line_to_the_notification() {
    let mut harness = Harness::new();
    let bus = Bus::start();
    let server = harness.desktop(&bus);
    harness.sandbox.switch(|switches| switches.welcome = true);
    let mut wizard = harness.wizard(&["--device-name", "desk"]);
    let introduction = wizard.until("Email address:");
    for word in ["unofficial client", "https://pushover.net/signup", "30 days", "licence", "Ctrl-C"] {
        assert!(introduction.contains(word), "{word}: {introduction}");
    }
    wizard.type_line(EMAIL);
    wizard.until("Password for sandbox@example.org:");
    wizard.type_line(PASSWORD);
    let about = wizard.until("When an emergency arrives here:");
    for words in ["stops the alarm everywhere", "only while you are", "This desktop does not say"] {
        assert!(about.contains(words), "{words}: {about}");
    }
    assert_eq!(harness.left_behind().len(), 0);
    wizard.type_keys(ENTER);
    wizard.until(
        "\nsigned in as desk\n\
         1 waiting message was saved; see it with `handover messages`\n\
         a desktop notification says that Handover is ready\n",
    );
    wizard.until("Start Handover at login? (Y/n)");
    wizard.until(AT_LOGIN);
    wizard.type_keys(ENTER);
    let text = harness.ended_without_start(wizard);
    assert!(text.contains("> Start Handover at login? Yes\nHandover will start at login\n"), "{text}");
    let end = "> Start Handover now? No\nstart receiving with `handover start`\n";
    assert!(text.ends_with(end), "{text}");
    let notification = harness.wait_for(server.next_shown());
    assert_eq!(
        (notification.title.as_str(), notification.body.as_str()),
        ("Handover is ready", "Messages for desk are shown here.")
    );
    assert_eq!(server.screen().len(), 1, "waiting messages are recorded silently");
    assert_eq!(harness.saved_name().as_deref(), Some("desk"));
    let mode = harness.path("data/handover/credentials.json").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let asked: Vec<Endpoint> = harness.sandbox.journal().iter().map(|request| request.endpoint).collect();
    assert_eq!(asked, [Endpoint::Login, Endpoint::Devices, Endpoint::Download, Endpoint::Delete]);
    assert!(harness.sandbox.journal().iter().all(|request| !request.params.contains_key("force")));
}

#[test]
fn a_missing_notification_server_is_reported() {
    let harness = Harness::new();
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("desk");
    let text = harness.finished(wizard);
    assert!(
        text.contains("\nno messages were waiting\nno notification can be shown: the session bus "),
        "{text}"
    );
    assert!(text.contains("\nmessages are saved anyway, and shown once that is fixed\n"), "{text}");
}

#[test]
fn after_a_wrong_password_it_is_asked_again_and_the_address_can_be_corrected() {
    let harness = Harness::new();
    let mut wizard = harness.wizard(&["--device-name", "desk"]);
    wizard.until("Email address:");
    wizard.type_line("me");
    wizard.until("enter the address you use to sign in at pushover.net");
    wizard.type_line("@example.org");
    wizard.until("Password for me@example.org:");
    wizard.type_line("hunter2-hunter2");
    wizard.until("Signing in failed: the service refused: invalid email and/or password");
    wizard.until("Password for me@example.org:");
    // The wizard goes back to the address, which can be changed.
    wizard.type_keys(ENTER);
    wizard.until("Email address: me@example.org");
    wizard.type_keys(&BACKSPACE.repeat("me@example.org".len()));
    wizard.type_line(EMAIL);
    wizard.until("Password for sandbox@example.org:");
    wizard.type_line("wrong again");
    wizard.until("Signing in failed: ");
    wizard.until("Password for sandbox@example.org:");
    assert_eq!(harness.left_behind().len(), 0);
    wizard.type_line(PASSWORD);
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    let text = harness.finished(wizard);
    assert!(!text.contains("hunter2") && !text.contains("wrong again"), "{text}");
    assert_eq!(harness.saved_name().as_deref(), Some("desk"));
}

#[test]
fn a_pasted_password_may_contain_a_newline_at_its_end() {
    let harness = Harness::new();
    let mut wizard = harness.wizard(&["--email", EMAIL, "--device-name", "desk"]);
    wizard.until("Password for sandbox@example.org:");
    wizard.type_keys(&format!("\x1b[200~{PASSWORD}\n\x1b[201~{ENTER}"));
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    harness.finished(wizard);
}

#[test]
fn a_two_factor_code_is_asked_for_until_it_is_right() {
    for status in [412, 400] {
        let harness = Harness::with(Some(CODE));
        harness.sandbox.switch(|switches| switches.wrong_code_status = status);
        let mut wizard = harness.signed_in_wizard(&["--device-name", "desk"]);
        wizard.until("Two-factor code:");
        wizard.type_line("000000");
        let why =
            if status == 412 { "the code was not accepted" } else { "the service refused: twofa is invalid" };
        wizard.until(&format!("Signing in failed: {why}"));
        wizard.until("Two-factor code:");
        // Authenticator apps show the code in this form.
        wizard.type_line("735 019");
        wizard.until("When an emergency arrives here:");
        wizard.type_keys(ENTER);
        harness.finished(wizard);
        assert_eq!(harness.saved_name().as_deref(), Some("desk"));
        assert_eq!(harness.sandbox.counters().logins, 1);
    }
}

#[test]
fn the_user_can_go_back_from_the_code_to_the_password() {
    let harness = Harness::with(Some(CODE));
    let mut wizard = harness.signed_in_wizard(&["--device-name", "desk"]);
    wizard.until("Two-factor code:");
    wizard.type_keys(ENTER);
    wizard.until("Password for sandbox@example.org:");
    wizard.type_line("another password");
    wizard.until("Signing in failed: ");
    wizard.until("Password for sandbox@example.org:");
    wizard.type_line(PASSWORD);
    wizard.until("Two-factor code:");
    wizard.type_line(CODE);
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    wizard.until(AT_LOGIN);
    wizard.type_line("n");
    wizard.until(START_NOW);
    wizard.type_line("n");
    assert_eq!(wizard.ended().code, 0);
    assert_eq!(harness.saved_name().as_deref(), Some("desk"));
}

#[test]
fn a_code_given_as_a_flag_is_used_and_asked_for_if_wrong() {
    let harness = Harness::with(Some(CODE));
    let mut wizard = harness.signed_in_wizard(&["--device-name", "desk", "--two-factor", "000000"]);
    wizard.until("the code was not accepted");
    wizard.until("Two-factor code:");
    wizard.type_line(CODE);
    wizard.until("When an emergency arrives here:");
    wizard.type_keys(ENTER);
    harness.finished(wizard);
}

#[test]
fn the_choice_about_emergencies_is_saved_and_other_settings_are_kept() {
    let harness = Harness::new();
    let file = harness.settings_file();
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let before = "# mine\ndevice_name = \"attic\" # up there\n\n[pause]\nbreak_through = 1\n";
    fs::write(&file, before).unwrap();
    let mut wizard = harness.signed_in_wizard(&[]);
    wizard.until("When an emergency arrives here:");
    crate::harness::choose(&mut wizard, 3);
    // The name in the settings is offered.
    wizard.until("Name for this computer: (attic)");
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    wizard.type_keys(ENTER);
    let text = harness.finished(wizard);
    assert!(text.contains("> When an emergency arrives here: never"), "{text}");
    let after = fs::read_to_string(&file).unwrap();
    assert_eq!(after, before.replace("there\n", "there\nemergency = \"never\"\n"));
    assert_eq!(harness.saved_name().as_deref(), Some("attic"));
}

#[test]
fn the_choice_applies_to_waiting_emergencies() {
    let emergency = [("message", "fire"), ("priority", "2"), ("retry", "3600"), ("expire", "10800")];
    for (below, is_acknowledged) in [(0, true), (1, true), (2, false)] {
        let mut harness = Harness::new();
        let bus = Bus::start();
        let server = harness.desktop(&bus);
        harness.sandbox.add_device("desk");
        let sent = harness.sandbox.send(&emergency);
        let receipt = sent["receipt"].as_str().unwrap().to_owned();
        let mut wizard = harness.signed_in_wizard(&["--device-name", "desk", "--take-over"]);
        wizard.until("When an emergency arrives here:");
        crate::harness::choose(&mut wizard, below);
        harness.finished(wizard);
        assert!(harness.wait_for(server.next_shown()).body.contains("fire"));
        // Without a daemon the request waits for the next one.
        let daemon = harness.daemon();
        if is_acknowledged {
            harness.until(|now| now.acknowledges == 1);
        }
        assert_eq!(harness.sandbox.is_acknowledged(&receipt), is_acknowledged);
        drop(daemon);
    }
}
