//! How long to wait for the keyring and for the user.
//!
//! Invariant: every wait has a limit.

use std::time::Duration;

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the bus or the keyring to reply to a call.
    pub reply: Duration,
    /// For the user to unlock the keyring.
    pub user: Duration,
    /// Between two checks of a keyring that may have been unlocked without a signal.
    pub recheck: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { reply: Duration::from_secs(5), user: Duration::from_mins(1), recheck: Duration::from_mins(1) }
    }
}
