//! Decides when to send the request to acknowledge an emergency to the service, and when to give it up.
//!
//! Invariant: at most one request is in flight; a receipt that was confirmed, refused or given up is sent again only if
//! it is requested again; every other receipt is in flight or has a timeout.

use std::time::{Duration, Instant};

use super::backoff::Backoff;
use crate::domain::message::Receipt;

/// How long nothing is sent after a failure. The service asks for 5 s after one of its own errors.
const HOLD_OFF: Duration = Duration::from_secs(5);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The acknowledgement was requested, and the request is saved.
    Requested {
        /// The emergency.
        receipt: Receipt,
        /// When the service forgets the emergency, so that there is no point in trying.
        give_up_at: Instant,
    },
    /// The service confirmed it, or says that it was acknowledged before.
    Confirmed(Receipt),
    /// The service refused it for good.
    Refused(Receipt),
    /// The request failed and may succeed later.
    Failed {
        /// The emergency.
        receipt: Receipt,
        /// How long the service asked to wait.
        retry_after: Option<Duration>,
    },
    /// The user signed out: every request is void.
    SignedOut,
    /// The computer woke or a network came up: a request that failed may succeed now.
    Woke,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send the request, and later report that it was confirmed, refused or failed.
    Send(Receipt),
    /// Record that the emergency expired before the request succeeded.
    GiveUp(Receipt),
}

/// The pending acknowledgements.
#[derive(Debug, Default)]
pub struct Receipts {
    /// In the order they were requested.
    pending: Vec<PendingAck>,
    in_flight: Option<Receipt>,
    held_off_until: Option<Instant>,
}

#[derive(Debug)]
struct PendingAck {
    receipt: Receipt,
    give_up_at: Instant,
    due: Instant,
    /// When the service allows the next try; not even a wake shortens this.
    not_before: Instant,
    backoff: Backoff,
}

impl Receipts {
    /// No pending acknowledgement.
    pub fn new() -> Self {
        Self::default()
    }

    /// Handles an input and returns an action; `jitter` is from 0 to 1.
    ///
    /// If there is more to do at once, [`Self::poll_timeout`] is already due.
    pub fn handle_input(&mut self, input: Input, now: Instant, jitter: f64) -> Option<Action> {
        match input {
            Input::Requested { receipt, give_up_at } => self.add(receipt, give_up_at, now),
            Input::Confirmed(receipt) | Input::Refused(receipt) => self.remove(&receipt),
            Input::Failed { receipt, retry_after } => self.postpone(&receipt, retry_after, now, jitter),
            Input::SignedOut => *self = Self::new(),
            Input::Woke => self.retry_now(now),
        }
        self.next_action(now)
    }

    /// Returns what to do at `now`; `None` if it is too early.
    pub fn handle_timeout(&mut self, now: Instant, _jitter: f64) -> Option<Action> {
        self.next_action(now)
    }

