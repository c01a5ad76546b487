//! The state of one emergency.
//!
//! Invariant: an emergency that was acknowledged, cancelled or has expired never becomes active again.

use std::sync::Arc;

use super::message::Message;

/// An emergency.
#[derive(Clone, Debug, Default)]
pub(in crate::sandbox) struct Receipt {
    pub(in crate::sandbox) token: String,
    pub(in crate::sandbox) tags: Vec<String>,
    /// The address that is called when it is acknowledged.
    pub(in crate::sandbox) callback: Option<String>,
    pub(in crate::sandbox) called_back_at: Option<i64>,
    pub(in crate::sandbox) retry: u64,
    pub(in crate::sandbox) expire: u64,
    pub(in crate::sandbox) expires_at: i64,
    /// `None` for one that was injected: it can be acknowledged, but is never repeated.
    pub(in crate::sandbox) message: Option<Arc<Message>>,
    /// Each device it went to, and the id of its first copy there.
    pub(in crate::sandbox) devices: Vec<(String, u64)>,
    pub(in crate::sandbox) repeats: u32,
    pub(in crate::sandbox) last_delivered_at: i64,
    pub(in crate::sandbox) acknowledged: Option<Acknowledged>,
    pub(in crate::sandbox) cancelled: bool,
    pub(in crate::sandbox) expired: bool,
}

/// When and where an emergency was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct Acknowledged {
    pub(in crate::sandbox) at: i64,
    /// The key of the user.
    pub(in crate::sandbox) user: String,
    pub(in crate::sandbox) device: String,
}

impl Receipt {
    pub(in crate::sandbox) fn is_acknowledged(&self) -> bool {
        self.acknowledged.is_some()
    }

    /// Whether it is no longer repeated.
    pub(in crate::sandbox) fn has_ended(&self) -> bool {
        self.is_acknowledged() || self.cancelled || self.expired
    }

    /// Whether it expired without being acknowledged.
    pub(in crate::sandbox) fn has_expired(&self, now: i64) -> bool {
        self.expired || (!self.is_acknowledged() && self.message.is_some() && self.expires_at <= now)
    }

    /// When it is to be delivered again, if it has not ended by then.
    pub(super) fn next_repeat(&self) -> i64 {
        self.last_delivered_at.saturating_add_unsigned(self.retry)
    }

    /// Follows a device that got a new id.
    pub(super) fn replace_device(&mut self, old: &str, new: &str) {
        for (device, _) in self.devices.iter_mut().filter(|(device, _)| device == old) {
            new.clone_into(device);
        }
    }
}
