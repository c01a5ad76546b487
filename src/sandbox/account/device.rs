//! A device, and what waits for it.
//!
//! Invariant: its queue holds an id once.

use super::message::Item;

/// A device.
#[derive(Debug)]
pub(in crate::sandbox) struct Device {
    pub(in crate::sandbox) id: String,
    pub(in crate::sandbox) name: String,
    /// The key of the user it belongs to.
    pub(in crate::sandbox) user: String,
    pub(in crate::sandbox) enabled: bool,
    pub(super) secret: String,
    pub(super) queue: Vec<Item>,
}

impl Device {
    /// The session secret it was registered with.
    pub(in crate::sandbox) fn secret(&self) -> &str {
        &self.secret
    }
}