    /// When to call [`Self::handle_timeout`]: at once if this is in the past, only after an input if it is `None`.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let may_send = self.in_flight.is_none();
        let waiting = self.pending.iter().filter(|pending| !self.is_in_flight(&pending.receipt));
        waiting
            .map(|pending| {
                let send_at = self.held_off_until.map_or(pending.due, |until| until.max(pending.due));
                if may_send { send_at.min(pending.give_up_at) } else { pending.give_up_at }
            })
            .min()
    }

    fn next_action(&mut self, now: Instant) -> Option<Action> {
        if let Some(receipt) = self.expired(now) {
            self.remove(&receipt);
            return Some(Action::GiveUp(receipt));
        }
        if self.in_flight.is_some() || self.held_off_until.is_some_and(|until| now < until) {
            return None;
        }
        // The one that has been due for longest goes first, so that one that keeps failing does not block the others.
        let pending =
            self.pending.iter().filter(|pending| pending.due <= now).min_by_key(|pending| pending.due)?;
        let receipt = pending.receipt.clone();
        self.in_flight = Some(receipt.clone());
        Some(Action::Send(receipt))
    }

    /// A receipt that has expired and is not in flight, where it may still succeed.
    fn expired(&self, now: Instant) -> Option<Receipt> {
        let expired = self
            .pending
            .iter()
            .find(|pending| pending.give_up_at <= now && !self.is_in_flight(&pending.receipt));
        expired.map(|pending| pending.receipt.clone())
    }

    /// A receipt that is requested twice is one pending acknowledgement, with the later `give_up_at`.
    fn add(&mut self, receipt: Receipt, give_up_at: Instant, now: Instant) {
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.receipt == receipt) {
            pending.give_up_at = pending.give_up_at.max(give_up_at);
            return;
        }
        self.pending.push(PendingAck {
            receipt,
            give_up_at,
            due: now,
            not_before: now,
            backoff: Backoff::new(),
        });
    }

    fn remove(&mut self, receipt: &Receipt) {
        self.pending.retain(|pending| pending.receipt != *receipt);
        self.in_flight.take_if(|in_flight| in_flight == receipt);
    }

    /// The failure of a request that is not in flight, for example from before signing out, is ignored.
    fn postpone(&mut self, receipt: &Receipt, retry_after: Option<Duration>, now: Instant, jitter: f64) {
        if self.in_flight.take_if(|in_flight| in_flight == receipt).is_none() {
            return;
        }
        self.held_off_until = Some(now + HOLD_OFF);
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.receipt == *receipt) {
            // A wait that an `Instant` cannot hold ends after the request is given up.
            let after = |wait| now.checked_add(wait).unwrap_or(pending.give_up_at);
            pending.not_before = after(retry_after.unwrap_or_default());
            pending.due = after(pending.backoff.next_after(jitter, retry_after));
        }
    }

    fn retry_now(&mut self, now: Instant) {
        for pending in &mut self.pending {
            pending.due = pending.due.min(now.max(pending.not_before));
        }
    }

    fn is_in_flight(&self, receipt: &Receipt) -> bool {
        self.in_flight.as_ref() == Some(receipt)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_hours(1);

    #[expect(
        clippy::disallowed_methods,
        reason = "an `Instant` comes from nowhere else; no test asks it twice"
    )]
    fn start() -> Instant {
        Instant::now()
    }

    fn receipt(name: &str) -> Receipt {
        Receipt::new(name).unwrap()
    }

    fn requested(name: &str, give_up_at: Instant) -> Input {
        Input::Requested { receipt: receipt(name), give_up_at }
    }

    fn failed(name: &str, retry_after: Option<Duration>) -> Input {
        Input::Failed { receipt: receipt(name), retry_after }
    }

    fn send(name: &str) -> Action {
        Action::Send(receipt(name))
    }

    fn give_up(name: &str) -> Action {
        Action::GiveUp(receipt(name))
    }

    #[test]
    fn a_request_is_sent_at_once_and_only_once() {
        let t = start();
        let mut receipts = Receipts::new();
        assert_eq!(receipts.handle_input(requested("a", t + HOUR), t, 0.0), Some(send("a")));
        assert_eq!(receipts.handle_input(requested("a", t + HOUR), t, 0.0), None);
        assert_eq!(receipts.poll_timeout(), None);
        assert_eq!(receipts.handle_input(Input::Confirmed(receipt("a")), t, 0.0), None);
        assert_eq!(receipts.poll_timeout(), None);
        assert_eq!(receipts.handle_timeout(t + HOUR, 0.0), None);
    }

    #[test]
    fn one_is_in_flight_at_a_time_and_the_next_follows_at_once() {
        let t = start();
        for outcome in [Input::Confirmed(receipt("a")), Input::Refused(receipt("a"))] {
            let mut receipts = Receipts::new();
            assert_eq!(receipts.handle_input(requested("a", t + HOUR), t, 0.0), Some(send("a")));
            assert_eq!(receipts.handle_input(requested("b", t + HOUR), t, 0.0), None);
            assert_eq!(receipts.handle_input(outcome, t, 0.0), Some(send("b")));
        }
    }

    #[test]
    fn a_failure_delays_others_only_for_the_hold_off() {
        let t = start();
        let mut receipts = Receipts::new();
        receipts.handle_input(requested("a", t + HOUR), t, 1.0);
        receipts.handle_input(requested("b", t + HOUR), t, 1.0);
        assert_eq!(receipts.handle_input(failed("a", None), t, 1.0), None);
        assert_eq!(receipts.poll_timeout(), Some(t + HOLD_OFF));
        assert_eq!(receipts.handle_timeout(t + 4 * SECOND, 1.0), None);
        assert_eq!(receipts.handle_timeout(t + HOLD_OFF, 1.0), Some(send("b")));
        assert_eq!(receipts.handle_input(Input::Confirmed(receipt("b")), t + HOLD_OFF, 1.0), None);
        let again = t + Backoff::new().next(1.0);
        assert_eq!(receipts.poll_timeout(), Some(again));
        assert_eq!(receipts.handle_timeout(again, 1.0), Some(send("a")));
    }

    #[test]
    fn two_requests_that_keep_failing_alternate() {
        let t = start();
        for jitter in [0.0, 0.5, 1.0] {
            let mut receipts = Receipts::new();
            let mut sent = BTreeMap::<Receipt, u32>::new();
            let mut now = t;
            let mut action = receipts.handle_input(requested("a", t + HOUR), now, jitter);
            receipts.handle_input(requested("b", t + HOUR), now, jitter);
            for _ in 0..10 {
                let Some(Action::Send(receipt)) = action else { panic!("{action:?}") };
                *sent.entry(receipt.clone()).or_default() += 1;
                assert_eq!(
                    receipts.handle_input(Input::Failed { receipt, retry_after: None }, now, jitter),
                    None
                );
                now = receipts.poll_timeout().unwrap();
                action = receipts.handle_timeout(now, jitter);
            }
            assert_eq!(sent, BTreeMap::from([(receipt("a"), 5), (receipt("b"), 5)]));
        }
    }

    #[test]
    fn a_request_is_given_up_when_its_time_is_over() {
        let t = start();
        let mut receipts = Receipts::new();
        assert_eq!(receipts.handle_input(requested("late", t), t, 0.0), Some(give_up("late")));
        receipts.handle_input(requested("a", t + 7 * SECOND), t, 1.0);
        assert_eq!(receipts.handle_input(failed("a", Some(HOUR)), t, 1.0), None);
        assert_eq!(receipts.poll_timeout(), Some(t + 7 * SECOND));
        assert_eq!(receipts.handle_timeout(t + 7 * SECOND, 1.0), Some(give_up("a")));
        assert_eq!(receipts.poll_timeout(), None);
    }

    #[test]
    fn a_request_in_flight_is_not_given_up() {
        let t = start();
        let mut receipts = Receipts::new();
        receipts.handle_input(requested("a", t + SECOND), t, 0.0);
        assert_eq!(receipts.handle_timeout(t + HOUR, 0.0), None);
        assert_eq!(receipts.handle_input(failed("a", None), t + HOUR, 0.0), Some(give_up("a")));
    }

    #[test]
    fn a_wake_shortens_neither_the_hold_off_nor_a_retry_after() {
        let t = start();
        for (retry_after, sent_at) in [(None, t + HOLD_OFF), (Some(60 * SECOND), t + 60 * SECOND)] {
            let mut receipts = Receipts::new();
            receipts.handle_input(requested("a", t + HOUR), t, 1.0);
            receipts.handle_input(failed("a", retry_after), t, 1.0);
            assert_eq!(receipts.handle_input(Input::Woke, t + SECOND, 1.0), None);
            assert_eq!(receipts.poll_timeout(), Some(sent_at));
            assert_eq!(receipts.handle_timeout(sent_at, 1.0), Some(send("a")));
        }
    }

    #[test]
    fn signing_out_forgets_all_and_later_outcomes_are_ignored() {
        let t = start();
        let mut receipts = Receipts::new();
        receipts.handle_input(requested("a", t + HOUR), t, 0.0);
        receipts.handle_input(requested("b", t + HOUR), t, 0.0);
        assert_eq!(receipts.handle_input(Input::SignedOut, t, 0.0), None);
        assert_eq!(receipts.poll_timeout(), None);
        assert_eq!(receipts.handle_input(failed("a", None), t, 0.0), None);
        assert_eq!(receipts.handle_input(requested("c", t + HOUR), t, 0.0), Some(send("c")));
    }

    #[test]
    fn a_huge_wait_does_not_overflow() {
        let t = start();
        let mut receipts = Receipts::new();
        receipts.handle_input(requested("a", t + HOUR), t, 0.0);
        receipts.handle_input(failed("a", Some(Duration::MAX)), t, 0.0);
        assert_eq!(receipts.poll_timeout(), Some(t + HOUR));
    }

    /// The machine beside a model that knows only the invariant.
    struct Model {
        receipts: Receipts,
        now: Instant,
        open: BTreeMap<Receipt, Instant>,
        in_flight: Option<Receipt>,
        held_off_until: Instant,
    }

    #[derive(Clone, Copy, Debug)]
    enum Move {
        Request(&'static str, u64),
        Confirm(&'static str),
        Refuse(&'static str),
        Fail(&'static str, Option<u64>),
        SignOut,
        Wake,
        Wait(u64),
        ToTimeout,
    }

    impl Model {
        fn new() -> Self {
            let now = start();
            Self {
                receipts: Receipts::new(),
                now,
                open: BTreeMap::new(),
                in_flight: None,
                held_off_until: now,
            }
        }

        fn make(&mut self, step: Move) {
            let input = match step {
                Move::Request(name, seconds) => {
                    let give_up_at = self.now + Duration::from_secs(seconds);
                    let until = self.open.entry(receipt(name)).or_insert(give_up_at);
                    *until = give_up_at.max(*until);
                    Some(requested(name, give_up_at))
                }
                Move::Confirm(name) => Some(Input::Confirmed(self.finished(name))),
                Move::Refuse(name) => Some(Input::Refused(self.finished(name))),
                Move::Fail(name, retry_after) => {
                    if self.in_flight.take_if(|in_flight| in_flight.as_str() == name).is_some() {
                        self.held_off_until = self.now + 5 * SECOND;
                    }
                    Some(failed(name, retry_after.map(Duration::from_secs)))
                }
                Move::SignOut => {
                    self.open.clear();
                    self.in_flight = None;
                    self.held_off_until = self.now;
                    Some(Input::SignedOut)
                }
                Move::Wake => Some(Input::Woke),
                Move::Wait(seconds) => {
                    self.now += Duration::from_secs(seconds);
                    None
                }
                Move::ToTimeout => {
                    self.now = self.receipts.poll_timeout().map_or(self.now, |at| at.max(self.now));
                    None
                }
            };
            let action = match input {
                Some(input) => self.receipts.handle_input(input, self.now, 0.5),
                None => self.receipts.handle_timeout(self.now, 0.5),
            };
            self.check(action);
            // Everything that is due at once is done in a few steps.
            for _ in 0..4 {
                if self.receipts.poll_timeout().is_some_and(|at| at <= self.now) {
                    let action = self.receipts.handle_timeout(self.now, 0.5);
                    assert!(action.is_some(), "a timeout that does nothing would spin");
                    self.check(action);
                }
            }
            assert!(self.receipts.poll_timeout().is_none_or(|at| at > self.now));
            let waits = self.open.keys().any(|receipt| Some(receipt) != self.in_flight.as_ref());
            assert_eq!(
                self.receipts.poll_timeout().is_some(),
                waits,
                "what is open is in flight or has a timeout"
            );
            for (receipt, give_up_at) in &self.open {
                assert!(
                    Some(receipt) == self.in_flight.as_ref() || self.now < *give_up_at,
                    "given up in time"
                );
            }
        }

        fn finished(&mut self, name: &str) -> Receipt {
            let receipt = receipt(name);
            self.open.remove(&receipt);
            self.in_flight.take_if(|in_flight| *in_flight == receipt);
            receipt
        }

        fn check(&mut self, action: Option<Action>) {
            match action {
                Some(Action::Send(receipt)) => {
                    assert_eq!(self.in_flight, None, "two in flight");
                    let give_up_at = self.open.get(&receipt).expect("only what is open is sent");
                    assert!(self.now < *give_up_at && self.now >= self.held_off_until);
                    self.in_flight = Some(receipt);
                }
                Some(Action::GiveUp(receipt)) => {
                    assert_ne!(self.in_flight.as_ref(), Some(&receipt));
                    let give_up_at = self.open.remove(&receipt).expect("only what is open is given up");
                    assert!(give_up_at <= self.now);
                }
                None => {}
            }
        }
    }

    #[test]
    fn every_sequence_of_six_moves_keeps_the_invariant() {
        let moves = [
            Move::Request("a", 12),
            Move::Request("b", 60),
            Move::Confirm("a"),
            Move::Refuse("b"),
            Move::Fail("a", None),
            Move::Fail("b", Some(30)),
            Move::Wake,
            Move::ToTimeout,
        ];
        for number in 0..8_usize.pow(6) {
            let mut model = Model::new();
            for place in 0..6 {
                model.make(moves[number / 8_usize.pow(place) % 8]);
            }
        }
    }

    proptest! {
        #[test]
        fn any_sequence_of_moves_keeps_the_invariant(choices in proptest::collection::vec((0..8, 0_usize..4, 0_u64..90), 0..80)) {
            let mut model = Model::new();
            for (kind, name, seconds) in choices {
                let name = ["a", "b", "c", "d"][name];
                model.make(match kind {
                    0 => Move::Request(name, seconds),
                    1 => Move::Confirm(name),
                    2 => Move::Refuse(name),
                    3 => Move::Fail(name, (seconds % 2 == 0).then_some(seconds)),
                    4 if seconds < 9 => Move::SignOut,
                    4 | 5 => Move::Wake,
                    6 => Move::Wait(seconds),
                    _ => Move::ToTimeout,
                });
            }
        }
    }
}
