//! Message logs of any length, for measurements.
//!
//! Invariant: they are filled by the code that records messages, and two of the same length are equal.

use handover::domain::account::DeviceId;
use handover::domain::message::{Arrival, Message, MessageId, Received, Seq};
use handover::store::Store;

/// The last message is recorded at this time; one a minute before that.
pub(crate) const NOW: i64 = 1_800_000_000;
const BATCH: i64 = 5_000;

/// Fills an empty message log.
pub(crate) fn fill(store: &Store, device: &DeviceId, length: i64) {
    for first in (1..=length).step_by(usize::try_from(BATCH).unwrap()) {
        let last = length.min(first + BATCH - 1);
        let batch: Vec<_> = (first..=last).map(|number| message(number, length)).collect();
        let unix = NOW - 60 * (length - last);
        store.record(device, Arrival::Waited, &batch, &[], unix).unwrap();
        let seqs: Vec<_> = (first..=last).map(Seq).collect();
        // Half of them were read.
        store.skip(&seqs, (first / BATCH) % 2 == 0, unix).unwrap();
        store.mark_deleted_through(device, MessageId::from_stored(last - 10), unix).unwrap();
    }
    // The daemon does this in the background.
    while store.complete_index().unwrap() {}
}

/// One of the messages.
pub(crate) fn message(number: i64, length: i64) -> Received {
    let rare = if number % (length / 10) == 3 { " zebra" } else { "" };
    let host = number % 20;
    let message = Message {
        app: "Backup".to_owned(),
        title: Some("The nightly backup is done".to_owned()),
        body: format!(
            "Run {number}: {} files changed, 3.4 MB in 8 s on db-{host:02}.example.com, see /var/log/backup/{:016x}.log{rare}",
            number % 900,
            number.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed()),
        ),
        date: NOW - 60 * (length - number).max(0),
        ..Message::unread(MessageId::from_stored(number))
    };
    Received { message, raw: format!("{{\"id\":{number},\"message\":\"{}\"}}", "x".repeat(300)) }
}
