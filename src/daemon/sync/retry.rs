//! When to try again to show what could not be shown.
//!
//! Invariant: after a run that left something unshown, and after a request that came during a run, there is another run.

use std::time::Instant;

use super::outcome::SyncOutcome;
use crate::engine::backoff::Backoff;
use crate::system::clock;

/// The timer for the part of the path that needs no network.
#[derive(Default)]
pub(super) struct RetryTimer {
    due: Option<Instant>,
    /// Whether it was requested during a run, which may have come too late for that run.
    requested_meanwhile: bool,
    backoff: Backoff,
}

impl RetryTimer {
    /// When it is due, if ever.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it is due at this time.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// Makes it due at once.
    pub(super) fn request(&mut self) {
        self.due = Some(clock::instant());
        self.requested_meanwhile = true;
    }

    /// The requested run begins.
    pub(super) fn on_started(&mut self) {
        (self.due, self.requested_meanwhile) = (None, false);
    }

    /// A run that shows waiting messages has ended.
    pub(super) fn on_finished(&mut self, outcome: &SyncOutcome) {
        let requested_meanwhile = std::mem::take(&mut self.requested_meanwhile);
        if let SyncOutcome::Completed { waiting: false, .. } = outcome {
            self.due = requested_meanwhile.then(clock::instant);
            self.backoff.reset();
        } else {
            // Recorded messages may be left that were not shown; checking costs little. An earlier time is kept: the
            // notification server may have come back meanwhile.
            let next = clock::instant() + self.backoff.next(clock::jitter());
            self.due = Some(self.due.map_or(next, |due| due.min(next)));
        }
    }
}
