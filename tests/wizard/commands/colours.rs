//! What is shown on a terminal in another way than elsewhere: colours, unless `NO_COLOR` turns them off, and local times.

use handover::domain::account::DeviceId;
use handover::domain::message::{Arrival, Message, MessageId, Received};
use handover::store::Store;
use handover::system::clock;
use rustix::process::Signal;

use crate::harness::Harness;
use crate::terminal::{Finished, Terminal};

#[test]
fn messages_and_findings_are_coloured_unless_the_user_does_not_want_that() {
    let harness = Harness::new();
    let store = Store::open(&harness.path("data/handover/messages.db")).expect("open the message log");
    let device = DeviceId::new("desk").expect("a device id");
    let message = Message {
        app: "Door".to_owned(),
        body: "open".to_owned(),
        ..Message::unread(MessageId::from_stored(1))
    };
    let received = Received { message, raw: String::new() };
    store.record(&device, Arrival::Waited, &[received], &[], 1).expect("record");
    drop(store);
    let run = |command: &str, variables: &[(&str, &str)]| -> Finished {
        let mut command = harness.command(&[command]);
        command.envs(variables.iter().copied());
        Terminal::start(&command).ended()
    };
    for (command, coloured, plain) in [
        ("messages", "\x1b[1m[unread]\x1b[0m", "  Door  [unread]\n"),
        ("doctor", "\x1b[1m\x1b[31mfailed\x1b[0m   login", "failed   login"),
        ("status", "\x1b[1m\x1b[31merror:\x1b[0m the daemon", "error: the daemon is not running"),
    ] {
        let finished = run(command, &[]);
        assert!(finished.raw.contains(coloured), "{command}: {:?}", finished.raw);
        for variables in [[("NO_COLOR", "1")], [("TERM", "dumb")]] {
            let finished = run(command, &variables);
            assert!(!finished.raw.contains("\x1b["), "{command} {variables:?}: {:?}", finished.raw);
            assert!(finished.text.contains(plain), "{command}: {}", finished.text);
        }
    }
}

#[test]
fn the_log_on_a_terminal_has_local_times() {
    let harness = Harness::new();
    let mut wizard = harness.wizard_at_name();
    wizard.type_line("desk");
    harness.finished(wizard);
    let hour = |unix: i64| {
        let time = jiff::Timestamp::from_second(unix).expect("a time");
        time.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(5))).strftime("%Y-%m-%d %H:").to_string()
    };
    let before = hour(clock::unix());
    let mut command = harness.command(&["run", "--no-tray"]);
    let mut terminal = Terminal::start(command.env("TZ", "EST-5"));
    let line = terminal.until("  INFO ");
    let time = line.lines().last().unwrap_or_default().trim_end_matches("  INFO ");
    assert!(time.starts_with(&before) || time.starts_with(&hour(clock::unix())), "{line}");
    assert_eq!(time.len(), "2026-11-26 21:04:05".len(), "{line}");
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.ended().code, 0);
}
