//! Keeps messages that could not be saved until they are in the message log, and which of them are on the screen.
//!
//! Invariant: each is shown once by this process, however often it is downloaded, and none is acknowledged or deleted
//! because of it. Once saved, it is marked as announced or read if it was shown or read before.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::account::DeviceId;
use crate::domain::message::{Acknowledgement, Arrival, Entry, Message, MessageId, Receipt, Received, Seq};
use crate::domain::notification::{Notification, NotificationAction, NotificationId};
use crate::domain::text::{Span, Text};
use crate::store::PendingAck;

/// How many messages are remembered. What is forgotten is not shown before it can be saved.
const LIMIT: usize = 10_000;
/// How much text they may have, in bytes.
const LARGEST: usize = 16 << 20;
/// With so much text to be shown they are shown without waiting for the rest of the download, since the text is not needed
/// afterwards.
const LARGE: usize = 4 << 20;

/// The messages that are not in the message log.
#[derive(Default)]
pub(super) struct Unsaved {
    messages: BTreeMap<MessageId, UnsavedMessage>,
    /// How much text they have, in bytes.
    size: usize,
    /// The largest id that was forgotten.
    forgotten: Option<MessageId>,
    /// The same for emergencies: they are the last to be forgotten, and a flood of other messages must not hide them.
    forgotten_emergency: Option<MessageId>,
    /// Messages that are not in the message log get negative row numbers; this is the lowest so far.
    last_seq: i64,
}

struct UnsavedMessage {
    entry: Entry,
    /// Its notification, and the content that this gets once the message is saved.
    on_screen: Option<(NotificationId, Notification)>,
    pending_ack: Option<PendingAck>,
    /// Whether the user read it.
    is_read: bool,
    /// Whether a rule says that it counts as read.
    is_read_by_rule: bool,
}

/// A message that is now in the message log, and what happened to it before.
pub(super) struct Saved {
    pub(super) id: MessageId,
    pub(super) before: Seq,
    pub(super) on_screen: Option<(NotificationId, Notification)>,
    pub(super) pending_ack: Option<PendingAck>,
    pub(super) receipt: Option<Receipt>,
    pub(super) is_read: bool,
    pub(super) is_read_by_rule: bool,
}

impl Unsaved {
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Whether they should be shown now, so that their texts need not stay in memory.
    pub(super) fn is_large(&self) -> bool {
        self.size >= LARGE
    }

    /// Whether these are unsaved messages. A notification never mixes them with saved ones.
    pub(super) fn holds(seqs: &[Seq]) -> bool {
        seqs.iter().any(|seq| seq.0 < 0)
    }

    /// Adds messages that could not be saved; known ones stay as they are.
    pub(super) fn add(&mut self, device: &DeviceId, arrival: Arrival, unix: i64, received: Vec<Received>) {
        for Received { message, .. } in received {
            let forgotten =
                if message.is_open_emergency() { self.forgotten_emergency } else { self.forgotten };
            if self.messages.contains_key(&message.id) || forgotten.is_some_and(|id| message.id <= id) {
                continue;
            }
            self.last_seq -= 1;
            let entry = Entry {
                seq: Seq(self.last_seq),
                device: device.clone(),
                recorded: unix,
                arrival,
                announced: None,
                read: None,
                acknowledgement: Acknowledgement::NotWanted,
                repeats: 0,
                first: Seq(self.last_seq),
                message,
            };
            self.size += size(&entry.message);
            let message = UnsavedMessage {
                entry,
                on_screen: None,
                pending_ack: None,
                is_read: false,
                is_read_by_rule: false,
            };
            self.messages.insert(message.entry.message.id, message);
        }
        while self.messages.len() > LIMIT || self.size > LARGEST {
            self.forget_one();
        }
    }

    /// Forgets the oldest message that is no emergency, or the oldest emergency if there is nothing else.
    fn forget_one(&mut self) {
        let is_emergency = |message: &UnsavedMessage| message.entry.message.is_open_emergency();
        let oldest = self.messages.iter().find(|(_, message)| !is_emergency(message));
        let Some(id) = oldest.or_else(|| self.messages.first_key_value()).map(|(id, _)| *id) else {
            self.size = 0;
            return;
        };
        let Some(message) = self.messages.remove(&id) else { return };
        self.size = self.size.saturating_sub(size(&message.entry.message));
        let forgotten =
            if is_emergency(&message) { &mut self.forgotten_emergency } else { &mut self.forgotten };
        *forgotten = Some(id).max(*forgotten);
    }

