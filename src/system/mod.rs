//! What several adapters need of the computer and none of them owns.
//!
//! Invariant: nothing here knows the service, the log or a notification.

pub mod clock;
