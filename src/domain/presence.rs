//! Whether somebody is at the computer, as far as the desktop can tell.
//!
//! Invariant: `Unknown` means that nothing can tell; what is only partly known is decided where it is found out.

use std::time::Duration;

/// How long nobody may touch keyboard and mouse and still count as being at the computer.
pub const IDLE_LIMIT: Duration = Duration::from_mins(5);

/// Whether somebody is at the computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserPresence {
    /// The session is in use: active, unlocked, and touched within [`IDLE_LIMIT`] where that can be known.
    Here,
    /// The session is locked or not the active one, or nobody has touched the computer for [`IDLE_LIMIT`].
    Away,
    /// Nothing on this computer can tell.
    Unknown,
}
