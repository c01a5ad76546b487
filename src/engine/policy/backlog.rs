//! What is shown of the messages that waited.
//!
//! Invariant: `silent` skips only what waited at the service, never a message that came live and could not be shown at
//! once; nothing of priority 1 or 2 is part of a summary, and no emergency is skipped.

use super::circumstances::Circumstances;
use crate::domain::message::{Arrival, Entry, Priority};
use crate::domain::settings::Backlog;

/// How many messages that waited are shown each on their own before they become one summary.
pub const SHOWN_EACH: usize = 3;

/// After how many seconds a live message that could not be shown counts among those that waited: by then the
/// user no longer follows the messages as they arrive, and a summary is easier to read.
const LATE: i64 = 60;

/// Whether a message is skipped because it waited at the service.
pub(super) fn is_silent(entry: &Entry, circumstances: &Circumstances<'_>) -> bool {
    circumstances.backlog == Backlog::Silent
        && entry.arrival == Arrival::Waited
        && entry.message.priority < Priority::Emergency
}

/// Whether a message that is shown with this priority may be part of a summary.
pub fn may_be_summarised(entry: &Entry, priority: Priority, circumstances: &Circumstances<'_>) -> bool {
    circumstances.backlog == Backlog::Summary
        && priority < Priority::High
        && has_waited(entry, circumstances.unix)
}

/// Whether a message waited at the service, or here because it could not be shown.
pub(super) fn has_waited(entry: &Entry, unix: i64) -> bool {
    entry.arrival == Arrival::Waited || unix.saturating_sub(entry.recorded) >= LATE
}
