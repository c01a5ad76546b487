//! Decides when to report an outage to the user, and when it is over.
//!
//! Invariant: an outage is reported only after [`LONG`] without a connection that lasted [`HEALTHY`], and only while
//! there is no connection. It stays reported until a connection lasts, so an unsteady connection neither hides the
//! outage nor repeats the report. The first connection that does not last restarts the [`LONG`]. A link that has
//! stopped has no outage: the reason is reported elsewhere.

use std::time::{Duration, Instant};

use super::link::HEALTHY;
use crate::domain::status::LinkState;

/// How long an outage lasts before it is reported.
pub const LONG: Duration = Duration::from_mins(5);

/// What kind of outage it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// There was no connection at all.
    Offline,
    /// There were connections, and none lasted.
    Unsteady,
}

/// The state machine.
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
    reported: Option<Kind>,
}

impl Outage {
    /// A machine for a link that has not started.
    pub const fn new() -> Self {
        Self { current: None }
    }

    /// Handles the state of the link, which may be the same as before.
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
                        // It may have been a good connection that ended early.
                        current.since = now;
                    }
                }
            }
        }
        self.handle_timeout(now);
    }

    /// Handles the timeout given by [`Self::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Instant) {
        self.end_if_over(now);
        if let Some(current) = &mut self.current
            && current.connected.is_none()
            && current.reported.is_none()
            && now >= current.since + LONG
        {
            current.reported = Some(if current.broken > 1 { Kind::Unsteady } else { Kind::Offline });
        }
    }

    /// When [`Self::handle_timeout`] is due, if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let current = self.current.as_ref()?;
        match (current.connected, current.reported) {
            (Some(connected), Some(_)) => Some(connected + HEALTHY),
            (None, None) => Some(current.since + LONG),
            // An unreported outage needs no timer: the next input can end it.
            (Some(_), None) | (None, Some(_)) => None,
        }
    }

    /// The outage to show to the user now.
    pub fn reported(&self) -> Option<Kind> {
        self.current.as_ref()?.reported
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
        Self { since, connected: None, broken: 0, reported: None }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::backoff::tests::epoch;
    use super::*;
    use LinkState::{Connected, Connecting, Displaced, Refused, SignedOut, Waiting};

    const SECOND: Duration = Duration::from_secs(1);

    /// What is reported after these states, each with the seconds it lasted.
    fn after(history: &[(LinkState, u32)]) -> Option<Kind> {
        let (mut outage, mut now) = (Outage::new(), epoch());
        for (state, secs) in history {
            outage.handle_input(*state, now);
            let end = now + *secs * SECOND;
            while let Some(due) = outage.poll_timeout().filter(|due| *due <= end) {
                assert!(due > now || *secs == 0, "a timeout that is due already would spin");
                now = due;
                outage.handle_timeout(now);
            }
            now = end;
        }
        outage.reported()
    }

    #[test]
    fn an_outage_that_was_not_reported_ends_without_a_timer() {
        let mut outage = Outage::new();
        let start = epoch();
        outage.handle_input(Connecting, start);
        outage.handle_input(Connected, start);
        assert_eq!(outage.poll_timeout(), None);
        let end = start + HEALTHY;
        outage.handle_input(Waiting, end);
        outage.handle_input(Connected, end + SECOND);
        outage.handle_input(Waiting, end + 2 * SECOND);
        assert_eq!(outage.poll_timeout(), Some(end + 2 * SECOND + LONG), "another one has begun");
    }

    #[test]
    fn each_rule_in_a_table() {
        let offline = Some(Kind::Offline);
        let unsteady = Some(Kind::Unsteady);
        for (history, reported) in [
            // From the start.
            (vec![(Connecting, 299)], None),
            (vec![(Connecting, 300)], offline),
            (vec![(Connecting, 15), (Waiting, 200), (Connecting, 85)], offline),
            (vec![(SignedOut, 900), (Connecting, 299)], None),
            // A short gap, and the next one.
            (vec![(Connecting, 1), (Connected, 900), (Waiting, 299)], None),
            (vec![(Connecting, 1), (Connected, 900), (Waiting, 299), (Connected, 60), (Waiting, 299)], None),
            (vec![(Connecting, 1), (Connected, 900), (Waiting, 300)], offline),
            // It stays reported until a connection has lasted.
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
            // A link that stopped has its own notification.
            (vec![(Waiting, 900), (Refused, 0)], None),
            (vec![(Waiting, 900), (Displaced, 0)], None),
            (vec![(Waiting, 900), (SignedOut, 0)], None),
            (vec![(Refused, 9_000)], None),
            (vec![(Waiting, 900), (Refused, 1), (Connecting, 299)], None),
        ] {
            assert_eq!(after(&history), reported, "{history:?}");
        }
    }

    #[test]
    fn an_unsteady_connection_is_reported_once() {
        let (mut outage, mut now) = (Outage::new(), epoch());
        let mut reported = Vec::new();
        for _minute in 0..600 {
            for (state, secs) in [(Connecting, 1), (Connected, 2), (Waiting, 57)] {
                outage.handle_input(state, now);
                now += secs * SECOND;
                outage.handle_timeout(now);
                reported.push(outage.reported());
            }
        }
        reported.dedup();
        assert_eq!(reported, [None, Some(Kind::Unsteady)]);
    }

    /// The machine beside a model that knows only the history.
    #[derive(Clone)]
    struct Model {
        outage: Outage,
        now: Instant,
        state: LinkState,
        /// Since when it is connected, or not.
        since: Instant,
        /// When the last connection that lasted ended, or when the link first tried to connect.
        lasting: Option<Instant>,
        /// How many have ended since without lasting; the first one counts as if it had.
        broken: u32,
    }

    impl Model {
        fn new() -> Self {
            let now = epoch();
            Self { outage: Outage::new(), now, state: SignedOut, since: now, lasting: None, broken: 0 }
        }

        fn take(&mut self, (pass, state): (u32, Option<LinkState>)) {
            self.now += pass * SECOND;
            // A link cannot be connected without having connected.
            let wanted = matches!(self.state, Connecting | Waiting | Connected);
            let state = if state == Some(Connected) && !wanted { Some(Connecting) } else { state };
            let before = self.outage.reported();
            match state {
                Some(state) => self.outage.handle_input(state, self.now),
                None => self.outage.handle_timeout(self.now),
            }
            self.update(state.unwrap_or(self.state));
            self.check(before);
        }

        fn update(&mut self, state: LinkState) {
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
            let reported = self.outage.reported();
            let is_down = matches!(self.state, Connecting | Waiting);
            let is_back = self.state == Connected && self.lasted();
            assert!(before.is_some() || reported.is_none() || is_down, "reported while connected");
            if !is_down && self.state != Connected || is_back {
                assert_eq!(reported, None, "reported although it is over");
            }
            if let Some(wanted) = self.lasting.filter(|_| is_down) {
                let goes_on = before.is_some() && self.broken > 0;
                assert_eq!(reported.is_some(), goes_on || self.now - wanted >= LONG);
            }
            if let (Some(before), Some(reported)) = (before, reported) {
                assert_eq!(before, reported, "reported twice");
            }
            assert!(
                self.outage.poll_timeout().is_none_or(|due| due > self.now),
                "a timeout that is due already would spin"
            );
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
    fn every_short_history_keeps_the_invariant() {
        let mut models = vec![Model::new()];
        for _ in 0..3 {
            let from_here = |model: &Model| {
                let mut models = vec![model.clone(); steps().len()];
                models.iter_mut().zip(steps()).for_each(|(model, step)| model.take(step));
                models
            };
            models = models.iter().flat_map(from_here).collect();
        }
        assert_eq!(models.len(), 74_088);
    }

    proptest! {
        #[test]
        fn every_long_history_keeps_the_invariant(
            history in prop::collection::vec(prop::sample::select(steps()), 0..200)
        ) {
            let mut model = Model::new();
            for step in history {
                model.take(step);
            }
        }
    }
}
