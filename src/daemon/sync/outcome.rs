//! How a run of the message path ended.
//!
//! Invariant: a failure says enough to decide when the path runs again, and nothing about any message.

use crate::{pushover, store};

/// How a run of the path ended.
pub(in crate::daemon) enum SyncOutcome {
    /// It reached its end, with this many new messages; `waiting` when something could not be shown.
    Completed { new: usize, waiting: bool },
    /// It failed before its end.
    Failed(Failure),
}

/// Why a run of the path failed.
pub(in crate::daemon) enum Failure {
    Service(pushover::Error),
    /// The service refuses to delete; the request is repeated only once there is something new to delete.
    Undeleted(pushover::Error),
    Storage(store::Error),
    /// The daemon is stopping.
    Stopped,
    /// The login was changed meanwhile, so that the answer says nothing about the one in use.
    Outdated,
}

impl From<pushover::Error> for Failure {
    fn from(error: pushover::Error) -> Self {
        Self::Service(error)
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Storage(error)
    }
}
