//! Tests the link in every short history, in many long ones, and for hours with each kind of failing server.

use proptest::prelude::*;

use super::super::backoff::LONGEST_RETRY_AFTER;
use super::super::backoff::tests::epoch;
use super::*;

const CLOSED: Input = Input::OpenFailed { retry_after: None };
const BUSY: Input = Input::OpenFailed { retry_after: Some(Duration::from_mins(10)) };
const RELOAD: Input = Input::Heard(Signal::Reload);
const REFUSED: Input = Input::Heard(Signal::Refused);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Input(Input),
    /// The clock reaches the machine's own deadline, if it has one.
    Timeout,
    Pass(Duration),
}

/// The machine beside a model that knows only the invariant.
#[derive(Clone)]
struct Model {
    link: Link,
    now: Instant,
    /// Whether the caller holds a socket, and since when it is open.
    socket: bool,
    opened: Option<Instant>,
    /// When `E` came last, and how often since a healthy connection.
    refused: Option<Instant>,
    refusals: u8,
}

impl Model {
    fn new() -> Self {
        Self { link: Link::new(), now: epoch(), socket: false, opened: None, refused: None, refusals: 0 }
    }

    fn after(steps: &[Step]) -> Self {
        let mut model = Self::new();
        for step in steps {
            model.take(*step, 1.0);
        }
        model
    }

    fn take(&mut self, step: Step, jitter: f64) -> Option<Action> {
        let before = self.link.clone();
        let action = match step {
            Step::Input(input) => self.link.handle_input(input, self.now, jitter),
            Step::Timeout => {
                self.now = self.link.poll_timeout().unwrap_or(self.now);
                self.link.handle_timeout(self.now, jitter)
            }
            Step::Pass(time) => {
                self.now += time;
                self.link.handle_timeout(self.now, jitter)
            }
        };
        self.check_step(&before, step, action);
        self.update(&before, step, action);
        self.check_state();
        action
    }

    fn check_step(&self, before: &Link, step: Step, action: Option<Action>) {
        let is_stopped =
            matches!(before.state(), LinkState::Refused | LinkState::Displaced | LinkState::SignedOut);
        let by_user = matches!(step, Step::Input(Input::SignedIn | Input::SignedOut | Input::TakenBack));
        if is_stopped && !by_user {
            assert_eq!(action, None, "an action in a halt");
            assert!(self.link.poll_timeout().is_none(), "a halt left without the user");
        }
        if before.state() == LinkState::Connected && step == Step::Input(Input::Heard(Signal::Message)) {
            assert_eq!(action, Some(Action::Download(Reason::Live)));
        }
        if matches!(before.state, State::Opening { .. }) && step == Step::Input(Input::Opened) {
            assert_eq!(action, Some(Action::Download(Reason::Backlog)));
        }
    }

    fn update(&mut self, before: &Link, step: Step, action: Option<Action>) {
        // The exact limit of health is tested in the tables.
        if self.opened.is_some_and(|opened| self.now - opened >= HEALTHY) {
            self.refusals = 0;
        }
        if before.state() == LinkState::Connected && step == Step::Input(REFUSED) {
            self.refused = Some(self.now);
            self.refusals += 1;
        }
        match action {
            Some(Action::Connect) => {
                if step == Step::Input(Input::SignedIn) || before.why_halted().is_some() {
                    (self.refused, self.refusals) = (None, 0);
                }
                let has_waited = self.refused.is_none_or(|refused| self.now - refused >= AFTER_REFUSAL);
                assert!(has_waited, "connected too soon after a refusal");
                assert!(self.refusals <= TOLERATED_REFUSALS, "connected after {} refusals", self.refusals);
                (self.socket, self.opened) = (true, None);
            }
            Some(Action::Disconnect | Action::Verify) => (self.socket, self.opened) = (false, None),
            Some(Action::Download(Reason::Backlog)) => self.opened = Some(self.now),
            Some(Action::Download(Reason::Live)) | None => {}
        }
    }

    fn check_state(&self) {
        let state = self.link.state();
        let may_hold = matches!(self.link.state, State::Opening { .. } | State::Open { .. });
        assert_eq!(self.socket, may_hold, "a socket left behind or missing in {state:?}");
        assert_eq!(self.opened.is_some(), state == LinkState::Connected);

        let due = self.link.poll_timeout();
        match state {
            LinkState::Connecting | LinkState::Connected | LinkState::Waiting => {
                let due = due.unwrap();
                assert!(due > self.now, "a timeout that is due already would spin in {state:?}");
                assert!(due - self.now <= LONGEST_RETRY_AFTER, "a timeout that is too late in {state:?}");
            }
            LinkState::SignedOut | LinkState::Refused | LinkState::Displaced => assert_eq!(due, None),
        }
        let halted = matches!(state, LinkState::Refused | LinkState::Displaced);
        assert_eq!(halted, self.link.why_halted().is_some());
    }

