//! Emergencies: who acknowledged what, and when the next repeat is due.
//!
//! Invariant: a receipt that is acknowledged, cancelled or expired is never delivered again.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Rejection;
use super::item::Sent;
use super::state::State;
use super::switches::Repeat;

/// The most repeats of one emergency.
const MOST_REPEATS: u32 = 50;

/// An emergency.
#[derive(Clone, Debug, Default)]
pub(super) struct Receipt {
    pub(super) token: String,
    pub(super) tags: Vec<String>,
    /// Where the sender wants to be told of the acknowledgement.
    pub(super) callback: Option<String>,
    pub(super) called_back_at: Option<i64>,
    pub(super) retry: u64,
    pub(super) expire: u64,
    pub(super) expires_at: i64,
    /// `None` for one that was injected: it is acknowledged, but never repeated.
    pub(super) sent: Option<Arc<Sent>>,
    /// Each device it went to, and the number of its first copy there.
    pub(super) devices: Vec<(String, u64)>,
    pub(super) repeats: u32,
    pub(super) last_delivered_at: i64,
    pub(super) acknowledged: Option<Acknowledged>,
    pub(super) cancelled: bool,
    pub(super) expired: bool,
}

/// When and where an emergency was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Acknowledged {
    at: i64,
    device: String,
}

/// What a sender is told, and where.
#[derive(Debug)]
pub(super) struct Callback {
    pub(super) url: String,
    pub(super) form: Vec<(&'static str, String)>,
}

impl Receipt {
    pub(super) fn is_acknowledged(&self) -> bool {
        self.acknowledged.is_some()
    }

    /// Follows a device that got a new id.
    pub(super) fn readdress(&mut self, old: &str, new: &str) {
        for (device, _) in self.devices.iter_mut().filter(|(device, _)| device == old) {
            new.clone_into(device);
        }
    }

    fn is_over(&self) -> bool {
        self.is_acknowledged() || self.cancelled || self.expired
    }
}

impl State {
    /// Acknowledges an emergency for everybody; where to call back with what, if the sender wants that.
    ///
    /// The first one to do so is remembered.
    pub(super) fn acknowledge(&mut self, receipt: &str, device: &str) -> Result<Option<Callback>, Rejection> {
        let now = self.now();
        let Some(found) = self.receipts.get_mut(receipt) else {
            return Err(Rejection::of("receipt", "not found"));
        };
        if found.is_acknowledged() {
            return Ok(None);
        }
        if found.cancelled || found.expired || (found.expires_at > 0 && found.expires_at <= now) {
            return Err(Rejection::of("receipt", "has expired"));
        }
        found.acknowledged = Some(Acknowledged { at: now, device: device.to_owned() });
        let user = self.owner.user_key.clone();
        Ok(found.callback.clone().map(|url| Callback {
            url,
            form: vec![
                ("receipt", receipt.to_owned()),
                ("acknowledged", "1".to_owned()),
                ("acknowledged_at", now.to_string()),
                ("acknowledged_by", user),
                ("acknowledged_by_device", device.to_owned()),
            ],
        }))
    }

    /// Remembers that a sender was told.
    pub(super) fn called_back(&mut self, receipt: &str) {
        let now = self.now();
        if let Some(found) = self.receipts.get_mut(receipt) {
            found.called_back_at = Some(now);
        }
    }

    /// Delivers an emergency again; the devices to signal, `None` when it is over.
    pub(super) fn repeat(&mut self, receipt: &str) -> Option<Vec<String>> {
        let now = self.now();
        let found = self.receipts.get_mut(receipt)?;
        found.repeats += 1;
        // Counted in repeats as well, so that it also ends under a clock that stands still.
        found.expired = found.expired
            || now >= found.expires_at
            || u64::from(found.repeats) * found.retry >= found.expire
            || found.repeats > MOST_REPEATS;
        if found.is_over() {
            return None;
        }
        found.last_delivered_at = now;
        let mut sent = Arc::clone(found.sent.as_ref()?);
        let devices = found.devices.clone();
        if self.switches.repeat_umid == Repeat::New {
            sent = Arc::new(Sent { umid: self.next_id(), ..(*sent).clone() });
        }
        let reached = devices.into_iter().filter(|(device, first)| self.queue_again(&sent, device, *first));
        Some(reached.map(|(device, _)| device).collect::<Vec<_>>())
    }

    /// What the sender may know of an emergency.
    pub(super) fn poll(&self, token: &str, receipt: &str) -> Result<Value, Rejection> {
        let found = self.receipts.get(receipt).filter(|found| found.token == token).ok_or_else(unknown)?;
        let by = found.acknowledged.as_ref();
        let expired = found.expired || (!found.is_acknowledged() && self.now() >= found.expires_at);
        Ok(json!({
            "acknowledged": u8::from(by.is_some()),
            "acknowledged_at": by.map_or(0, |by| by.at),
            "acknowledged_by": by.map_or("", |_| &self.owner.user_key),
            "acknowledged_by_device": by.map_or("", |by| &by.device),
            "last_delivered_at": found.last_delivered_at,
            "expired": u8::from(expired),
            "expires_at": found.expires_at,
            "called_back": u8::from(found.called_back_at.is_some()),
            "called_back_at": found.called_back_at.unwrap_or_default(),
        }))
    }

    /// Ends the repeats of one emergency.
    pub(super) fn cancel(&mut self, token: &str, receipt: &str) -> Result<(), Rejection> {
        let found = self.receipts.get_mut(receipt).filter(|found| found.token == token);
        found.ok_or_else(unknown)?.cancelled = true;
        Ok(())
    }

    /// Ends the repeats of all an application's emergencies with a tag; how many there were.
    pub(super) fn cancel_by_tag(&mut self, token: &str, tag: &str) -> usize {
        let tagged = self.receipts.values_mut().filter(|receipt| {
            receipt.token == token && !receipt.is_over() && receipt.tags.iter().any(|found| found == tag)
        });
        tagged.map(|receipt| receipt.cancelled = true).count()
    }
}

fn unknown() -> Rejection {
    Rejection::plain("receipt not found; may be invalid or expired").status(404).with("receipt", "not found")
}
