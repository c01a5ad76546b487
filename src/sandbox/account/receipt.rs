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
    pub(super) at: i64,
    pub(super) device: String,
}

impl Receipt {
    pub(in crate::sandbox) fn is_acknowledged(&self) -> bool {
        self.acknowledged.is_some()
    }

    /// Whether it is no longer repeated.
    pub(super) fn has_ended(&self) -> bool {
        self.is_acknowledged() || self.cancelled || self.expired
    }

    /// Follows a device that got a new id.
    pub(super) fn replace_device(&mut self, old: &str, new: &str) {
        for (device, _) in self.devices.iter_mut().filter(|(device, _)| device == old) {
            new.clone_into(device);
        }
    }
}
