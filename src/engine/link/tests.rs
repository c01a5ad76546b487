//! Tests each rule of the link on its own.

use super::super::backoff::tests::epoch;
use super::*;

const CLOSED: Input = Input::OpenFailed { retry_after: None };
const ALIVE: Input = Input::Heard(Signal::KeepAlive);
const RELOAD: Input = Input::Heard(Signal::Reload);
const REFUSED: Input = Input::Heard(Signal::Refused);
const DISPLACED: Input = Input::Heard(Signal::Displaced);

/// A link and its clock; jitter is 1 unless stated otherwise.
#[derive(Clone)]
struct Bench {
    link: Link,
    now: Instant,
}

impl Bench {
    fn signed_out() -> Self {
        Self { link: Link::new(), now: epoch() }
    }

    fn connecting() -> Self {
        let mut bench = Self::signed_out();
        assert_eq!(bench.take(Input::SignedIn), Some(Action::Connect));
        bench
    }

    fn connected() -> Self {
        let mut bench = Self::connecting();
        bench.open();
        bench
    }

    fn after(inputs: &[Input]) -> Self {
        let mut bench = Self::connected();
        for input in inputs {
            bench.take(*input);
        }
        bench
    }

    fn take(&mut self, input: Input) -> Option<Action> {
        self.link.handle_input(input, self.now, 1.0)
    }

    fn open(&mut self) {
        assert_eq!(self.take(Input::Opened), Some(Action::Download(Reason::Backlog)));
        assert_eq!(self.link.state(), LinkState::Connected);
    }

    fn pass(&mut self, secs: u64) -> &mut Self {
        self.now += Duration::from_secs(secs);
        self
    }

    /// Lets the clock reach the timeout; returns how long that took, in milliseconds, and the action.
    fn time_out(&mut self) -> (u128, Option<Action>) {
        let due = self.link.poll_timeout().unwrap();
        let early = due.checked_sub(Duration::from_nanos(1)).unwrap();
        assert_eq!(self.link.clone().handle_timeout(early, 1.0), None, "acted too early");
        let took = due - self.now;
        self.now = due;
        (took.as_millis(), self.link.handle_timeout(due, 1.0))
    }

    /// Loses the connection now; returns the wait up to the next `Connect`, in milliseconds.
    fn lose(&mut self) -> u128 {
        assert_eq!(self.take(Input::Lost), Some(Action::Disconnect));
        assert_eq!(self.link.state(), LinkState::Waiting);
        let (wait, action) = self.time_out();
        assert_eq!(action, Some(Action::Connect));
        wait
    }
}

#[test]
fn signals_are_single_bytes() {
    for (byte, signal) in [
        (b'#', Signal::KeepAlive),
        (b'!', Signal::Message),
        (b'R', Signal::Reload),
        (b'E', Signal::Refused),
        (b'A', Signal::Displaced),
        (b'\n', Signal::Unknown(b'\n')),
        (b'e', Signal::Unknown(b'e')),
        (0xff, Signal::Unknown(0xff)),
    ] {
        assert_eq!(Signal::from(byte), signal);
    }
}

