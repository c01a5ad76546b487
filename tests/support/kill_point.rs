//! The events that a random kill follows.
//!
//! Invariant: each can be observed from outside of the daemon.

use handover::sandbox::Counters;

/// What has to happen in a run of the daemon before it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KillPoint {
    Start,
    Sent,
    Connected,
    Downloaded,
    /// The notification server knows when it happens.
    Shown,
    Deleted,
    Acknowledged,
}

impl KillPoint {
    pub(crate) const ALL: [Self; 7] = [
        Self::Start,
        Self::Sent,
        Self::Connected,
        Self::Downloaded,
        Self::Shown,
        Self::Deleted,
        Self::Acknowledged,
    ];

    /// Whether it happened between two looks at the sandbox's counters, which know nothing of the notification server.
    pub(crate) fn has_happened(self, before: &Counters, now: &Counters) -> bool {
        match self {
            Self::Start | Self::Shown => true,
            Self::Sent => now.sent > before.sent,
            Self::Connected => now.socket_logins > before.socket_logins,
            Self::Downloaded => now.downloads > before.downloads,
            Self::Deleted => now.deletes > before.deletes,
            Self::Acknowledged => now.acknowledges > before.acknowledges,
        }
    }
}
