//! What the daemon sends: queued messages, and what programs post to the HTTP API.
//!
//! Invariant: with an empty outbox and without `[http]` in the settings nothing here wakes up.

pub(super) mod http;
pub(super) mod outbox;
