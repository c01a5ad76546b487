//! Limits how often the other tasks are told that the computer woke or that a network came up.
//!
//! Invariant: a wake and the first networks after it are reported at once, and none is forgotten; but at most [`MOST`]
//! networks are reported within a [`SPAN`]. Any others are reported at its end, as one.
//!
//! [`super::link`] turns a burst of events into one connection. This module keeps an unsteady network from causing one
//! connection after another.

use std::time::{Duration, Instant};

/// How many network events are reported within a [`SPAN`]: a network comes up, it reaches the internet, another one
/// replaces it, and one to spare.
pub const MOST: u8 = 4;

/// How long networks are counted, from the first one on. A wake starts the count again.
pub const SPAN: Duration = Duration::from_mins(1);

/// What happened to the computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// It woke from sleep.
    Woke,
    /// A network came up, or another took its place.
    NetworkUp,
}

/// What is reported to the other tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// It woke from sleep, just now.
    Woke,
    /// A network came up, just now.
    NetworkUp,
    /// Several networks came up, the last one some time ago.
    NetworksCame,
}

/// The state machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    /// When the latest span began, and how many networks were reported in it.
    span: Option<(Instant, u8)>,
    /// Whether there were more.
    too_many: bool,
}

impl Wake {
    /// A machine before the first event.
    pub const fn new() -> Self {
        Self { span: None, too_many: false }
    }

    /// Handles an input; returns what to report now.
    pub fn handle_input(&mut self, input: Input, now: Instant) -> Option<Report> {
        match input {
            Input::Woke => {
                *self = Self::new();
                Some(Report::Woke)
            }
            Input::NetworkUp => self.network_up(now),
        }
    }

    /// Handles the timeout given by [`Self::poll_timeout`]; returns what to report now.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Report> {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return None;
        }
        *self = Self { span: Some((now, 1)), too_many: false };
        Some(Report::NetworksCame)
    }

    /// When [`Self::handle_timeout`] is due, if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let (begun, _) = self.span.filter(|_| self.too_many)?;
        Some(begun + SPAN)
    }

    fn network_up(&mut self, now: Instant) -> Option<Report> {
        let span = self.span.filter(|(begun, _)| now.saturating_duration_since(*begun) < SPAN);
        let (begun, reported) = span.unwrap_or((now, 0));
        self.too_many = reported >= MOST;
        if self.too_many {
            return None;
        }
        self.span = Some((begun, reported + 1));
        Some(Report::NetworkUp)
    }
}

#[cfg(test)]
mod tests {
    use super::super::backoff::tests::epoch;
    use super::Input::{NetworkUp, Woke};
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_usual_wake_is_reported_at_once() {
        let (mut wake, now) = (Wake::new(), epoch());
        assert_eq!(wake.handle_input(Woke, now), Some(Report::Woke));
        for secs in 4..8 {
            assert_eq!(wake.handle_input(NetworkUp, now + secs * SECOND), Some(Report::NetworkUp));
            assert_eq!(wake.poll_timeout(), None);
        }
    }

    #[test]
    fn networks_beyond_the_limit_are_reported_as_one() {
        let (mut wake, now) = (Wake::new(), epoch());
        for _ in 0..MOST {
            assert_eq!(wake.handle_input(NetworkUp, now), Some(Report::NetworkUp));
        }
        for secs in [1, 2, 59] {
            assert_eq!(wake.handle_input(NetworkUp, now + secs * SECOND), None);
            assert_eq!(wake.poll_timeout(), Some(now + SPAN));
            assert_eq!(wake.handle_timeout(now + secs * SECOND), None);
        }
        assert_eq!(wake.handle_timeout(now + SPAN), Some(Report::NetworksCame));
        assert_eq!((wake.poll_timeout(), wake.handle_timeout(now + 2 * SPAN)), (None, None));
    }

    #[test]
    fn a_wake_is_always_reported_and_starts_the_count_again() {
        let (mut wake, now) = (Wake::new(), epoch());
        for _ in 0..10 {
            wake.handle_input(NetworkUp, now);
        }
        assert_eq!(wake.handle_input(Woke, now + SECOND), Some(Report::Woke));
        assert_eq!(wake.poll_timeout(), None);
        assert_eq!(wake.handle_input(NetworkUp, now + 2 * SECOND), Some(Report::NetworkUp));
    }

    /// The machine beside a model that knows only the invariant.
    #[derive(Clone)]
    struct Model {
        wake: Wake,
        now: Instant,
        /// When networks were reported since the latest wake.
        reported: Vec<Instant>,
        pending: bool,
    }

    impl Model {
        fn take(&mut self, (secs, input): (u32, Option<Input>)) {
            self.now += secs * SECOND;
            let report = match input {
                Some(input) => self.wake.handle_input(input, self.now),
                None => self.wake.handle_timeout(self.now),
            };
            self.pending |= input == Some(NetworkUp);
            match report {
                Some(Report::Woke) => (self.reported, self.pending) = (Vec::new(), false),
                Some(Report::NetworkUp | Report::NetworksCame) => {
                    assert!(self.pending, "a network that did not come up");
                    self.pending = false;
                    self.reported.push(self.now);
                }
                None => {}
            }
            assert_eq!(report == Some(Report::Woke), input == Some(Woke), "a wake is reported at once");
            let recent = self.reported.iter().filter(|at| self.now - **at < SPAN).count();
            assert!(recent < 2 * usize::from(MOST), "{recent} within a minute");
            assert!(!self.pending || recent >= usize::from(MOST), "delayed without need");
            assert_eq!(self.wake.poll_timeout().is_some(), self.pending);
            assert!(self.wake.poll_timeout().is_none_or(|due| due - self.now <= SPAN));
        }

        fn pass_to_timeout(&mut self) {
            if let Some(due) = self.wake.poll_timeout() {
                self.now = self.now.max(due);
                assert_eq!(self.wake.handle_timeout(self.now), Some(Report::NetworksCame));
            }
        }
    }

    #[test]
    fn every_history_is_limited_and_nothing_is_forgotten() {
        let kinds = [None, Some(NetworkUp), Some(Woke)];
        let steps: Vec<_> =
            [0, 1, 14, 59, 60].into_iter().flat_map(|secs| kinds.map(|kind| (secs, kind))).collect();
        let begin = Model { wake: Wake::new(), now: epoch(), reported: Vec::new(), pending: false };
        let mut models = vec![begin];
        for round in 0..4 {
            // Add four in one second, which fill a span, in the middle of the history and at its end.
            let extra = if round >= 2 { 4 } else { 0 };
            models = models
                .iter()
                .flat_map(|model| steps.iter().map(|step| (model.clone(), *step)))
                .map(|(mut model, step)| {
                    model.take(step);
                    (0..extra).for_each(|_| model.take((0, Some(NetworkUp))));
                    model
                })
                .collect();
        }
        assert_eq!(models.len(), 15_usize.pow(4));
        models.iter_mut().for_each(Model::pass_to_timeout);
    }
}
