//! What is shown of the messages that waited.
//!
//! Invariant: `silent` skips only what waited at the service, never a message that came live and could not be shown at
//! once; no open emergency is skipped or part of a summary, and nothing of priority 1 is, except in the initial sync.

use super::circumstances::Circumstances;
use crate::domain::message::{Arrival, Entry, Message, Priority};
use crate::domain::settings::Backlog;

/// How many messages that waited are shown each on their own before they become one summary.
const SHOWN_EACH: usize = 3;

/// After how many seconds a live message that could not be shown counts among those that waited: by then the
/// user no longer follows the messages as they arrive, and a summary is easier to read.
const LATE: i64 = 60;

/// Whether a message is skipped because it waited at the service.
pub(super) fn is_silent(entry: &Entry, circumstances: &Circumstances<'_>) -> bool {
    circumstances.backlog == Backlog::Silent
        && entry.arrival == Arrival::Waited
        && entry.message.priority < Priority::Emergency
}

/// Whether this is the service's own message to a new device.
pub(super) fn is_welcome(message: &Message) -> bool {
    let title = message.title.as_deref().unwrap_or_default();
    let is_from_service = message.app == "Pushover" && message.icon.as_deref() == Some("pushover");
    is_from_service && title.starts_with("Welcome to Pushover")
}

/// How many messages that waited are shown each on their own.
pub fn shown_each(circumstances: &Circumstances<'_>) -> usize {
    if circumstances.initial_sync { 1 } else { SHOWN_EACH }
}

/// Whether a message that is shown with this priority may be part of a summary.
pub fn may_be_summarised(entry: &Entry, priority: Priority, circumstances: &Circumstances<'_>) -> bool {
    if circumstances.initial_sync {
        return priority < Priority::Emergency;
    }
    circumstances.backlog == Backlog::Summary
        && priority < Priority::High
        && has_waited(entry, circumstances.unix)
}

/// Whether a message waited at the service, or here because it could not be shown.
pub(super) fn has_waited(entry: &Entry, unix: i64) -> bool {
    entry.arrival == Arrival::Waited || unix.saturating_sub(entry.recorded) >= LATE
}