    /// Those that arrived live, to be recorded with them.
    pub(super) fn live(&self) -> BTreeSet<MessageId> {
        let live = self.messages.values().filter(|message| message.entry.arrival == Arrival::Live);
        live.map(|message| message.entry.message.id).collect()
    }

    /// Those that have not been shown yet.
    pub(super) fn waiting(&self) -> Vec<Entry> {
        let waiting = self.messages.values().filter(|message| message.on_screen.is_none());
        waiting.map(|message| message.entry.clone()).collect()
    }

    /// Remembers a notification of some of them. `original` is the notification without the "not saved" line, and `read` are
    /// those that count as read now.
    pub(super) fn note_shown(
        &mut self,
        seqs: &[Seq],
        id: NotificationId,
        original: &Notification,
        pending_ack: Option<&PendingAck>,
        read: &[Seq],
    ) {
        for message in self.messages.values_mut().filter(|message| seqs.contains(&message.entry.seq)) {
            message.on_screen = Some((id, original.clone()));
            message.pending_ack = pending_ack.cloned();
            message.is_read_by_rule = read.contains(&message.entry.seq);
            let message = &mut message.entry.message;
            self.size = self.size.saturating_sub(size(message));
            let Message { id, priority, acknowledged, ref mut receipt, .. } = *message;
            let receipt = receipt.take();
            // The notification has the text that is shown again.
            *message = Message { priority, receipt, acknowledged, ..Message::unread(id) };
        }
    }

    /// Remembers which messages the user read.
    pub(super) fn note_read(&mut self, seqs: &[Seq]) {
        for message in self.messages.values_mut().filter(|message| seqs.contains(&message.entry.seq)) {
            message.is_read = true;
        }
    }

    /// Removes messages that are in the message log now.
    pub(super) fn take_saved(&mut self, ids: impl Iterator<Item = MessageId>) -> Vec<Saved> {
        let saved: Vec<_> = ids.filter_map(|id| self.messages.remove(&id)).collect();
        self.size -= saved.iter().map(|saved| size(&saved.entry.message)).sum::<usize>().min(self.size);
        saved
            .into_iter()
            .map(|UnsavedMessage { entry, on_screen, pending_ack, is_read, is_read_by_rule }| Saved {
                id: entry.message.id,
                before: entry.seq,
                on_screen,
                pending_ack,
                receipt: entry.message.receipt,
                is_read,
                is_read_by_rule,
            })
            .collect()
    }
}

/// How much text a message has, in bytes.
fn size(message: &Message) -> usize {
    let optional =
        [&message.icon, &message.title, &message.url, &message.url_title, &message.sound, &message.problem];
    let optional: usize = optional.into_iter().flatten().map(String::len).sum();
    message.app.len() + message.body.len() + optional
}

