//! Decides when the user is told that there is no connection, and when that is over.
//!
//! Invariant: told is only after [`LONG`] without a connection that lasted [`HEALTHY`], and while there is none;
//! once told, it stays told until one lasts, so a connection that comes and goes neither hides an outage nor tells
//! of it again and again. The first that does not last only begins the [`LONG`] anew. A link that is not to connect has no outage: why it stopped is told elsewhere.

use std::time::{Duration, Instant};

use super::link::HEALTHY;
use crate::domain::status::LinkState;

/// How long there is no word of an outage.
pub const LONG: Duration = Duration::from_mins(5);

/// What kind of outage it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// There was no connection at all.
    Offline,
    /// There were connections, and none lasted.
    Unsteady,
}

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outage {
    current: Option<Current>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Current {
    since: Instant,
    /// Since when there is a connection again, if there is.
    connected: Option<Instant>,
    /// How many there were that did not last.
    broken: u32,
    told: Option<Kind>,
}

impl Outage {
    /// A machine of a link that was not started.
    pub const fn new() -> Self {
        Self { current: None }
    }

    /// Takes the state of the link, which may be the same as before.
    pub fn handle_input(&mut self, state: LinkState, now: Instant) {
        self.end_if_over(now);
        match state {
            LinkState::SignedOut | LinkState::Refused | LinkState::Displaced => self.current = None,
            LinkState::Connected => {
                if let Some(current) = &mut self.current {
                    current.connected.get_or_insert(now);
                }
            }
            LinkState::Connecting | LinkState::Waiting => {
                let current = self.current.get_or_insert(Current::new(now));
                if current.connected.take().is_some() {
                    current.broken += 1;
                    if current.broken == 1 {
                        // One may have been a good one that came to its end early.
                        current.since = now;
                    }
                }
            }
        }
        self.handle_timeout(now);
    }

    /// Takes that the time is now, at [`Self::poll_timeout`] or later.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.end_if_over(now);
        if let Some(current) = &mut self.current
            && current.connected.is_none()
            && current.told.is_none()
            && now >= current.since + LONG
        {
            current.told = Some(if current.broken > 1 { Kind::Unsteady } else { Kind::Offline });
        }
    }

    /// When [`Self::handle_timeout`] is due, if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let current = self.current.as_ref()?;
        match (current.connected, current.told) {
            (Some(connected), Some(_)) => Some(connected + HEALTHY),
            (None, None) => Some(current.since + LONG),
            // What nobody was told of ends unseen: to forget it can wait for the next input.
            (Some(_), None) | (None, Some(_)) => None,
        }
    }

    /// What the user is to know now.
    pub fn told(&self) -> Option<Kind> {
        self.current.as_ref()?.told
    }

    fn end_if_over(&mut self, now: Instant) {
        let connected = self.current.as_ref().and_then(|current| current.connected);
        if connected.is_some_and(|connected| now >= connected + HEALTHY) {
            self.current = None;
        }
    }
}

