//! How long the notifier waits.
//!
//! Invariant: every wait has a limit.

use std::time::Duration;

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// How long the bus may take to reply, and the notification server to reply to anything but a new notification.
    pub reply: Duration,
    /// How long the notification server may take to show a notification. A desktop that is still starting answers late, and
    /// a notification that nobody waits for any longer is closed.
    pub show: Duration,
    /// The wait before the first attempt to reconnect to a lost bus; doubled with each failure.
    pub first_retry: Duration,
    /// The longest wait between two such attempts.
    pub longest_retry: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            reply: Duration::from_secs(5),
            show: Duration::from_mins(2),
            first_retry: Duration::from_secs(5),
            longest_retry: Duration::from_mins(1),
        }
    }
}
