//! Tells when the computer woke from sleep or a network came up.
//!
//! Invariant: an event says that a connection may have died or become possible, nothing more; without a system
//! that tells, none is invented.

use std::future::pending;

/// What happened to the computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerEvent {
    /// It woke from sleep.
    Woke,
    /// A network came up.
    NetworkUp,
}

/// Listens to the system.
#[derive(Debug, Default)]
pub struct Power;

impl Power {
    /// The system this program runs on.
    pub fn of_system() -> Self {
        Self
    }

    /// Waits for the next event. Cancel safe; called from one task only.
    pub async fn next_event(&self) -> PowerEvent {
        pending().await
    }
}