/// The notification to show while its messages are not saved: it says so, and has no buttons that need the message log.
pub(super) fn marked_unsaved(original: &Notification, why: &str) -> Notification {
    let mut notification = original.clone();
    let mut body: Text = notification.body.clone();
    body.push_line(Span::plain(format!("Not saved: {why}")));
    notification.body = body;
    notification.actions.retain(|(action, _)| {
        matches!(action, NotificationAction::Acknowledge | NotificationAction::MarkRead)
    });
    notification
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::Priority;

    fn received(number: i64) -> Received {
        let id = MessageId::from_stored(number);
        Received { message: Message::unread(id), raw: String::new() }
    }

    fn unsaved(numbers: impl IntoIterator<Item = i64>) -> Unsaved {
        let mut unsaved = Unsaved::default();
        let device = DeviceId::new("desk").unwrap();
        unsaved.add(&device, Arrival::Live, 1, numbers.into_iter().map(received).collect());
        unsaved
    }

    fn waiting(unsaved: &Unsaved) -> Vec<i64> {
        unsaved.waiting().iter().map(|entry| entry.message.id.number()).collect()
    }

    #[test]
    fn a_message_waits_until_it_is_shown_however_often_it_comes() {
        let mut unsaved = unsaved([1, 2]);
        let device = DeviceId::new("desk").unwrap();
        unsaved.add(&device, Arrival::Waited, 2, vec![received(2), received(3)]);
        assert_eq!(waiting(&unsaved), [1, 2, 3]);
        assert_eq!(unsaved.live().len(), 2, "how it came first counts");
        let seqs: Vec<_> = unsaved.waiting().iter().take(2).map(|entry| entry.seq).collect();
        assert!(Unsaved::holds(&seqs));
        let notification = Notification::about_handover("title", "");
        unsaved.note_shown(&seqs, NotificationId(7), &notification, None, &[]);
        unsaved.note_read(&seqs[1..]);
        unsaved.add(&device, Arrival::Waited, 2, vec![received(1), received(2)]);
        assert_eq!(waiting(&unsaved), [3]);
        let saved = unsaved.take_saved([1, 2, 3, 4].into_iter().map(MessageId::from_stored));
        let became: Vec<_> = saved.iter().map(|saved| (saved.on_screen.is_some(), saved.is_read)).collect();
        assert_eq!(became, [(true, false), (true, true), (false, false)]);
        assert!(unsaved.is_empty());
    }

    #[test]
    fn the_oldest_are_forgotten_and_not_shown_again() {
        let all = i64::try_from(LIMIT).unwrap() + 2;
        let mut unsaved = unsaved(1..=all);
        assert_eq!((unsaved.waiting().len(), waiting(&unsaved)[0]), (LIMIT, 3));
        unsaved.add(&DeviceId::new("desk").unwrap(), Arrival::Live, 1, vec![received(1), received(2)]);
        assert_eq!(waiting(&unsaved)[0], 3);
    }

    #[test]
    fn large_texts_are_limited_by_their_size_and_hide_no_emergency() {
        let device = DeviceId::new("desk").unwrap();
        let large = |number| {
            let Received { message, raw } = received(number);
            Received { message: Message { body: "x".repeat(1 << 20), ..message }, raw }
        };
        let emergency = |number| {
            let Received { message, raw } = received(number);
            let receipt = Receipt::new("r1");
            Received { message: Message { priority: Priority::Emergency, receipt, ..message }, raw }
        };
        let mut unsaved = Unsaved::default();
        unsaved.add(&device, Arrival::Live, 1, vec![emergency(1)]);
        unsaved.add(&device, Arrival::Live, 1, (3..103).map(large).collect());
        assert!(unsaved.is_large() && unsaved.size <= LARGEST, "{}", unsaved.size);
        assert_eq!(waiting(&unsaved).len(), 1 + (LARGEST >> 20));
        unsaved.add(&device, Arrival::Live, 1, vec![emergency(2), large(4)]);
        assert_eq!(waiting(&unsaved)[..3], [1, 2, 87], "an emergency with a small id that came late");

        let seqs: Vec<_> = unsaved.waiting().iter().map(|entry| entry.seq).collect();
        unsaved.note_shown(&seqs, NotificationId(7), &Notification::about_handover("title", ""), None, &[]);
        assert!(!unsaved.is_large(), "what is shown needs no text");
        let saved = unsaved.take_saved([1, 2, 102].into_iter().map(MessageId::from_stored));
        let receipts: Vec<_> = saved.iter().map(|saved| saved.receipt.is_some()).collect();
        assert_eq!((receipts, unsaved.size), (vec![true, true, false], 0));
    }

    #[test]
    fn the_notification_says_that_the_message_is_not_saved() {
        let mut original = Notification::about_handover("Fire", "in the kitchen");
        original.actions = vec![
            (NotificationAction::Acknowledge, "Acknowledge".to_owned()),
            (NotificationAction::OpenLink, "Open".to_owned()),
        ];
        let marked = marked_unsaved(&original, "the disk is full");
        assert_eq!(marked.body.to_plain(), "in the kitchen\nNot saved: the disk is full");
        assert_eq!(marked.actions.len(), 1);
    }
}
