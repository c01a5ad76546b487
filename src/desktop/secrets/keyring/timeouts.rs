//! How long to wait for the keyring and for the user.
//!
//! Invariant: every wait has a limit.

use std::time::Duration;

/// The time limits.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// How long the bus or the keyring may take to reply to a call.
    pub reply: Duration,
    /// How long the user may take to unlock the keyring.
    pub user: Duration,
    /// The time between two checks of a keyring that may have been unlocked without a signal.
    pub recheck: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { reply: Duration::from_secs(5), user: Duration::from_mins(1), recheck: Duration::from_mins(1) }
    }
}