#[test]
fn one_input_gives_one_action() {
    use LinkState as Is;
    let late = Input::OpenFailed { retry_after: Some(Duration::from_mins(10)) };
    let connected = Bench::connected;
    let connecting = Bench::connecting;
    let verifying = || Bench::after(&[REFUSED]);
    let waiting = || Bench::after(&[Input::Lost]);
    let tolerated = || Bench::after(&[REFUSED, Input::Accepted]);
    let displaced = || Bench::after(&[DISPLACED]);
    let rejected = || Bench::after(&[Input::Rejected]);
    let connect = Some(Action::Connect);
    let disconnect = Some(Action::Disconnect);
    for (mut bench, input, action, state) in [
        (Bench::signed_out(), Input::SignedIn, connect, Is::Connecting),
        (Bench::signed_out(), Input::Woke, None, Is::SignedOut),
        (Bench::signed_out(), Input::TakenBack, None, Is::SignedOut),
        (Bench::signed_out(), Input::Rejected, None, Is::SignedOut),
        (Bench::signed_out(), Input::Opened, None, Is::SignedOut),
        (connecting(), Input::Opened, Some(Action::Download(Reason::Backlog)), Is::Connected),
        (connecting(), CLOSED, disconnect, Is::Waiting),
        (connecting(), Input::Rejected, disconnect, Is::Refused),
        (connecting(), Input::SignedOut, disconnect, Is::SignedOut),
        (connecting(), Input::Woke, None, Is::Connecting),
        (connecting(), Input::TakenBack, None, Is::Connecting),
        (connecting(), Input::Accepted, None, Is::Connecting),
        (connecting(), Input::Unanswered, None, Is::Connecting),
        // Events of the previous socket.
        (connecting(), Input::Lost, None, Is::Connecting),
        (connecting(), DISPLACED, None, Is::Connecting),
        (connecting(), REFUSED, None, Is::Connecting),
        (connected(), ALIVE, None, Is::Connected),
        (connected(), Input::Heard(Signal::Unknown(b'?')), None, Is::Connected),
        (connected(), Input::Heard(Signal::Message), Some(Action::Download(Reason::Live)), Is::Connected),
        (connected(), RELOAD, disconnect, Is::Waiting),
        (connected(), REFUSED, Some(Action::Verify), Is::Connecting),
        (connected(), DISPLACED, disconnect, Is::Displaced),
        (connected(), Input::Lost, disconnect, Is::Waiting),
        (connected(), Input::Accepted, None, Is::Connected),
        (connected(), Input::Unanswered, None, Is::Connected),
        (connected(), Input::Rejected, disconnect, Is::Refused),
        (connected(), Input::SignedIn, connect, Is::Connecting),
        (connected(), Input::SignedOut, disconnect, Is::SignedOut),
        (connected(), Input::Woke, connect, Is::Connecting),
        (connected(), Input::TakenBack, connect, Is::Connecting),
        (connected(), late, None, Is::Connected),
        (connected(), Input::Opened, Some(Action::Download(Reason::Backlog)), Is::Connected),
        (verifying(), Input::Accepted, None, Is::Waiting),
        (verifying(), Input::Unanswered, None, Is::Waiting),
        (verifying(), Input::Rejected, None, Is::Refused),
        (verifying(), Input::Woke, None, Is::Connecting),
        (verifying(), Input::Opened, None, Is::Connecting),
        (verifying(), Input::Lost, None, Is::Connecting),
        (waiting(), Input::Woke, connect, Is::Connecting),
        (waiting(), Input::TakenBack, connect, Is::Connecting),
        (waiting(), Input::SignedIn, connect, Is::Connecting),
        (waiting(), Input::Rejected, None, Is::Refused),
        (waiting(), Input::Opened, None, Is::Waiting),
        (waiting(), Input::Lost, None, Is::Waiting),
        (waiting(), late, None, Is::Waiting),
        (waiting(), DISPLACED, None, Is::Waiting),
        (tolerated(), Input::Woke, None, Is::Waiting),
        (tolerated(), Input::TakenBack, None, Is::Waiting),
        (displaced(), Input::TakenBack, connect, Is::Connecting),
        (displaced(), Input::SignedIn, connect, Is::Connecting),
        (displaced(), Input::SignedOut, disconnect, Is::SignedOut),
        (displaced(), Input::Rejected, None, Is::Refused),
        (rejected(), Input::TakenBack, connect, Is::Connecting),
        (rejected(), Input::SignedIn, connect, Is::Connecting),
    ] {
        let before = bench.link.state();
        assert_eq!((bench.take(input), bench.link.state()), (action, state), "{before:?} {input:?}");
    }
}

