//! When news of the computer are passed on: a wake from sleep, a network that came up.
//!
//! Invariant: the first news are passed on at once and none are forgotten, but never more than [`MOST`] within a
//! [`SPAN`] that began with the first: what is too much waits for its end, as one.
//!
//! [`super::link`] sees to it that a storm makes one connection. This keeps a network that comes and goes, or a
//! lid that opens and shuts, from making the service one visit after the other.

use std::time::{Duration, Instant};

/// How often something is passed on within a [`SPAN`]: a wake, the network some seconds later, and that it
/// reaches the internet, with one to spare.
pub const MOST: u8 = 4;

/// How long it is counted.
pub const SPAN: Duration = Duration::from_mins(1);

/// What happened to the computer. Of two the weightier one stands for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// A network came up, or another took its place.
    NetworkUp,
    /// It woke from sleep.
    Woke,
}

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    /// When the latest span began, and how often something was passed on in it.
    span: Option<(Instant, u8)>,
    /// What waits for its end.
    kept: Option<News>,
}

impl Wake {
    /// A machine that has heard nothing.
    pub const fn new() -> Self {
        Self { span: None, kept: None }
    }

    /// Takes what happened; what is to be passed on now.
    pub fn handle_input(&mut self, news: News, now: Instant) -> Option<News> {
        self.kept = self.kept.max(Some(news));
        self.pass_on(now)
    }

    /// Takes that the time is now, at [`Self::poll_timeout`] or later; what is to be passed on now.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<News> {
        self.pass_on(now)
    }

    /// When [`Self::handle_timeout`] is due, if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.kept.and(self.span).map(|(begun, _)| begun + SPAN)
    }

    fn pass_on(&mut self, now: Instant) -> Option<News> {
        self.kept?;
        let span = self.span.filter(|(begun, _)| now.saturating_duration_since(*begun) < SPAN);
        let (begun, passed) = span.unwrap_or((now, 0));
        if passed == MOST {
            return None;
        }
        self.span = Some((begun, passed + 1));
        self.kept.take()
    }
}

#[cfg(test)]
mod tests {
    use super::super::backoff::tests::epoch;
    use super::News::{NetworkUp, Woke};
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_usual_wake_is_passed_on_as_it_comes() {
        let (mut wake, now) = (Wake::new(), epoch());
        for (secs, news) in [(0, Woke), (4, NetworkUp), (5, NetworkUp), (6, NetworkUp)] {
            assert_eq!(wake.handle_input(news, now + secs * SECOND), Some(news));
            assert_eq!(wake.poll_timeout(), None);
        }
    }

    #[test]
    fn what_is_too_much_waits_as_one() {
        let (mut wake, now) = (Wake::new(), epoch());
        for _ in 0..MOST {
            assert_eq!(wake.handle_input(NetworkUp, now), Some(NetworkUp));
        }
        for (secs, news) in [(1, NetworkUp), (2, Woke), (59, NetworkUp)] {
            assert_eq!(wake.handle_input(news, now + secs * SECOND), None);
            assert_eq!(wake.poll_timeout(), Some(now + SPAN));
            assert_eq!(wake.handle_timeout(now + secs * SECOND), None);
        }
        assert_eq!(wake.handle_timeout(now + SPAN), Some(Woke));
        assert_eq!((wake.poll_timeout(), wake.handle_timeout(now + 2 * SPAN)), (None, None));
    }

    /// Every history of four steps of a few kinds, and what was promised of each.
    #[test]
    fn every_history_is_bounded_and_nothing_is_forgotten() {
        let steps: Vec<(u32, Option<News>)> = [0, 1, 14, 59, 60]
            .into_iter()
            .flat_map(|secs| [None, Some(NetworkUp), Some(Woke)].map(|news| (secs, news)))
            .collect();
        let mut worlds = vec![(Wake::new(), epoch(), Vec::<Instant>::new(), None::<News>)];
        for _ in 0..4 {
            worlds = worlds
                .iter()
                .flat_map(|world| steps.iter().map(|step| after(world.clone(), *step)))
                .collect();
        }
        // Six more of one kind fill every span.
        for _ in 0..6 {
            worlds = worlds.into_iter().map(|world| after(world, (1, Some(NetworkUp)))).collect();
        }
        assert_eq!(worlds.len(), 15_usize.pow(4));
        for (mut wake, _, _, owed) in worlds {
            let told = wake.poll_timeout().and_then(|due| wake.handle_timeout(due));
            assert_eq!(told, owed, "what was kept is told when it is due");
        }
    }

    type World = (Wake, Instant, Vec<Instant>, Option<News>);

    fn after((mut wake, now, mut told, owed): World, (secs, news): (u32, Option<News>)) -> World {
        let now = now + secs * SECOND;
        let passed = match news {
            Some(news) => wake.handle_input(news, now),
            None => wake.handle_timeout(now),
        };
        let mut owed = owed.max(news);
        if let Some(passed) = passed {
            assert_eq!(Some(passed), owed, "the weightiest of what was owed");
            owed = None;
            told.push(now);
        }
        let in_a_span = |at: &Instant| now.saturating_duration_since(*at) < SPAN;
        let lately = told.iter().filter(|at| in_a_span(at)).count();
        assert!(lately < 2 * usize::from(MOST), "{lately} within a minute");
        assert!(owed.is_none() || lately >= usize::from(MOST), "kept without need");
        assert_eq!(wake.poll_timeout().is_some(), owed.is_some());
        assert!(wake.poll_timeout().is_none_or(|due| due > now));
        (wake, now, told, owed)
    }
}
