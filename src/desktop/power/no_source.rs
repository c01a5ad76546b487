//! The source of events where the system has none.
//!
//! Invariant: there is never an event.

use std::future::pending;

use super::event::PowerEvent;

/// Nothing that reports sleep or a network.
#[derive(Debug)]
pub(super) struct NoSource;

impl NoSource {
    pub(super) fn new() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "it is one of several implementations")]
    pub(super) async fn next_event(&self) -> PowerEvent {
        pending().await
    }

    #[expect(clippy::unused_self, reason = "it is one of several implementations")]
    pub(super) fn note_activity(&self) {}
}
