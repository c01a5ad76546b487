//! What happens to emergencies: acknowledging, repeating, polling, cancelling.
//!
//! Invariant: an emergency that was acknowledged, cancelled or has expired is never delivered again.

use std::sync::Arc;

use serde_json::{Value, json};

use super::message::Message;
use super::receipt::Acknowledged;
use super::state::State;
use crate::sandbox::protocol::Rejection;
use crate::sandbox::switches::Repeat;

/// The most repeats of one emergency.
const MOST_REPEATS: u32 = 50;

/// The form that tells a sender about an acknowledgement, and the address to send it to.
#[derive(Debug)]
pub(in crate::sandbox) struct Callback {
    pub(in crate::sandbox) url: String,
    pub(in crate::sandbox) form: Vec<(&'static str, String)>,
}

impl State {
    /// Acknowledges an emergency for all recipients; returns the callback if the sender asked for one.
    ///
    /// Only the first acknowledgement counts.
    pub(in crate::sandbox) fn acknowledge(
        &mut self,
        receipt: &str,
        user: &str,
        device: &str,
    ) -> Result<Option<Callback>, Rejection> {
        let now = self.now();
        let Some(found) = self.receipts.get_mut(receipt) else {
            return Err(Rejection::of("receipt", "not found"));
        };
        if found.is_acknowledged() {
            return Ok(None);
        }
        // A cancelled emergency can still be acknowledged: cancelling only ends its repeats.
        if found.expired || (found.expires_at > 0 && found.expires_at <= now) {
            return Err(Rejection::of("receipt", "has expired"));
        }
        found.acknowledged = Some(Acknowledged { at: now, user: user.to_owned(), device: device.to_owned() });
        Ok(found.callback.clone().map(|url| Callback {
            url,
            form: vec![
                ("receipt", receipt.to_owned()),
                ("acknowledged", "1".to_owned()),
                ("acknowledged_at", now.to_string()),
                ("acknowledged_by", user.to_owned()),
                ("acknowledged_by_device", device.to_owned()),
            ],
        }))
    }

    /// Records that the callback succeeded.
    pub(in crate::sandbox) fn mark_called_back(&mut self, receipt: &str) {
        let now = self.now();
        if let Some(found) = self.receipts.get_mut(receipt) {
            found.called_back_at = Some(now);
        }
    }

    /// Delivers an emergency again; returns the devices to signal, `None` when it has ended.
    pub(in crate::sandbox) fn repeat(&mut self, receipt: &str) -> Option<Vec<String>> {
        let now = self.now();
        let found = self.receipts.get_mut(receipt)?;
        found.repeats += 1;
        // The count of repeats makes it end under a stopped clock too.
        found.expired = found.expired
            || now >= found.expires_at
            || u64::from(found.repeats) * found.retry >= found.expire
            || found.repeats > MOST_REPEATS;
        if found.has_ended() {
            return None;
        }
        found.last_delivered_at = now;
        let mut message = Arc::clone(found.message.as_ref()?);
        let devices = found.devices.clone();
        if self.switches.repeat_umid == Repeat::New {
            message = Arc::new(Message { umid: self.next_id(), ..(*message).clone() });
        }
        let mut reached = Vec::new();
        for (device, first) in devices {
            if let Some(id) = self.queue_again(&message, &device, first) {
                self.sent.add_copy(receipt, &device, id);
                reached.push(device);
            }
        }
        Some(reached)
    }

    /// The seconds until an emergency is to be delivered again; `None` when it has ended.
    pub(in crate::sandbox) fn until_repeat(&self, receipt: &str) -> Option<u64> {
        let found = self.receipts.get(receipt).filter(|found| !found.has_ended())?;
        Some(found.next_repeat().saturating_sub(self.now()).try_into().unwrap_or_default())
    }

    /// The emergency that is to be delivered again next, and the time of it, if that is at most this time.
    pub(in crate::sandbox) fn next_repeat_until(&self, time: i64) -> Option<(i64, String)> {
        let open = self.receipts.iter().filter(|(_, found)| !found.has_ended() && found.message.is_some());
        let due = open.map(|(receipt, found)| (found.next_repeat(), receipt));
        due.min().filter(|(due, _)| *due <= time).map(|(due, receipt)| (due, receipt.clone()))
    }

    /// What the sender can poll about an emergency.
    pub(in crate::sandbox) fn poll(&self, token: &str, receipt: &str) -> Result<Value, Rejection> {
        let found = self.receipts.get(receipt).filter(|found| found.token == token).ok_or_else(unknown)?;
        let by = found.acknowledged.as_ref();
        Ok(json!({
            "acknowledged": u8::from(by.is_some()),
            "acknowledged_at": by.map_or(0, |by| by.at),
            "acknowledged_by": by.map_or("", |by| &by.user),
            "acknowledged_by_device": by.map_or("", |by| &by.device),
            "last_delivered_at": found.last_delivered_at,
            "expired": u8::from(found.has_expired(self.now())),
            "expires_at": found.expires_at,
            "called_back": u8::from(found.called_back_at.is_some()),
            "called_back_at": found.called_back_at.unwrap_or_default(),
        }))
    }

    /// Ends the repeats of one emergency.
    pub(in crate::sandbox) fn cancel(&mut self, token: &str, receipt: &str) -> Result<(), Rejection> {
        let found = self.receipts.get_mut(receipt).filter(|found| found.token == token);
        found.ok_or_else(unknown)?.cancelled = true;
        Ok(())
    }

    /// Ends the repeats of all emergencies of an application with a tag; returns how many there were.
    pub(in crate::sandbox) fn cancel_by_tag(&mut self, token: &str, tag: &str) -> usize {
        let tagged = self.receipts.values_mut().filter(|receipt| {
            receipt.token == token && !receipt.has_ended() && receipt.tags.iter().any(|found| found == tag)
        });
        tagged.map(|receipt| receipt.cancelled = true).count()
    }
}

fn unknown() -> Rejection {
    Rejection::new("receipt not found; may be invalid or expired").status(404).with("receipt", "not found")
}
