//! The messages that were sent, for whoever watches the sandbox.
//!
//! Invariant: only the newest are kept, and their attachments only up to a total size.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::message::Message;

/// How many messages are kept.
const CAPACITY: usize = 1_000;

/// How many bytes of attachments are kept.
const ATTACHMENTS: usize = 32 << 20;

/// A message that was sent.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Sent {
    /// Counts the messages from 1 on.
    pub(in crate::sandbox) number: u64,
    pub(in crate::sandbox) message: Arc<Message>,
    /// The parameters as they came, without the token.
    pub(in crate::sandbox) params: BTreeMap<String, String>,
    /// What the sender attached; `None` also when it is no longer kept.
    pub(in crate::sandbox) attachment: Option<Arc<[u8]>>,
    /// Each device it went to, with the ids of its copies there.
    pub(in crate::sandbox) deliveries: Vec<Delivery>,
}

/// The copies of a message in the queue of a device.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Delivery {
    pub(in crate::sandbox) device: String,
    pub(in crate::sandbox) ids: Vec<u64>,
}

/// The newest messages, the newest last.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct SentMessages {
    kept: VecDeque<Sent>,
    last_number: u64,
}

impl SentMessages {
    /// Adds a message.
    pub(in crate::sandbox) fn add(
        &mut self,
        message: Arc<Message>,
        params: BTreeMap<String, String>,
        attachment: Option<Arc<[u8]>>,
        queued: &[(String, u64)],
    ) {
        self.last_number += 1;
        if self.kept.len() == CAPACITY {
            self.kept.pop_front();
        }
        let deliveries =
            queued.iter().map(|(device, id)| Delivery { device: device.clone(), ids: vec![*id] });
        let (number, deliveries) = (self.last_number, deliveries.collect());
        self.kept.push_back(Sent { number, message, params, attachment, deliveries });
        let mut total = 0;
        for sent in self.kept.iter_mut().rev() {
            total += sent.attachment.as_ref().map_or(0, |bytes| bytes.len());
            if total > ATTACHMENTS {
                sent.attachment = None;
            }
        }
    }

    /// All that are kept, oldest first.
    pub(in crate::sandbox) fn list(&self) -> impl DoubleEndedIterator<Item = &Sent> {
        self.kept.iter()
    }

    /// The message of an emergency was delivered again.
    pub(super) fn add_copy(&mut self, receipt: &str, device: &str, id: u64) {
        let is_it = |sent: &&mut Sent| sent.message.receipt.as_deref() == Some(receipt);
        let sent = self.kept.iter_mut().rev().find(is_it);
        let delivery = sent.and_then(|sent| sent.deliveries.iter_mut().find(|it| it.device == device));
        if let Some(delivery) = delivery {
            delivery.ids.push(id);
        }
    }

    /// Follows a device that got a new id.
    pub(super) fn replace_device(&mut self, old: &str, new: &str) {
        let deliveries = self.kept.iter_mut().flat_map(|sent| &mut sent.deliveries);
        for delivery in deliveries.filter(|delivery| delivery.device == old) {
            new.clone_into(&mut delivery.device);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_messages_and_old_attachments_are_dropped() {
        let mut sent = SentMessages::default();
        let five_megabytes: Arc<[u8]> = vec![0; 5 << 20].into();
        for _ in 0..=CAPACITY {
            let attachment = Some(Arc::clone(&five_megabytes));
            sent.add(Arc::default(), BTreeMap::new(), attachment, &[]);
        }
        let numbers: Vec<u64> = sent.list().map(|sent| sent.number).collect();
        assert_eq!((numbers.len(), numbers[0]), (CAPACITY, 2));
        let attached = sent.list().filter(|sent| sent.attachment.is_some()).count();
        assert_eq!(attached, ATTACHMENTS / (5 << 20));
    }
}
