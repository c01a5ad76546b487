//! What the daemon sends: queued messages.
//!
//! Invariant: with an empty outbox nothing here wakes up.

pub(super) mod outbox;
