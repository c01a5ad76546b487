//! Whether somebody is at the computer, as far as the desktop can tell.
//!
//! Invariant: `Unknown` means that the desktop has no program that could tell; partial evidence is resolved by the adapter
//! that collects it.

use std::time::Duration;

/// A user who has not touched keyboard or mouse for this long counts as away.
pub const IDLE_LIMIT: Duration = Duration::from_mins(5);

/// Whether somebody is at the computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserPresence {
    /// The session is active, unlocked and, if that is known, was used within [`IDLE_LIMIT`].
    Here,
    /// The session is locked or inactive, or was not used for [`IDLE_LIMIT`].
    Away,
    /// A program that could tell does not respond.
    Unanswered,
    /// This computer does not say.
    Unknown,
}