impl Current {
    fn new(since: Instant) -> Self {
        Self { since, connected: None, broken: 0, told: None }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::backoff::tests::epoch;
    use super::*;
    use LinkState::{Connected, Connecting, Displaced, Refused, SignedOut, Waiting};

    const SECOND: Duration = Duration::from_secs(1);

    /// What the user knows after these states, each with the seconds it lasted.
    fn after(history: &[(LinkState, u32)]) -> Option<Kind> {
        let (mut outage, mut now) = (Outage::new(), epoch());
        for (state, secs) in history {
            outage.handle_input(*state, now);
            let end = now + *secs * SECOND;
            while let Some(due) = outage.poll_timeout().filter(|due| *due <= end) {
                assert!(due > now || *secs == 0, "a timeout that would spin");
                now = due;
                outage.handle_timeout(now);
            }
            now = end;
        }
        outage.told()
    }

    #[test]
    fn what_nobody_was_told_of_ends_without_a_timer() {
        let mut outage = Outage::new();
        let start = epoch();
        outage.handle_input(Connecting, start);
        outage.handle_input(Connected, start);
        assert_eq!(outage.poll_timeout(), None);
        let end = start + HEALTHY;
        outage.handle_input(Waiting, end);
        outage.handle_input(Connected, end + SECOND);
        outage.handle_input(Waiting, end + 2 * SECOND);
        assert_eq!(outage.poll_timeout(), Some(end + 2 * SECOND + LONG), "another has begun");
    }

    #[test]
    fn one_rule_a_line() {
        let offline = Some(Kind::Offline);
        let unsteady = Some(Kind::Unsteady);
        for (history, told) in [
            // From the start.
            (vec![(Connecting, 299)], None),
            (vec![(Connecting, 300)], offline),
            (vec![(Connecting, 15), (Waiting, 200), (Connecting, 85)], offline),
            (vec![(SignedOut, 900), (Connecting, 299)], None),
            // A short gap, and the next one.
            (vec![(Connecting, 1), (Connected, 900), (Waiting, 299)], None),
            (vec![(Connecting, 1), (Connected, 900), (Waiting, 299), (Connected, 60), (Waiting, 299)], None),
            (vec![(Connecting, 1), (Connected, 900), (Waiting, 300)], offline),
            // It stays until a connection lasted.
            (vec![(Waiting, 9_000)], offline),
            (vec![(Waiting, 300), (Connected, 59)], offline),
            (vec![(Waiting, 300), (Connected, 60)], None),
            (vec![(Waiting, 300), (Connected, 2), (Waiting, 900)], offline),
            (vec![(Waiting, 300), (Connected, 60), (Waiting, 299)], None),
            (vec![(Waiting, 300), (Connected, 60), (Waiting, 300)], offline),
            // Connections that do not last.
            (vec![(Waiting, 298), (Connected, 59), (Waiting, 299)], None),
            (vec![(Waiting, 298), (Connected, 59), (Waiting, 300)], offline),
            (vec![(Connecting, 10), (Connected, 2), (Waiting, 100), (Connected, 2), (Waiting, 197)], None),
            (
                vec![(Connecting, 10), (Connected, 2), (Waiting, 100), (Connected, 2), (Waiting, 198)],
                unsteady,
            ),
            (vec![(Connecting, 1), (Connected, 2), (Waiting, 298), (Connected, 59)], None),
            (vec![(Connecting, 1), (Connected, 2), (Waiting, 298), (Connected, 59), (Waiting, 0)], unsteady),
            (vec![(Connecting, 1), (Connected, 2), (Waiting, 298), (Connected, 60), (Waiting, 0)], None),
            // What stopped has its own notification.
            (vec![(Waiting, 900), (Refused, 0)], None),
            (vec![(Waiting, 900), (Displaced, 0)], None),
            (vec![(Waiting, 900), (SignedOut, 0)], None),
            (vec![(Refused, 9_000)], None),
            (vec![(Waiting, 900), (Refused, 1), (Connecting, 299)], None),
        ] {
            assert_eq!(after(&history), told, "{history:?}");
        }
    }

    #[test]
    fn a_connection_that_comes_and_goes_is_told_of_once() {
        let (mut outage, mut now) = (Outage::new(), epoch());
        let mut told = Vec::new();
        for _minute in 0..600 {
            for (state, secs) in [(Connecting, 1), (Connected, 2), (Waiting, 57)] {
                outage.handle_input(state, now);
                now += secs * SECOND;
                outage.handle_timeout(now);
                told.push(outage.told());
            }
        }
        told.dedup();
        assert_eq!(told, [None, Some(Kind::Unsteady)]);
    }

    /// The machine beside a book-keeper that knows only the whole history.
    #[derive(Clone)]
    struct World {
        outage: Outage,
        now: Instant,
        state: LinkState,
        /// Since when the state is what it is: connected, to be connected, or neither.
        since: Instant,
        /// When the last connection that lasted ended, or the link began to want one.
        lasting: Option<Instant>,
        /// How many ended since that did not last; the first of them is taken for one that did.
        broken: u32,
    }

    impl World {
        fn new() -> Self {
            let now = epoch();
            Self { outage: Outage::new(), now, state: SignedOut, since: now, lasting: None, broken: 0 }
        }

        fn take(&mut self, (pass, state): (u32, Option<LinkState>)) {
            self.now += pass * SECOND;
            // Nobody is connected who did not connect.
            let wanted = matches!(self.state, Connecting | Waiting | Connected);
            let state = if state == Some(Connected) && !wanted { Some(Connecting) } else { state };
            let before = self.outage.told();
            match state {
                Some(state) => self.outage.handle_input(state, self.now),
                None => self.outage.handle_timeout(self.now),
            }
            self.keep_books(state.unwrap_or(self.state));
            self.check(before);
        }

        fn keep_books(&mut self, state: LinkState) {
            let wants = |state| matches!(state, Connecting | Waiting | Connected);
            if self.state == Connected && state != Connected {
                self.broken = if self.lasted() { 0 } else { self.broken + 1 };
                if self.broken <= 1 {
                    self.lasting = Some(self.now);
                }
            }
            if !wants(state) {
                self.lasting = None;
            } else if !wants(self.state) {
                (self.lasting, self.broken) = (Some(self.now), 0);
            }
            if (state == Connected) != (self.state == Connected) {
                self.since = self.now;
            }
            self.state = state;
        }

        fn lasted(&self) -> bool {
            self.now - self.since >= HEALTHY
        }

        fn check(&self, before: Option<Kind>) {
            let told = self.outage.told();
            let is_down = matches!(self.state, Connecting | Waiting);
            let is_back = self.state == Connected && self.lasted();
            assert!(before.is_some() || told.is_none() || is_down, "told while connected");
            if !is_down && self.state != Connected || is_back {
                assert_eq!(told, None, "told of an outage that is over");
            }
            if let Some(wanted) = self.lasting.filter(|_| is_down) {
                let goes_on = before.is_some() && self.broken > 0;
                assert_eq!(told.is_some(), goes_on || self.now - wanted >= LONG);
            }
            if let (Some(before), Some(told)) = (before, told) {
                assert_eq!(before, told, "told twice");
            }
            assert!(self.outage.poll_timeout().is_none_or(|due| due > self.now), "a timeout that would spin");
        }
    }

    fn steps() -> Vec<(u32, Option<LinkState>)> {
        let states = [Connecting, Connected, Waiting, Refused, Displaced, SignedOut].map(Some);
        let times = [0, 1, 59, 60, 240, 300];
        times
            .into_iter()
            .flat_map(|pass| states.into_iter().chain([None]).map(move |state| (pass, state)))
            .collect()
    }

    #[test]
    fn every_short_history_keeps_the_promises() {
        let mut worlds = vec![World::new()];
        for _ in 0..3 {
            let from_here = |world: &World| {
                let mut worlds = vec![world.clone(); steps().len()];
                worlds.iter_mut().zip(steps()).for_each(|(world, step)| world.take(step));
                worlds
            };
            worlds = worlds.iter().flat_map(from_here).collect();
        }
        assert_eq!(worlds.len(), 74_088);
    }

    proptest! {
        #[test]
        fn every_long_history_keeps_the_promises(
            history in prop::collection::vec(prop::sample::select(steps()), 0..200)
        ) {
            let mut world = World::new();
            for step in history {
                world.take(step);
            }
        }
    }
}
