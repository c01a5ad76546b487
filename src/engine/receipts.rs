//! When the request to acknowledge an emergency is sent to the service, and when it is given up.
//!
//! Invariant: at most one is in flight; a receipt that was confirmed, refused or given up is not sent again
//! unless somebody pending it anew; every other one is in flight or has a timeout.

use std::time::{Duration, Instant};

use super::backoff::Backoff;
use crate::domain::message::Receipt;

/// How long nothing is sent after a failure: the service asks for 5 s after an error of its own.
const HOLD_OFF: Duration = Duration::from_secs(5);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Somebody wished to acknowledge it, and the request is durable.
    Wanted {
        /// The emergency.
        receipt: Receipt,
        /// When the service forgets it, so that there is no more use in trying.
        give_up_at: Instant,
    },
    /// The service took it, or says that somebody else did.
    Confirmed(Receipt),
    /// The service refused it for good.
    Refused(Receipt),
    /// It did not get through.
    Failed {
        /// The emergency.
        receipt: Receipt,
        /// How long the service asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// Nobody is signed in any more: every request is void.
    SignedOut,
    /// The machine woke or the network came up: what failed before may get through now.
    Woke,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send it, and say later that it was confirmed, refused or failed.
    Send(Receipt),
    /// Record that it expired before it got through.
    GiveUp(Receipt),
}

/// The pending that are not settled yet.
#[derive(Debug, Default)]
pub struct Receipts {
    /// In the order they were wished.
    pending: Vec<PendingAck>,
    in_flight: Option<Receipt>,
    held_off_until: Option<Instant>,
}

#[derive(Debug)]
struct PendingAck {
    receipt: Receipt,
    give_up_at: Instant,
    due: Instant,
    /// The service asked not to be tried before, so not even waking up hastens it.
    not_before: Instant,
    backoff: Backoff,
}

impl Receipts {
    /// No pending.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of what happened and says what to do, if anything; `jitter` is from 0 to 1.
    ///
    /// There may be more to do at once: then [`Self::poll_timeout`] is already due.
    pub fn handle_input(&mut self, input: Input, now: Instant, jitter: f64) -> Option<Action> {
        match input {
            Input::Wanted { receipt, give_up_at } => self.want(receipt, give_up_at, now),
            Input::Confirmed(receipt) | Input::Refused(receipt) => self.settle(&receipt),
            Input::Failed { receipt, retry_after } => self.postpone(&receipt, retry_after, now, jitter),
            Input::SignedOut => *self = Self::new(),
            Input::Woke => self.hasten(now),
        }
        self.next_action(now)
    }

    /// Says what to do now that it is `now`; `None` when it was called too early.
    pub fn handle_timeout(&mut self, now: Instant, _jitter: f64) -> Option<Action> {
        self.next_action(now)
    }