    /// Without further input a link that is not halted connects again.
    fn check_that_it_connects_again(mut self) {
        if self.link.poll_timeout().is_none() {
            return;
        }
        let connected_again = (0..3).any(|_| self.take(Step::Timeout, 0.5) == Some(Action::Connect));
        assert!(connected_again, "stuck in {:?}", self.link);
    }
}

fn alphabet() -> Vec<Step> {
    let inputs = [
        Input::SignedIn,
        Input::SignedOut,
        Input::Opened,
        CLOSED,
        BUSY,
        Input::Heard(Signal::KeepAlive),
        Input::Heard(Signal::Message),
        RELOAD,
        REFUSED,
        Input::Heard(Signal::Displaced),
        Input::Heard(Signal::Unknown(b'?')),
        Input::Lost,
        Input::Accepted,
        Input::Rejected,
        Input::Unanswered,
        Input::Woke,
        Input::NetworkUp,
        Input::NetworksCame,
        Input::TakenBack,
    ];
    let times = [Step::Timeout, Step::Pass(Duration::from_secs(1)), Step::Pass(HEALTHY)];
    inputs.into_iter().map(Step::Input).chain(times).collect()
}

fn explore(model: &Model, alphabet: &[Step], depth: usize) -> usize {
    if depth == 0 {
        model.clone().check_that_it_connects_again();
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
    let [sign_in, open, refuse] = [Input::SignedIn, Input::Opened, REFUSED].map(Step::Input);
    let accept = Step::Input(Input::Accepted);
    let mut histories = 0;
    for begin in [
        &[][..],
        &[sign_in, open],
        &[sign_in, open, refuse],
        &[sign_in, open, refuse, accept, Step::Timeout, open, refuse, accept, Step::Timeout],
    ] {
        histories += explore(&Model::after(begin), &alphabet(), 4);
    }
    assert_eq!(histories, 4 * 234_256);
}

#[test]
fn every_longer_history_of_few_inputs_keeps_the_invariant() {
    let inputs =
        [Input::Opened, REFUSED, RELOAD, Input::Lost, Input::Accepted, Input::Woke, Input::NetworkUp];
    let alphabet: Vec<Step> = inputs.map(Step::Input).into_iter().chain([Step::Timeout]).collect();
    assert_eq!(explore(&Model::after(&[Step::Input(Input::SignedIn)]), &alphabet, 6), 262_144);
}

proptest! {
    #[test]
    fn every_long_history_keeps_the_invariant(
        steps in prop::collection::vec((prop::sample::select(alphabet()), 0.0..1.0_f64), 0..300)
    ) {
        let mut model = Model::new();
        for (step, jitter) in steps {
            model.take(step, jitter);
        }
        model.check_that_it_connects_again();
    }
}

/// When a link connects to a server that always causes the same inputs, in seconds within six hours.
fn attempts(server: &[Input]) -> Vec<u64> {
    let begin = epoch();
    let mut model = Model { now: begin, ..Model::new() };
    let mut action = model.take(Step::Input(Input::SignedIn), 0.5);
    let mut attempts = Vec::new();
    while model.now < begin + Duration::from_hours(6) {
        if action == Some(Action::Connect) {
            attempts.push((model.now - begin).as_secs());
            for input in server {
                model.take(Step::Input(*input), 0.5);
            }
        }
        if model.link.poll_timeout().is_none() {
            break;
        }
        action = model.take(Step::Timeout, 0.5);
    }
    attempts
}

#[test]
fn a_failing_server_is_contacted_less_and_less_often() {
    for (server, most) in [
        (&[CLOSED][..], 28),
        (&[], 26),
        (&[Input::Opened], 18),
        (&[Input::Opened, Input::Lost], 28),
        (&[Input::Opened, RELOAD], 29),
        (&[BUSY], 6),
    ] {
        let attempts = attempts(server);
        let first_hour = attempts.iter().filter(|at| **at < 3_600).count();
        assert!(first_hour <= most, "{server:?}: {first_hour} in the first hour");
        let gaps: Vec<u64> = attempts.windows(2).map(|pair| pair[1] - pair[0]).collect();
        // Whole seconds: a gap of 152.5 s shows as 152 or 153.
        assert!(gaps.windows(2).all(|pair| pair[1] + 1 >= pair[0]), "{server:?}: {gaps:?}");
        let last = *gaps.last().unwrap();
        assert!((150..=650).contains(&last), "{server:?}: every {last} s in the end");
    }
}

#[test]
fn a_server_that_refuses_for_good_is_not_contacted_again() {
    for (server, attempts_in_all) in [
        (&[Input::Opened, REFUSED, Input::Accepted][..], 3),
        (&[Input::Opened, REFUSED, Input::Unanswered], 3),
        (&[Input::Opened, REFUSED, Input::Rejected], 1),
        (&[Input::Opened, REFUSED], 3),
        (&[Input::Opened, Input::Heard(Signal::Displaced)], 1),
        (&[Input::Opened, Input::Rejected], 1),
    ] {
        assert_eq!(attempts(server).len(), attempts_in_all, "{server:?}");
    }
}
