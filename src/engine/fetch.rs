//! Decides when to download. A request stays open until a download that began after it has succeeded.
//!
//! Invariant: at most one download runs; a request is forgotten only at [`Input::Rejected`]; no download starts before
//! the service's `Retry-After` is over.
//!
//! During a wait after a failure:
//!
//! - a live request changes nothing: under load there is a `!` every second, and each would cause a retry;
//! - a backlog request (a new connection) and [`Input::Woke`] mean that the network may work again, so each ends the
//!   current wait; a download that fails again waits longer than before, not shorter;
//! - neither starts a download before the `Retry-After` is over: the wait then lasts until that time.

use std::time::{Duration, Instant};

use super::backoff::{Backoff, Wait};
use crate::domain::message::Arrival;

/// What a download is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The service said that a message arrived.
    Live,
    /// A connection was made, and messages may be waiting. This reason takes precedence over the other.
    Backlog,
}

impl Reason {
    /// How the messages of such a download arrived.
    pub fn arrival(self) -> Arrival {
        match self {
            Self::Live => Arrival::Live,
            Self::Backlog => Arrival::Waited,
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// There may be something to download.
    Requested(Reason),
    /// The download succeeded.
    Succeeded,
    /// The download failed and may succeed later.
    Failed {
        /// How long the service asked to wait.
        retry_after: Option<Duration>,
    },
    /// The service refused the login: no download until the next request, which counts as the first one, since this
    /// response is newer than any `Retry-After` before it.
    Rejected,
    /// The computer woke from sleep, or a network came up.
    Woke,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Begin a download.
    Start(Reason),
}

/// The state machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    state: State,
    backoff: Backoff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Running {
        reason: Reason,
        /// Why another download was requested since the running one began, which may miss the message.
        again: Option<Reason>,
    },
    Waiting {
        reason: Reason,
        wait: Wait,
    },
}

impl Fetch {
    /// A machine without a request.
    pub const fn new() -> Self {
        Self { state: State::Idle, backoff: Backoff::new() }
    }

    /// Handles an input. The outcome of a download that is not running, because it was cancelled, is ignored, except
    /// for a refused login.
    pub fn handle_input(&mut self, input: Input, now: Instant, jitter: f64) -> Option<Action> {
        match input {
            Input::Requested(reason) => self.requested(reason, now),
            Input::Succeeded => self.succeeded(),
            Input::Failed { retry_after } => {
                self.failed(retry_after, now, jitter);
                None
            }
            Input::Rejected => {
                *self = Self::new();
                None
            }
            Input::Woke => self.shorten_wait(now),
        }
    }

    /// Handles the timeout given by [`Self::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Instant, _jitter: f64) -> Option<Action> {
        match self.state {
            State::Waiting { reason, wait } if wait.is_over(now) => Some(self.start(reason)),
            State::Idle | State::Running { .. } | State::Waiting { .. } => None,
        }
    }

    /// When [`Self::handle_timeout`] is due, if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { wait, .. } => Some(wait.until()),
            State::Idle | State::Running { .. } => None,
        }
    }

    /// Whether a download was started and its outcome is not known yet.
    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    fn requested(&mut self, pending: Reason, now: Instant) -> Option<Action> {
        match &mut self.state {
            State::Idle => Some(self.start(pending)),
            State::Running { again, .. } => {
                *again = (*again).max(Some(pending));
                None
            }
            State::Waiting { reason, .. } => {
                *reason = (*reason).max(pending);
                match pending {
                    Reason::Live => None,
                    Reason::Backlog => self.shorten_wait(now),
                }
            }
        }
    }

    fn succeeded(&mut self) -> Option<Action> {
        let State::Running { again, .. } = self.state else { return None };
        self.backoff.reset();
        self.state = State::Idle;
        again.map(|reason| self.start(reason))
    }

    fn failed(&mut self, retry_after: Option<Duration>, now: Instant, jitter: f64) {
        let State::Running { reason, again } = self.state else { return };
        let reason = again.map_or(reason, |again| again.max(reason));
        self.state = State::Waiting { reason, wait: self.backoff.wait(now, jitter, retry_after) };
    }

    fn shorten_wait(&mut self, now: Instant) -> Option<Action> {
        let State::Waiting { reason, wait } = self.state else { return None };
        self.state = State::Waiting { reason, wait: wait.shortened() };
        self.handle_timeout(now, 0.0)
    }

    fn start(&mut self, reason: Reason) -> Action {
        self.state = State::Running { reason, again: None };
        Action::Start(reason)
    }
}

impl Default for Fetch {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::backoff::tests::epoch;
    use super::*;

    const FAILED: Input = Input::Failed { retry_after: None };
    const LIVE: Input = Input::Requested(Reason::Live);
    const BACKLOG: Input = Input::Requested(Reason::Backlog);

