//! The link in small worlds: every short history, many long ones, and hours with each kind of bad server.

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

/// The machine beside a book-keeper that knows only what was promised.
#[derive(Clone)]
struct World {
    link: Link,
    now: Instant,
    /// Whether the caller holds a socket, and since when it is open.
    socket: bool,
    opened: Option<Instant>,
    /// When `E` came last, and how often since a connection that lasted.
    refused: Option<Instant>,
    refusals: u8,
}

impl World {
    fn new() -> Self {
        Self { link: Link::new(), now: epoch(), socket: false, opened: None, refused: None, refusals: 0 }
    }

    fn after(steps: &[Step]) -> Self {
        let mut world = Self::new();
        for step in steps {
            world.take(*step, 1.0);
        }
        world
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
        self.check_the_step(&before, step, action);
        self.keep_books(&before, step, action);
        self.check_the_present();
        action
    }

    fn check_the_step(&self, before: &Link, step: Step, action: Option<Action>) {
        let asleep =
            matches!(before.state(), LinkState::Refused | LinkState::Displaced | LinkState::SignedOut);
        let by_user = matches!(step, Step::Input(Input::SignedIn | Input::SignedOut | Input::TakenBack));
        if asleep && !by_user {
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

    fn keep_books(&mut self, before: &Link, step: Step, action: Option<Action>) {
        // Generous on purpose: the exact edge of health is for the table tests.
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
                let rested = self.refused.is_none_or(|refused| self.now - refused >= AFTER_REFUSAL);
                assert!(rested, "connected too soon after a refusal");
                assert!(self.refusals <= FORGIVEN_REFUSALS, "connected after {} refusals", self.refusals);
                (self.socket, self.opened) = (true, None);
            }
            Some(Action::Disconnect | Action::Verify) => (self.socket, self.opened) = (false, None),
            Some(Action::Download(Reason::Backlog)) => self.opened = Some(self.now),
            Some(Action::Download(Reason::Live)) | None => {}
        }
    }

    fn check_the_present(&self) {
        let state = self.link.state();
        let may_hold = matches!(self.link.state, State::Opening { .. } | State::Open { .. });
        assert_eq!(self.socket, may_hold, "a socket left behind or missing in {state:?}");
        assert_eq!(self.opened.is_some(), state == LinkState::Connected);

        let due = self.link.poll_timeout();
        match state {
            LinkState::Connecting | LinkState::Connected | LinkState::Waiting => {
                let due = due.unwrap();
                assert!(due > self.now, "a timeout that would spin in {state:?}");
                assert!(due - self.now <= LONGEST_RETRY_AFTER, "a timeout never to come in {state:?}");
            }
            LinkState::SignedOut | LinkState::Refused | LinkState::Displaced => assert_eq!(due, None),
        }
        let halted = matches!(state, LinkState::Refused | LinkState::Displaced);
        assert_eq!(halted, self.link.why_halted().is_some());
    }

    /// Left alone, a link that is not halted connects again: dead, waited, connected.
    fn check_that_it_comes_back(mut self) {
        if self.link.poll_timeout().is_none() {
            return;
        }
        let came_back = (0..3).any(|_| self.take(Step::Timeout, 0.5) == Some(Action::Connect));
        assert!(came_back, "stuck in {:?}", self.link);
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

fn explore(world: &World, alphabet: &[Step], depth: usize) -> usize {
    if depth == 0 {
        world.clone().check_that_it_comes_back();
        return 1;
    }
    let from_here = |step: &Step| {
        let mut world = world.clone();
        world.take(*step, 1.0);
        explore(&world, alphabet, depth - 1)
    };
    alphabet.iter().map(from_here).sum()
}

#[test]
fn every_short_history_keeps_the_promises() {
    let [sign_in, open, refuse] = [Input::SignedIn, Input::Opened, REFUSED].map(Step::Input);
    let accept = Step::Input(Input::Accepted);
    let mut histories = 0;
    for begin in [
        &[][..],
        &[sign_in, open],
        &[sign_in, open, refuse],
        &[sign_in, open, refuse, accept, Step::Timeout, open, refuse, accept, Step::Timeout],
    ] {
        histories += explore(&World::after(begin), &alphabet(), 4);
    }
    assert_eq!(histories, 4 * 234_256);
}

#[test]
fn every_longer_history_of_few_words_keeps_the_promises() {
    let words = [Input::Opened, REFUSED, RELOAD, Input::Lost, Input::Accepted, Input::Woke, Input::NetworkUp];
    let alphabet: Vec<Step> = words.map(Step::Input).into_iter().chain([Step::Timeout]).collect();
    assert_eq!(explore(&World::after(&[Step::Input(Input::SignedIn)]), &alphabet, 6), 262_144);
}

proptest! {
    #[test]
    fn every_long_history_keeps_the_promises(
        steps in prop::collection::vec((prop::sample::select(alphabet()), 0.0..1.0_f64), 0..300)
    ) {
        let mut world = World::new();
        for (step, jitter) in steps {
            world.take(step, jitter);
        }
        world.check_that_it_comes_back();
    }
}

/// When a link connects to a server that always answers with the same inputs, in seconds within six hours.
fn attempts(server: &[Input]) -> Vec<u64> {
    let begin = epoch();
    let mut world = World { now: begin, ..World::new() };
    let mut action = world.take(Step::Input(Input::SignedIn), 0.5);
    let mut attempts = Vec::new();
    while world.now < begin + Duration::from_hours(6) {
        if action == Some(Action::Connect) {
            attempts.push((world.now - begin).as_secs());
            for input in server {
                world.take(Step::Input(*input), 0.5);
            }
        }
        if world.link.poll_timeout().is_none() {
            break;
        }
        action = world.take(Step::Timeout, 0.5);
    }
    attempts
}

#[test]
fn a_bad_server_is_asked_ever_more_rarely() {
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
fn a_server_that_means_it_is_left_alone() {
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