#[test]
fn only_the_user_ends_a_halt() {
    let mut keeps_refusing = Bench::connected();
    for _ in 0..TOLERATED_REFUSALS {
        keeps_refusing.take(REFUSED);
        keeps_refusing.take(Input::Accepted);
        keeps_refusing.time_out();
        keeps_refusing.open();
    }
    keeps_refusing.take(REFUSED);
    for (mut bench, halt) in [
        (Bench::after(&[DISPLACED]), Halt::Displaced),
        (Bench::after(&[Input::Rejected]), Halt::LoginRejected),
        (keeps_refusing, Halt::KeepsRefusing),
    ] {
        bench.pass(3);
        for input in [Input::Woke, Input::Lost, Input::Opened, CLOSED, Input::Accepted, Input::Unanswered] {
            assert_eq!(bench.take(input), None, "{halt:?} {input:?}");
        }
        for byte in *b"#!REA?" {
            assert_eq!(bench.take(Input::Heard(Signal::from(byte))), None);
        }
        assert_eq!(bench.link.poll_timeout(), None);
        assert_eq!(bench.link.handle_timeout(bench.now + Duration::from_hours(24), 0.0), None);
        assert_eq!(bench.link.why_halted(), Some(halt));

        let mut signed_in = bench.clone();
        assert_eq!(bench.take(Input::TakenBack), Some(Action::Connect));
        assert_eq!(signed_in.take(Input::SignedIn), Some(Action::Connect));
        let mut restarted = Link::new();
        restarted.handle_input(Input::SignedIn, bench.now, 0.0);
        assert_eq!((bench.link, signed_in.link), (restarted.clone(), restarted));
    }
}

#[test]
fn a_socket_may_take_fifteen_seconds_to_open() {
    let mut bench = Bench::connecting();
    assert_eq!(bench.time_out(), (15_000, Some(Action::Disconnect)));
    assert_eq!(bench.time_out(), (10_000, Some(Action::Connect)));
}

#[test]
fn a_silent_connection_is_dead_and_any_byte_keeps_it_alive() {
    let mut bench = Bench::connected();
    bench.pass(89);
    for byte in *b"#!?\n" {
        assert_eq!(bench.link.handle_timeout(bench.now, 1.0), None);
        bench.take(Input::Heard(Signal::from(byte)));
        bench.pass(89);
    }
    assert_eq!(bench.time_out(), (1_000, Some(Action::Disconnect)));
    assert_eq!(bench.link.state(), LinkState::Waiting);
    assert_eq!(bench.time_out(), (10_000, Some(Action::Connect)));
}

#[test]
fn failures_add_up_until_a_healthy_connection() {
    let mut bench = Bench::connected();
    for (lived, wait) in [(0, 10), (59, 20), (5, 40), (60, 10), (30, 20), (30, 40)] {
        bench.pass(lived);
        assert_eq!(bench.lose(), wait * 1_000, "lived {lived} s");
        bench.open();
    }
}

#[test]
fn silence_does_not_count_as_healthy() {
    let mut bench = Bench::connected();
    for (spoke_for, wait) in [(0, 10), (59, 20), (60, 10), (0, 20)] {
        bench.pass(spoke_for).take(ALIVE);
        assert_eq!(bench.time_out(), (90_000, Some(Action::Disconnect)));
        assert_eq!(bench.time_out(), (wait * 1_000, Some(Action::Connect)), "spoke for {spoke_for} s");
        bench.open();
    }
}

#[test]
fn a_retry_after_is_obeyed() {
    for (asked, wait) in [(3, 10), (120, 120), (100_000, 3_600)] {
        let mut bench = Bench::connecting();
        bench.take(Input::OpenFailed { retry_after: Some(Duration::from_secs(asked)) });
        assert_eq!(bench.time_out(), (wait * 1_000, Some(Action::Connect)));
    }
    // A wake shortens only what the back-off added.
    let mut bench = Bench::connecting();
    bench.take(Input::OpenFailed { retry_after: Some(Duration::from_secs(3)) });
    assert_eq!(bench.take(Input::Woke), None);
    assert_eq!(bench.time_out(), (3_000, Some(Action::Connect)));
}

