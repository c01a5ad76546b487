//! What is coloured on a terminal, and that `NO_COLOR` turns it off.

use handover::domain::account::DeviceId;
use handover::domain::message::{Arrival, Message, MessageId, Received};
use handover::store::Store;

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
