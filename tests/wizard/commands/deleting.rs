//! Deleting messages, which a person is asked about on a terminal.

use handover::domain::account::DeviceId;
use handover::domain::message::{Arrival, Message, MessageId, Received, Seq};
use handover::store::Store;

use crate::harness::Harness;
use crate::terminal::Terminal;

#[test]
fn messages_are_deleted_only_by_a_person_who_agrees() {
    let harness = Harness::new();
    let log = harness.path("data/handover/messages.db");
    let store = Store::open(&log).expect("open the message log");
    let device = DeviceId::new("desk").expect("a device id");
    let received = |number| {
        let message = Message { body: "text".to_owned(), ..Message::unread(MessageId::from_stored(number)) };
        Received { message, raw: String::new() }
    };
    store.record(&device, Arrival::Waited, &[received(1), received(2)], &[], 1).expect("record");
    store.skip(&[Seq(1), Seq(2)], true, 1).expect("mark");
    store.mark_deleted_through(&device, MessageId::from_stored(2), 1).expect("mark");
    drop(store);
    for (answer, expected, left) in
        [("", "nothing was deleted", 2), ("n", "nothing was deleted", 2), ("y", "2 messages deleted", 0)]
    {
        let mut terminal = Terminal::start(&harness.command(&["messages", "--delete"]));
        terminal.until("Delete 2 messages? [y/N] ");
        terminal.type_line(answer);
        let finished = terminal.ended();
        assert_eq!(finished.code, 0);
        assert!(finished.text.contains(expected), "{}", finished.text);
        let store = Store::open(&log).expect("open the message log");
        assert_eq!(store.counts(2).expect("count").messages, left, "{answer:?}");
    }
}
