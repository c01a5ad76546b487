//! When a pause ends.
//!
//! Invariant: the wall clock decides, since a computer that sleeps must not make a pause longer; a pause that
//! is over stays over, whatever the clock says later.

use crate::domain::pause::PausedUntil;

/// What happened. That the clock was looked at is [`Pause::handle_timeout`]: look also after a sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The user paused, in place of a pause before; it is on disk.
    Paused(PausedUntil),
    /// The user ended the pause; that is on disk.
    Resumed,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Show what was held back.
    Announce,
}

/// The machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pause {
    until: Option<PausedUntil>,
}

impl Pause {
    /// A pause that an earlier run left, or none.
    pub const fn new(until: Option<PausedUntil>) -> Self {
        Self { until }
    }

    /// Takes what happened at this unix time.
    pub fn handle_input(&mut self, input: Input, unix: i64) -> Option<Action> {
        match input {
            Input::Paused(until) => {
                self.until = Some(until);
                self.handle_timeout(unix)
            }
            Input::Resumed => self.until.take().map(|_| Action::Announce),
        }
    }

    /// Takes that it is this unix time.
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

/// Whether a pause until then is over at this unix time: in its last second it is.
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
        /// The clock is looked at, this much later; less than nothing when somebody sets it back.
        Look(i64),
        /// The program starts anew, with what is on disk.
        Restart,
    }

    /// The machine beside a book-keeper that knows only what was promised.
    #[derive(Clone)]
    struct World {
        pause: Pause,
        unix: i64,
        /// What the user asked for last, until it was seen to be over.
        asked: Option<PausedUntil>,
    }

    impl World {
        fn new() -> Self {
            Self { pause: Pause::default(), unix: 100, asked: None }
        }

        fn take(&mut self, step: Step) {
            let before = self.asked;
            let action = match step {
                Step::Input(input) => {
                    self.asked = match input {
                        Input::Paused(until) => Some(until),
                        Input::Resumed => None,
                    };
                    self.pause.handle_input(input, self.unix)
                }
                Step::Look(later) => {
                    self.unix += later;
                    self.pause.handle_timeout(self.unix)
                }
                Step::Restart => {
                    self.pause = Pause::new(self.asked);
                    self.pause.handle_timeout(self.unix)
                }
            };
            let is_running = |until: &PausedUntil| match until {
                PausedUntil::Time(end) => self.unix < *end,
                PausedUntil::Forever => true,
            };
            let began = matches!(step, Step::Input(Input::Paused(_)));
            self.asked = self.asked.filter(is_running);
            let ended = (before.is_some() || began) && self.asked.is_none();
            assert_eq!(action.is_some(), ended, "{step:?} at {}: {before:?}", self.unix);
            assert_eq!(self.pause.until(), self.asked);
            let due = self.pause.poll_timeout();
            assert!(due.is_none_or(|due| due > self.unix), "a timeout that would spin");
            assert_eq!(due.is_some(), matches!(self.asked, Some(PausedUntil::Time(_))));
        }
    }

    fn alphabet() -> Vec<Step> {
        let pauses = [101, 103, 99].map(PausedUntil::Time).into_iter().chain([PausedUntil::Forever]);
        let inputs = pauses.map(Input::Paused).chain([Input::Resumed]).map(Step::Input);
        inputs.chain([-2, 0, 1, 4].map(Step::Look)).chain([Step::Restart]).collect()
    }

    fn explore(world: &World, alphabet: &[Step], depth: usize) -> usize {
        let Some(depth) = depth.checked_sub(1) else { return 1 };
        let next = |step: &Step| {
            let mut world = world.clone();
            world.take(*step);
            explore(&world, alphabet, depth)
        };
        alphabet.iter().map(next).sum()
    }

    #[test]
    fn every_short_history_keeps_the_promise() {
        assert_eq!(explore(&World::new(), &alphabet(), 6), 1_000_000);
    }

    #[test]
    fn it_ends_at_its_second_and_not_before() {
        let mut pause = Pause::default();
        assert_eq!(pause.handle_input(Input::Paused(PausedUntil::Time(200)), 100), None);
        assert_eq!(pause.handle_timeout(199), None);
        assert_eq!(pause.handle_timeout(200), Some(Action::Announce));
        assert_eq!(pause.handle_timeout(200), None);
        assert_eq!(pause.handle_timeout(150), None, "a clock that is set back brings no pause back");
        assert_eq!(pause.until(), None);
    }

    #[test]
    fn a_computer_that_slept_through_the_end_finds_it_over() {
        let mut pause = Pause::new(Some(PausedUntil::Time(200)));
        assert_eq!(pause.poll_timeout(), Some(200));
        assert_eq!(pause.handle_timeout(90_000), Some(Action::Announce));
    }

    proptest! {
        #[test]
        fn any_history_keeps_the_promise(
            steps in proptest::collection::vec((0_usize..5, -5_i64..20), 0..80),
        ) {
            let mut world = World::new();
            for (kind, number) in steps {
                world.take(match kind {
                    0 => Step::Input(Input::Paused(PausedUntil::Time(world.unix + number))),
                    1 => Step::Input(Input::Paused(PausedUntil::Forever)),
                    2 => Step::Input(Input::Resumed),
                    3 => Step::Look(number),
                    _ => Step::Restart,
                });
            }
        }
    }
}