    fn busy(secs: u64) -> Input {
        Input::Failed { retry_after: Some(Duration::from_secs(secs)) }
    }

    /// Gives all inputs at the same time, with jitter 1; returns the last one's action, and the wait in seconds.
    fn after(inputs: &[Input]) -> (Option<Action>, Option<u64>) {
        let now = epoch();
        let mut fetch = Fetch::new();
        let action = inputs.iter().map(|input| fetch.handle_input(*input, now, 1.0)).last().flatten();
        (action, fetch.poll_timeout().map(|until| (until - now).as_secs()))
    }

    #[test]
    fn each_rule_in_a_table() {
        let live = Some(Action::Start(Reason::Live));
        let backlog = Some(Action::Start(Reason::Backlog));
        for (inputs, action, wait) in [
            (vec![LIVE], live, None),
            (vec![BACKLOG], backlog, None),
            (vec![Input::Woke], None, None),
            // During a download: one more after it, for the reason that counts.
            (vec![LIVE, LIVE], None, None),
            (vec![LIVE, Input::Woke], None, None),
            (vec![LIVE, Input::Succeeded], None, None),
            (vec![LIVE, LIVE, LIVE, LIVE, Input::Succeeded], live, None),
            (vec![LIVE, LIVE, LIVE, LIVE, Input::Succeeded, Input::Succeeded], None, None),
            (vec![BACKLOG, LIVE, Input::Succeeded], live, None),
            (vec![LIVE, LIVE, BACKLOG, LIVE, Input::Succeeded], backlog, None),
            // After a failure: the request stays open.
            (vec![LIVE, FAILED], None, Some(10)),
            (vec![LIVE, busy(120)], None, Some(120)),
            (vec![LIVE, busy(6)], None, Some(10)),
            (vec![LIVE, FAILED, LIVE], None, Some(10)),
            (vec![LIVE, FAILED, BACKLOG], backlog, None),
            (vec![LIVE, FAILED, Input::Woke], live, None),
            (vec![BACKLOG, FAILED, LIVE, Input::Woke], backlog, None),
            (vec![LIVE, FAILED, Input::Woke, Input::Woke], None, None),
            (vec![LIVE, FAILED, Input::Woke, FAILED], None, Some(20)),
            (vec![LIVE, BACKLOG, FAILED, Input::Woke], backlog, None),
            // Nothing starts before the Retry-After is over.
            (vec![LIVE, busy(120), LIVE], None, Some(120)),
            (vec![LIVE, busy(120), BACKLOG], None, Some(120)),
            (vec![LIVE, busy(120), Input::Woke], None, Some(120)),
            (vec![LIVE, busy(6), BACKLOG], None, Some(6)),
            (vec![LIVE, busy(6), Input::Woke], None, Some(6)),
            // A success forgets the failures; so does a refused login, and every request with them.
            (vec![LIVE, FAILED, Input::Woke, Input::Succeeded, LIVE, FAILED], None, Some(10)),
            (vec![LIVE, LIVE, Input::Rejected], None, None),
            (vec![LIVE, FAILED, Input::Rejected, Input::Woke], None, None),
            (vec![LIVE, LIVE, Input::Rejected, LIVE], live, None),
            // An outcome without a download changes nothing.
            (vec![Input::Succeeded], None, None),
            (vec![FAILED], None, None),
            (vec![LIVE, FAILED, FAILED], None, Some(10)),
            (vec![LIVE, FAILED, Input::Succeeded], None, Some(10)),
        ] {
            assert_eq!(after(&inputs), (action, wait), "{inputs:?}");
        }
    }

    #[test]
    fn a_wait_ends_when_it_is_due_and_not_before() {
        let now = epoch();
        let mut fetch = Fetch::new();
        fetch.handle_input(LIVE, now, 0.0);
        assert!(fetch.is_running());
        fetch.handle_input(FAILED, now, 0.0);
        assert!(!fetch.is_running());
        let due = fetch.poll_timeout().unwrap();
        assert_eq!(due, now + Duration::from_secs(5));
        assert_eq!(fetch.handle_timeout(due.checked_sub(Duration::from_nanos(1)).unwrap(), 0.0), None);
        assert_eq!(fetch.handle_timeout(due, 0.0), Some(Action::Start(Reason::Live)));
        assert_eq!(fetch.handle_timeout(due, 0.0), None);
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Input(Input),
        /// The clock reaches the machine's own deadline, if it has one.
        Timeout,
        Pass(u64),
    }

    /// The machine beside a model that knows only the invariant.
    #[derive(Clone)]
    struct Model {
        fetch: Fetch,
        now: Instant,
        pending: Option<Reason>,
        running: Option<Reason>,
        not_before: Instant,
    }