    /// When to call [`Self::handle_timeout`]: a time that is past means at once, `None` not before an input.
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
            self.settle(&receipt);
            return Some(Action::GiveUp(receipt));
        }
        if self.in_flight.is_some() || self.held_off_until.is_some_and(|until| now < until) {
            return None;
        }
        // The longest due goes first: one that keeps failing lines up behind those it held up.
        let pending =
            self.pending.iter().filter(|pending| pending.due <= now).min_by_key(|pending| pending.due)?;
        let receipt = pending.receipt.clone();
        self.in_flight = Some(receipt.clone());
        Some(Action::Send(receipt))
    }

    /// One whose time is over; one in flight is left its chance.
    fn expired(&self, now: Instant) -> Option<Receipt> {
        let expired = self
            .pending
            .iter()
            .find(|pending| pending.give_up_at <= now && !self.is_in_flight(&pending.receipt));
        expired.map(|pending| pending.receipt.clone())
    }

    /// A receipt that is wanted twice is one pending, with the longer time.
    fn want(&mut self, receipt: Receipt, give_up_at: Instant, now: Instant) {
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

    fn settle(&mut self, receipt: &Receipt) {
        self.pending.retain(|pending| pending.receipt != *receipt);
        self.in_flight.take_if(|flying| flying == receipt);
    }

    /// The report of a failure that is not awaited, say from before signing out, means nothing.
    fn postpone(&mut self, receipt: &Receipt, retry_after: Option<Duration>, now: Instant, jitter: f64) {
        if self.in_flight.take_if(|flying| flying == receipt).is_none() {
            return;
        }
        self.held_off_until = Some(now + HOLD_OFF);
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.receipt == *receipt) {
            // A wait beyond what an `Instant` can hold is one beyond the end of the pending.
            let after = |wait| now.checked_add(wait).unwrap_or(pending.give_up_at);
            pending.not_before = after(retry_after.unwrap_or_default());
            pending.due = after(pending.backoff.next_after(jitter, retry_after));
        }
    }

    fn hasten(&mut self, now: Instant) {
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

    fn wanted(name: &str, give_up_at: Instant) -> Input {
        Input::Wanted { receipt: receipt(name), give_up_at }
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
    fn a_wish_is_sent_at_once_and_once() {
        let t = start();
        let mut receipts = Receipts::new();
        assert_eq!(receipts.handle_input(wanted("a", t + HOUR), t, 0.0), Some(send("a")));
        assert_eq!(receipts.handle_input(wanted("a", t + HOUR), t, 0.0), None);
        assert_eq!(receipts.poll_timeout(), None);
        assert_eq!(receipts.handle_input(Input::Confirmed(receipt("a")), t, 0.0), None);
        assert_eq!(receipts.poll_timeout(), None);
        assert_eq!(receipts.handle_timeout(t + HOUR, 0.0), None);
    }

    #[test]
    fn one_flies_at_a_time_and_the_next_follows_at_once() {
        let t = start();
        for settled in [Input::Confirmed(receipt("a")), Input::Refused(receipt("a"))] {
            let mut receipts = Receipts::new();
            assert_eq!(receipts.handle_input(wanted("a", t + HOUR), t, 0.0), Some(send("a")));
            assert_eq!(receipts.handle_input(wanted("b", t + HOUR), t, 0.0), None);
            assert_eq!(receipts.handle_input(settled, t, 0.0), Some(send("b")));
        }
    }

    #[test]
    fn a_failure_holds_nobody_up_for_longer_than_the_hold_off() {
        let t = start();
        let mut receipts = Receipts::new();
        receipts.handle_input(wanted("a", t + HOUR), t, 1.0);
        receipts.handle_input(wanted("b", t + HOUR), t, 1.0);
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
    fn two_that_keep_failing_take_turns() {
        let t = start();
        for jitter in [0.0, 0.5, 1.0] {
            let mut receipts = Receipts::new();
            let mut sent = BTreeMap::<Receipt, u32>::new();
            let mut now = t;
            let mut action = receipts.handle_input(wanted("a", t + HOUR), now, jitter);
            receipts.handle_input(wanted("b", t + HOUR), now, jitter);
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
    fn a_wish_is_given_up_when_its_time_is_over() {
        let t = start();
        let mut receipts = Receipts::new();
        assert_eq!(receipts.handle_input(wanted("late", t), t, 0.0), Some(give_up("late")));
        receipts.handle_input(wanted("a", t + 7 * SECOND), t, 1.0);
        assert_eq!(receipts.handle_input(failed("a", Some(HOUR)), t, 1.0), None);
        assert_eq!(receipts.poll_timeout(), Some(t + 7 * SECOND));
        assert_eq!(receipts.handle_timeout(t + 7 * SECOND, 1.0), Some(give_up("a")));
        assert_eq!(receipts.poll_timeout(), None);
    }

    #[test]
    fn one_in_flight_is_left_its_chance() {
        let t = start();
        let mut receipts = Receipts::new();
        receipts.handle_input(wanted("a", t + SECOND), t, 0.0);
        assert_eq!(receipts.handle_timeout(t + HOUR, 0.0), None);
        assert_eq!(receipts.handle_input(failed("a", None), t + HOUR, 0.0), Some(give_up("a")));
    }

    #[test]
    fn waking_hastens_but_neither_cuts_the_hold_off_nor_what_the_service_asked_for() {
        let t = start();
        for (retry_after, sent_at) in [(None, t + HOLD_OFF), (Some(60 * SECOND), t + 60 * SECOND)] {
            let mut receipts = Receipts::new();
            receipts.handle_input(wanted("a", t + HOUR), t, 1.0);
            receipts.handle_input(failed("a", retry_after), t, 1.0);
            assert_eq!(receipts.handle_input(Input::Woke, t + SECOND, 1.0), None);
            assert_eq!(receipts.poll_timeout(), Some(sent_at));
            assert_eq!(receipts.handle_timeout(sent_at, 1.0), Some(send("a")));
        }
    }

    #[test]
    fn signing_out_forgets_all_and_late_news_mean_nothing() {
        let t = start();
        let mut receipts = Receipts::new();
        receipts.handle_input(wanted("a", t + HOUR), t, 0.0);
        receipts.handle_input(wanted("b", t + HOUR), t, 0.0);
        assert_eq!(receipts.handle_input(Input::SignedOut, t, 0.0), None);
        assert_eq!(receipts.poll_timeout(), None);
        assert_eq!(receipts.handle_input(failed("a", None), t, 0.0), None);
        assert_eq!(receipts.handle_input(wanted("c", t + HOUR), t, 0.0), Some(send("c")));
    }

    #[test]
    fn an_absurd_wait_is_no_overflow() {
        let t = start();
        let mut receipts = Receipts::new();
        receipts.handle_input(wanted("a", t + HOUR), t, 0.0);
        receipts.handle_input(failed("a", Some(Duration::MAX)), t, 0.0);
        assert_eq!(receipts.poll_timeout(), Some(t + HOUR));
    }

    /// The machine beside a record of what was promised, too simple to be wrong.
    struct World {
        receipts: Receipts,
        now: Instant,
        open: BTreeMap<Receipt, Instant>,
        flying: Option<Receipt>,
        held_off_until: Instant,
    }

    #[derive(Clone, Copy, Debug)]
    enum Move {
        Want(&'static str, u64),
        Confirm(&'static str),
        Refuse(&'static str),
        Fail(&'static str, Option<u64>),
        SignOut,
        Wake,
        Wait(u64),
        ToTimeout,
    }

    impl World {
        fn new() -> Self {
            let now = start();
            Self { receipts: Receipts::new(), now, open: BTreeMap::new(), flying: None, held_off_until: now }
        }

        fn make(&mut self, step: Move) {
            let input = match step {
                Move::Want(name, seconds) => {
                    let give_up_at = self.now + Duration::from_secs(seconds);
                    let until = self.open.entry(receipt(name)).or_insert(give_up_at);
                    *until = give_up_at.max(*until);
                    Some(wanted(name, give_up_at))
                }
                Move::Confirm(name) => Some(Input::Confirmed(self.settled(name))),
                Move::Refuse(name) => Some(Input::Refused(self.settled(name))),
                Move::Fail(name, retry_after) => {
                    if self.flying.take_if(|flying| flying.as_str() == name).is_some() {
                        self.held_off_until = self.now + 5 * SECOND;
                    }
                    Some(failed(name, retry_after.map(Duration::from_secs)))
                }
                Move::SignOut => {
                    self.open.clear();
                    self.flying = None;
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
            // What is due at once is done at once, and that ends.
            for _ in 0..4 {
                if self.receipts.poll_timeout().is_some_and(|at| at <= self.now) {
                    let action = self.receipts.handle_timeout(self.now, 0.5);
                    assert!(action.is_some(), "a timeout that does nothing would spin");
                    self.check(action);
                }
            }
            assert!(self.receipts.poll_timeout().is_none_or(|at| at > self.now));
            let waits = self.open.keys().any(|receipt| Some(receipt) != self.flying.as_ref());
            assert_eq!(self.receipts.poll_timeout().is_some(), waits, "what is open flies or has a timeout");
            for (receipt, give_up_at) in &self.open {
                assert!(Some(receipt) == self.flying.as_ref() || self.now < *give_up_at, "given up in time");
            }
        }

        fn settled(&mut self, name: &str) -> Receipt {
            let receipt = receipt(name);
            self.open.remove(&receipt);
            self.flying.take_if(|flying| *flying == receipt);
            receipt
        }

        fn check(&mut self, action: Option<Action>) {
            match action {
                Some(Action::Send(receipt)) => {
                    assert_eq!(self.flying, None, "two in flight");
                    let give_up_at = self.open.get(&receipt).expect("only what is open is sent");
                    assert!(self.now < *give_up_at && self.now >= self.held_off_until);
                    self.flying = Some(receipt);
                }
                Some(Action::GiveUp(receipt)) => {
                    assert_ne!(self.flying.as_ref(), Some(&receipt));
                    let give_up_at = self.open.remove(&receipt).expect("only what is open is given up");
                    assert!(give_up_at <= self.now);
                }
                None => {}
            }
        }
    }

    #[test]
    fn every_sequence_of_six_moves_keeps_the_promises() {
        let moves = [
            Move::Want("a", 12),
            Move::Want("b", 60),
            Move::Confirm("a"),
            Move::Refuse("b"),
            Move::Fail("a", None),
            Move::Fail("b", Some(30)),
            Move::Wake,
            Move::ToTimeout,
        ];
        for number in 0..8_usize.pow(6) {
            let mut world = World::new();
            for place in 0..6 {
                world.make(moves[number / 8_usize.pow(place) % 8]);
            }
        }
    }

    proptest! {
        #[test]
        fn any_sequence_of_moves_keeps_the_promises(choices in proptest::collection::vec((0..8, 0_usize..4, 0_u64..90), 0..80)) {
            let mut world = World::new();
            for (kind, name, seconds) in choices {
                let name = ["a", "b", "c", "d"][name];
                world.make(match kind {
                    0 => Move::Want(name, seconds),
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
