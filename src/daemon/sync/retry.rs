//! When to try again to show what could not be shown.
//!
//! Invariant: after a run that left something unshown, and after a request that came during a run, there is another run.

use std::time::Instant;

use super::outcome::SyncOutcome;
use crate::engine::backoff::Backoff;
use crate::system::clock;

/// The timer of the part of the path that needs no network.
#[derive(Default)]
pub(super) struct RetryTimer {
    due: Option<Instant>,
    /// Whether it was requested during a run, which may have missed what the request was for.
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

    /// The run it asked for begins.
    pub(super) fn on_started(&mut self) {
        (self.due, self.requested_meanwhile) = (None, false);
    }

    /// A run ended that shows waiting messages, whatever else it did.
    pub(super) fn on_finished(&mut self, outcome: &SyncOutcome) {
        let requested_meanwhile = std::mem::take(&mut self.requested_meanwhile);
        if let SyncOutcome::Completed { waiting: false, .. } = outcome {
            self.due = requested_meanwhile.then(clock::instant);
            self.backoff.reset();
        } else {
            // Something may be left that was recorded and not shown; checking costs little. An earlier due time, because
            // the notification server came back meanwhile, is kept.
            let next = clock::instant() + self.backoff.next(clock::jitter());
            self.due = Some(self.due.map_or(next, |due| due.min(next)));
        }
    }
}