    impl Model {
        fn new() -> Self {
            let now = epoch();
            Self { fetch: Fetch::new(), now, pending: None, running: None, not_before: now }
        }

        fn take(&mut self, step: Step, jitter: f64) {
            let action = match step {
                Step::Input(input) => {
                    self.expect(input);
                    self.fetch.handle_input(input, self.now, jitter)
                }
                Step::Timeout => {
                    self.now = self.fetch.poll_timeout().map_or(self.now, |due| due.max(self.now));
                    self.fetch.handle_timeout(self.now, jitter)
                }
                Step::Pass(secs) => {
                    self.now += Duration::from_secs(secs);
                    self.fetch.handle_timeout(self.now, jitter)
                }
            };
            if let Some(Action::Start(reason)) = action {
                assert_eq!(self.running, None, "two downloads at once");
                assert_eq!(
                    self.pending.take(),
                    Some(reason),
                    "started without a request, or for another reason"
                );
                assert!(self.now >= self.not_before, "started before the Retry-After was over");
                self.running = Some(reason);
            }
            assert_eq!(self.fetch.is_running(), self.running.is_some());
            let due = self.fetch.poll_timeout();
            assert_eq!(
                due.is_some(),
                self.pending.is_some() && self.running.is_none(),
                "a request without a timeout"
            );
            assert!(due.is_none_or(|due| due > self.now), "a timeout that is due already would spin");
        }

        fn expect(&mut self, input: Input) {
            match input {
                Input::Requested(reason) => self.pending = self.pending.max(Some(reason)),
                Input::Succeeded => self.running = None,
                Input::Failed { retry_after } => {
                    let Some(running) = self.running.take() else { return };
                    self.pending = self.pending.max(Some(running));
                    self.not_before = self.now + retry_after.unwrap_or_default();
                }
                Input::Rejected => (self.pending, self.running, self.not_before) = (None, None, self.now),
                Input::Woke => {}
            }
        }

        /// Everything succeeds from here on.
        fn check_that_every_request_is_met(mut self) {
            for step in [Step::Input(Input::Succeeded), Step::Timeout, Step::Input(Input::Succeeded)] {
                self.take(step, 0.5);
            }
            assert_eq!((self.pending, self.running), (None, None), "a request was forgotten");
        }
    }

    fn alphabet() -> Vec<Step> {
        let inputs =
            [LIVE, BACKLOG, Input::Succeeded, FAILED, busy(6), busy(600), Input::Rejected, Input::Woke];
        inputs.into_iter().map(Step::Input).chain([Step::Timeout, Step::Pass(1), Step::Pass(7)]).collect()
    }

    fn explore(model: &Model, alphabet: &[Step], depth: usize) -> usize {
        if depth == 0 {
            model.clone().check_that_every_request_is_met();
            return 1;
        }
        let from_here = |step: &Step| {
            let mut model = model.clone();
            model.take(*step, 1.0);
            explore(&model, alphabet, depth - 1)
        };
        alphabet.iter().map(from_here).sum()
    }

    #[test]
    fn every_short_history_keeps_the_invariant() {
        let alphabet = alphabet();
        assert_eq!(explore(&Model::new(), &alphabet, 5), 161_051);
        // After failures there is a wait to shorten.
        let mut model = Model::new();
        for step in [Step::Input(LIVE), Step::Input(FAILED), Step::Timeout, Step::Input(busy(6))] {
            model.take(step, 1.0);
        }
        assert_eq!(explore(&model, &alphabet, 4), 14_641);
    }

    proptest! {
        #[test]
        fn every_long_history_keeps_the_invariant(
            steps in prop::collection::vec((prop::sample::select(alphabet()), 0.0..1.0_f64), 0..200)
        ) {
            let mut model = Model::new();
            for (step, jitter) in steps {
                model.take(step, jitter);
            }
            model.check_that_every_request_is_met();
        }
    }

    #[test]
    fn a_service_that_always_fails_is_contacted_less_and_less_often() {
        let begin = epoch();
        let mut fetch = Fetch::new();
        let mut now = begin;
        fetch.handle_input(LIVE, now, 0.5);
        let mut gaps = Vec::new();
        while now < begin + Duration::from_hours(1) {
            fetch.handle_input(FAILED, now, 0.5);
            // A `!` every second must not cause a retry every second.
            assert_eq!(fetch.handle_input(LIVE, now, 0.5), None);
            let due = fetch.poll_timeout().unwrap();
            gaps.push(due - now);
            now = due;
            assert!(fetch.handle_timeout(now, 0.5).is_some());
        }
        assert!(gaps.is_sorted(), "{gaps:?}");
        assert!(gaps.len() <= 30, "{} downloads an hour", gaps.len());
    }
}