#[test]
fn only_the_first_reload_reconnects_quickly() {
    let mut bench = Bench::connected();
    assert_eq!(bench.clone().link.handle_input(RELOAD, bench.now, 0.0), Some(Action::Disconnect));
    for (lived, wait) in [(0, 2_500), (59, 10_000), (0, 20_000), (60, 2_500), (0, 10_000)] {
        bench.pass(lived).take(RELOAD);
        assert_eq!(bench.time_out(), (wait, Some(Action::Connect)), "lived {lived} s");
        bench.open();
    }
    bench.pass(60);
    assert_eq!(bench.link.handle_input(RELOAD, bench.now, 0.0), Some(Action::Disconnect));
    assert_eq!(bench.time_out(), (500, Some(Action::Connect)));
}

#[test]
fn a_refusal_is_tolerated_twice() {
    let mut bench = Bench::connected();
    for _ in 0..2 {
        assert_eq!(bench.take(REFUSED), Some(Action::Verify));
        assert_eq!(bench.link.state(), LinkState::Connecting);
        bench.pass(1).take(Input::Accepted);
        assert_eq!(bench.time_out(), (75_000, Some(Action::Connect)));
        bench.open();
        bench.pass(59);
    }
    let mut healthy = bench.clone();
    assert_eq!(bench.take(REFUSED), Some(Action::Disconnect));
    assert_eq!(bench.link.why_halted(), Some(Halt::KeepsRefusing));
    assert_eq!(bench.link.state(), LinkState::Refused);
    // After a connection of 60 s, the next refusal counts as the first.
    for _ in 0..2 {
        healthy.pass(1);
        assert_eq!(healthy.take(REFUSED), Some(Action::Verify));
        assert_eq!(healthy.link.handle_input(Input::Accepted, healthy.now, 0.0), None);
        assert_eq!(healthy.time_out(), (60_000, Some(Action::Connect)));
        healthy.open();
    }
    assert_eq!(healthy.take(REFUSED), Some(Action::Disconnect));
}

#[test]
fn an_outage_while_verifying_waits_a_minute_or_longer() {
    for (failures, wait) in [(0, 60), (3, 80), (5, 300)] {
        let mut bench = Bench::connected();
        for _ in 0..failures {
            bench.lose();
            bench.open();
        }
        bench.take(REFUSED);
        let mut hung = bench.clone();
        assert_eq!(bench.take(Input::Unanswered), None);
        assert_eq!(bench.time_out(), (wait * 1_000, Some(Action::Connect)));
        assert_eq!(hung.time_out(), (45_000, None));
        assert_eq!(hung.time_out(), (wait * 1_000, Some(Action::Connect)));
    }
}

#[test]
fn a_wake_does_not_shorten_the_wait_after_a_refusal() {
    for outcome in [Input::Accepted, Input::Unanswered] {
        let mut bench = Bench::after(&[REFUSED, outcome]);
        let due = bench.link.poll_timeout();
        bench.pass(30);
        for input in [Input::Woke, Input::TakenBack, Input::Accepted, Input::Unanswered, Input::Lost] {
            assert_eq!(bench.take(input), None);
        }
        assert_eq!(bench.link.poll_timeout(), due);
    }
}

#[test]
fn a_wake_reconnects_once_and_keeps_the_failures() {
    let mut bench = Bench::connected();
    assert_eq!(bench.lose(), 10_000);
    bench.take(CLOSED);
    assert_eq!(bench.take(Input::Woke), Some(Action::Connect));
    bench.take(CLOSED);
    assert_eq!(bench.time_out(), (40_000, Some(Action::Connect)));
    bench.open();
    // While connected it reconnects too, and a short connection still counts as a failure.
    bench.pass(59);
    assert_eq!(bench.take(Input::Woke), Some(Action::Connect));
    bench.take(CLOSED);
    assert_eq!(bench.time_out(), (80_000, Some(Action::Connect)));
    bench.open();
    bench.pass(60);
    assert_eq!(bench.take(Input::Woke), Some(Action::Connect));
    bench.take(CLOSED);
    assert_eq!(bench.time_out(), (10_000, Some(Action::Connect)));
}
