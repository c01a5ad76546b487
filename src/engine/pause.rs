//! Decides when a pause ends.
//!
//! Invariant: the end is a wall-clock time, so the computer's sleep does not prolong a pause; a pause that is over
//! stays over, even if the clock is set back.

use crate::domain::pause::PausedUntil;

/// What happened. The passing of time is handled by [`Pause::handle_timeout`], which is also due after a sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The user paused. This replaces an earlier pause and is already saved.
    Paused(PausedUntil),
    /// The user ended the pause, which is already saved.
    Resumed,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Show the messages that were held back.
    Announce,
}

/// The state machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pause {
    until: Option<PausedUntil>,
}

impl Pause {
    /// A pause that an earlier run left, or none.
    pub const fn new(until: Option<PausedUntil>) -> Self {
        Self { until }
    }

    /// Handles an input at this unix time.
    pub fn handle_input(&mut self, input: Input, unix: i64) -> Option<Action> {
        match input {
            Input::Paused(until) => {
                self.until = Some(until);
                self.handle_timeout(unix)
            }
            Input::Resumed => self.until.take().map(|_| Action::Announce),
        }
    }

    /// Handles that this unix time has come.
    pub fn handle_timeout(&mut self, unix: i64) -> Option<Action> {
        self.until.take_if(|until| is_over(*until, unix)).map(|_| Action::Announce)
    }

    /// The unix time at which [`Self::handle_timeout`] is due, if ever.
    pub fn poll_timeout(&self) -> Option<i64> {
        match self.until {
            Some(PausedUntil::Time(unix)) => Some(unix),
            Some(PausedUntil::Forever) | None => None,
        }
    }

    /// Until when there is a pause, if there is one.
    pub fn until(&self) -> Option<PausedUntil> {
        self.until
    }
}

/// Whether a pause is over at this unix time. It is over at the second in which it ends.
pub fn is_over(until: PausedUntil, unix: i64) -> bool {
    match until {
        PausedUntil::Time(end) => end <= unix,
        PausedUntil::Forever => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Input(Input),
        /// The clock is read, this many seconds later; a negative number sets it back.
        ReadClock(i64),
        /// The program starts again, with what is on disk.
        Restart,
    }

    /// The machine beside a model that knows only the invariant.
    #[derive(Clone)]
    struct Model {
        pause: Pause,
        unix: i64,
        /// The pause that the user asked for last, until it is over.
        expected: Option<PausedUntil>,
    }

    impl Model {
        fn new() -> Self {
            Self { pause: Pause::default(), unix: 100, expected: None }
        }

        fn take(&mut self, step: Step) {
            let before = self.expected;
            let action = match step {
                Step::Input(input) => {
                    self.expected = match input {
                        Input::Paused(until) => Some(until),
                        Input::Resumed => None,
                    };
                    self.pause.handle_input(input, self.unix)
                }
                Step::ReadClock(later) => {
                    self.unix += later;
                    self.pause.handle_timeout(self.unix)
                }
                Step::Restart => {
                    self.pause = Pause::new(self.expected);
                    self.pause.handle_timeout(self.unix)
                }
            };
            let is_running = |until: &PausedUntil| match until {
                PausedUntil::Time(end) => self.unix < *end,
                PausedUntil::Forever => true,
            };
            let started = matches!(step, Step::Input(Input::Paused(_)));
            self.expected = self.expected.filter(is_running);
            let ended = (before.is_some() || started) && self.expected.is_none();
            assert_eq!(action.is_some(), ended, "{step:?} at {}: {before:?}", self.unix);
            assert_eq!(self.pause.until(), self.expected);
            let due = self.pause.poll_timeout();
            assert!(due.is_none_or(|due| due > self.unix), "a timeout that is due already would spin");
            assert_eq!(due.is_some(), matches!(self.expected, Some(PausedUntil::Time(_))));
        }
    }

    fn alphabet() -> Vec<Step> {
        let pauses = [101, 103, 99].map(PausedUntil::Time).into_iter().chain([PausedUntil::Forever]);
        let inputs = pauses.map(Input::Paused).chain([Input::Resumed]).map(Step::Input);
        inputs.chain([-2, 0, 1, 4].map(Step::ReadClock)).chain([Step::Restart]).collect()
    }

    fn explore(model: &Model, alphabet: &[Step], depth: usize) -> usize {
        let Some(depth) = depth.checked_sub(1) else { return 1 };
        let next = |step: &Step| {
            let mut model = model.clone();
            model.take(*step);
            explore(&model, alphabet, depth)
        };
        alphabet.iter().map(next).sum()
    }

    #[test]
    fn every_short_history_keeps_the_invariant() {
        assert_eq!(explore(&Model::new(), &alphabet(), 6), 1_000_000);
    }

    #[test]
    fn a_pause_ends_at_its_second_and_not_before() {
        let mut pause = Pause::default();
        assert_eq!(pause.handle_input(Input::Paused(PausedUntil::Time(200)), 100), None);
        assert_eq!(pause.handle_timeout(199), None);
        assert_eq!(pause.handle_timeout(200), Some(Action::Announce));
        assert_eq!(pause.handle_timeout(200), None);
        assert_eq!(pause.handle_timeout(150), None, "a clock that is set back does not bring the pause back");
        assert_eq!(pause.until(), None);
    }

    #[test]
    fn a_pause_that_ended_during_sleep_is_over() {
        let mut pause = Pause::new(Some(PausedUntil::Time(200)));
        assert_eq!(pause.poll_timeout(), Some(200));
        assert_eq!(pause.handle_timeout(90_000), Some(Action::Announce));
    }

    proptest! {
        #[test]
        fn any_history_keeps_the_invariant(
            steps in proptest::collection::vec((0_usize..5, -5_i64..20), 0..80),
        ) {
            let mut model = Model::new();
            for (kind, number) in steps {
                model.take(match kind {
                    0 => Step::Input(Input::Paused(PausedUntil::Time(model.unix + number))),
                    1 => Step::Input(Input::Paused(PausedUntil::Forever)),
                    2 => Step::Input(Input::Resumed),
                    3 => Step::ReadClock(number),
                    _ => Step::Restart,
                });
            }
        }
    }
}
