//! When news of the computer are passed on: a wake from sleep, a network that came up.
//!
//! Invariant: a wake and the first networks after it are passed on at once, and none is forgotten; but never more
//! than [`MOST`] networks within a [`SPAN`]: what is too much waits for its end, as one.
//!
//! [`super::link`] sees to it that a storm makes one connection. This keeps a network that comes and goes from
//! making the service one visit after the other.

use std::time::{Duration, Instant};

/// How many networks are passed on within a [`SPAN`]: one that comes up, that reaches the internet, and that
/// another took its place, with one to spare.
pub const MOST: u8 = 4;

/// How long they are counted, from the first on; a wake begins anew.
pub const SPAN: Duration = Duration::from_mins(1);

/// What happened to the computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// It woke from sleep.
    Woke,
    /// A network came up, or another took its place.
    NetworkUp,
}

/// What the others are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It woke from sleep, just now.
    Woke,
    /// A network came up, just now.
    NetworkUp,
    /// Networks came up one after the other, the last of them some while ago.
    NetworksCame,
}

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    /// When the latest span began, and how many networks were passed on in it.
    span: Option<(Instant, u8)>,
    /// Whether there were more.
    too_many: bool,
}

impl Wake {
    /// A machine that has heard nothing.
    pub const fn new() -> Self {
        Self { span: None, too_many: false }
    }

    /// Takes what happened; what is to be passed on now.
    pub fn handle_input(&mut self, input: Input, now: Instant) -> Option<News> {
        match input {
            Input::Woke => {
                *self = Self::new();
                Some(News::Woke)
            }
            Input::NetworkUp => self.network_up(now),
        }
    }

    /// Takes that the time is now, at [`Self::poll_timeout`] or later; what is to be passed on now.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<News> {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return None;
        }
        *self = Self { span: Some((now, 1)), too_many: false };
        Some(News::NetworksCame)
    }

    /// When [`Self::handle_timeout`] is due, if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let (begun, _) = self.span.filter(|_| self.too_many)?;
        Some(begun + SPAN)
    }

    fn network_up(&mut self, now: Instant) -> Option<News> {
        let span = self.span.filter(|(begun, _)| now.saturating_duration_since(*begun) < SPAN);
        let (begun, passed) = span.unwrap_or((now, 0));
        self.too_many = passed >= MOST;
        if self.too_many {
            return None;
        }
        self.span = Some((begun, passed + 1));
        Some(News::NetworkUp)
    }
}

#[cfg(test)]
mod tests {
    use super::super::backoff::tests::epoch;
    use super::Input::{NetworkUp, Woke};
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_usual_wake_is_passed_on_as_it_comes() {
        let (mut wake, now) = (Wake::new(), epoch());
        assert_eq!(wake.handle_input(Woke, now), Some(News::Woke));
        for secs in 4..8 {
            assert_eq!(wake.handle_input(NetworkUp, now + secs * SECOND), Some(News::NetworkUp));
            assert_eq!(wake.poll_timeout(), None);
        }
    }

    #[test]
    fn what_is_too_much_waits_as_one() {
        let (mut wake, now) = (Wake::new(), epoch());
        for _ in 0..MOST {
            assert_eq!(wake.handle_input(NetworkUp, now), Some(News::NetworkUp));
        }
        for secs in [1, 2, 59] {
            assert_eq!(wake.handle_input(NetworkUp, now + secs * SECOND), None);
            assert_eq!(wake.poll_timeout(), Some(now + SPAN));
            assert_eq!(wake.handle_timeout(now + secs * SECOND), None);
        }
        assert_eq!(wake.handle_timeout(now + SPAN), Some(News::NetworksCame));
        assert_eq!((wake.poll_timeout(), wake.handle_timeout(now + 2 * SPAN)), (None, None));
    }

    #[test]
    fn a_wake_is_never_too_much_and_what_follows_it_is_new() {
        let (mut wake, now) = (Wake::new(), epoch());
        for _ in 0..10 {
            wake.handle_input(NetworkUp, now);
        }
        assert_eq!(wake.handle_input(Woke, now + SECOND), Some(News::Woke));
        assert_eq!(wake.poll_timeout(), None);
        assert_eq!(wake.handle_input(NetworkUp, now + 2 * SECOND), Some(News::NetworkUp));
    }

    /// The machine beside a book-keeper that knows only what was promised.
    #[derive(Clone)]
    struct World {
        wake: Wake,
        now: Instant,
        /// When networks were passed on since the latest wake.
        told: Vec<Instant>,
        owed: bool,
    }

    impl World {
        fn take(&mut self, (secs, input): (u32, Option<Input>)) {
            self.now += secs * SECOND;
            let news = match input {
                Some(input) => self.wake.handle_input(input, self.now),
                None => self.wake.handle_timeout(self.now),
            };
            self.owed |= input == Some(NetworkUp);
            match news {
                Some(News::Woke) => (self.told, self.owed) = (Vec::new(), false),
                Some(News::NetworkUp | News::NetworksCame) => {
                    assert!(self.owed, "a network out of nothing");
                    self.owed = false;
                    self.told.push(self.now);
                }
                None => {}
            }
            assert_eq!(news == Some(News::Woke), input == Some(Woke), "a wake is told at once");
            let lately = self.told.iter().filter(|at| self.now - **at < SPAN).count();
            assert!(lately < 2 * usize::from(MOST), "{lately} within a minute");
            assert!(!self.owed || lately >= usize::from(MOST), "kept without need");
            assert_eq!(self.wake.poll_timeout().is_some(), self.owed);
            assert!(self.wake.poll_timeout().is_none_or(|due| due - self.now <= SPAN));
        }

        fn pay(&mut self) {
            if let Some(due) = self.wake.poll_timeout() {
                self.now = self.now.max(due);
                assert_eq!(self.wake.handle_timeout(self.now), Some(News::NetworksCame));
            }
        }
    }

    #[test]
    fn every_history_is_bounded_and_nothing_is_forgotten() {
        let kinds = [None, Some(NetworkUp), Some(Woke)];
        let steps: Vec<_> =
            [0, 1, 14, 59, 60].into_iter().flat_map(|secs| kinds.map(|kind| (secs, kind))).collect();
        let begin = World { wake: Wake::new(), now: epoch(), told: Vec::new(), owed: false };
        let mut worlds = vec![begin];
        for round in 0..4 {
            // Four in one second fill a span, in the middle of the history and at its end.
            let storm = if round >= 2 { 4 } else { 0 };
            worlds = worlds
                .iter()
                .flat_map(|world| steps.iter().map(|step| (world.clone(), *step)))
                .map(|(mut world, step)| {
                    world.take(step);
                    (0..storm).for_each(|_| world.take((0, Some(NetworkUp))));
                    world
                })
                .collect();
        }
        assert_eq!(worlds.len(), 15_usize.pow(4));
        worlds.iter_mut().for_each(World::pay);
    }
}
