//! Tests how the link reacts to wakes and network changes, which come in bursts and some seconds before a network is
//! usable.

use super::super::backoff::tests::epoch;
use super::Input::{NetworkUp, NetworksCame, Woke};
use super::*;

const CLOSED: Input = Input::OpenFailed { retry_after: None };
const ALIVE: Input = Input::Heard(Signal::KeepAlive);
const CONNECT: Option<Action> = Some(Action::Connect);
const SECOND: Duration = Duration::from_secs(1);

/// A link and its clock; jitter is 1, so waits are 10, 20, 40 s and so on.
#[derive(Clone)]
struct Bench {
    link: Link,
    now: Instant,
    /// Every attempt since `start`, in seconds from then.
    attempts: Vec<u64>,
    start: Instant,
}

impl Bench {
    fn connecting() -> Self {
        let now = epoch();
        let mut link = Link::new();
        assert_eq!(link.handle_input(Input::SignedIn, now, 1.0), CONNECT);
        Self { link, now, attempts: Vec::new(), start: now }
    }

    /// Connected for this many seconds, and heard from in the last one.
    fn connected(secs: u32) -> Self {
        let mut bench = Self::connecting();
        bench.take(Input::Opened);
        bench.now += secs * SECOND;
        bench.take(ALIVE);
        bench.start = bench.now;
        bench
    }

    fn waiting() -> Self {
        let mut bench = Self::connecting();
        bench.take(CLOSED);
        bench
    }

    fn take(&mut self, input: Input) -> Option<Action> {
        let action = self.link.handle_input(input, self.now, 1.0);
        self.note(action)
    }

    /// Lets time pass and handles the timeouts.
    fn pass(&mut self, secs: u32) {
        let end = self.now + secs * SECOND;
        while let Some(due) = self.link.poll_timeout().filter(|due| *due <= end) {
            self.now = due;
            let action = self.link.handle_timeout(due, 1.0);
            self.note(action);
        }
        self.now = end;
    }

    fn note(&mut self, action: Option<Action>) -> Option<Action> {
        if action == CONNECT {
            self.attempts.push((self.now - self.start).as_secs());
        }
        action
    }
}

#[test]
fn a_burst_makes_one_connection() {
    // All at the same time, in both orders, with the connection opened at each position.
    for burst in [[Woke, NetworkUp, NetworkUp, NetworkUp], [NetworkUp, Woke, NetworkUp, NetworkUp]] {
        for opened_after in 1..=4 {
            for mut bench in [Bench::connected(600), Bench::waiting()] {
                for (number, input) in burst.into_iter().enumerate() {
                    // A wake always reconnects; only a network change spares a new connection.
                    if number == opened_after && !burst[number..].contains(&Woke) {
                        bench.take(Input::Opened);
                    }
                    bench.take(input);
                }
                bench.take(Input::Opened);
                for _ in 0..10 {
                    bench.pass(30);
                    bench.take(ALIVE);
                }
                assert_eq!(bench.attempts, [0], "{burst:?} opened after {opened_after}");
            }
        }
    }
}

#[test]
fn a_network_that_is_up_seconds_after_the_wake_is_used_at_once() {
    for mut bench in [Bench::connected(600), Bench::waiting()] {
        assert_eq!(bench.take(Woke), CONNECT);
        bench.take(CLOSED);
        bench.pass(4);
        assert_eq!(bench.take(NetworkUp), CONNECT);
        bench.take(Input::Opened);
        assert_eq!(bench.take(NetworkUp), None);
        assert_eq!(bench.attempts, [0, 4]);
    }
}

#[test]
fn an_attempt_that_began_before_the_network_has_five_seconds_left() {
    let mut bench = Bench::connected(600);
    bench.take(Woke);
    bench.pass(3);
    for _ in 0..3 {
        assert_eq!(bench.take(NetworkUp), None, "it may succeed");
        bench.pass(1);
    }
    bench.pass(1);
    assert_eq!(bench.attempts, [0]);
    bench.pass(1);
    // The next one has the full time, and no other follows at once.
    assert_eq!(bench.attempts, [0, 8]);
    bench.pass(14);
    assert_eq!(bench.attempts, [0, 8]);
    assert_eq!(bench.link.state(), LinkState::Connecting);
    bench.pass(20);
    assert_eq!(bench.attempts, [0, 8]);
    bench.pass(1);
    assert_eq!(bench.attempts, [0, 8, 43]);
    // An attempt that is nearly over gets no additional time.
    let mut late = Bench::connecting();
    late.pass(14);
    late.take(NetworkUp);
    late.pass(1);
    assert_eq!(late.attempts, [15]);
}

#[test]
fn after_a_network_change_a_failed_attempt_is_followed_by_exactly_one_at_once() {
    let mut bench = Bench::connecting();
    for input in [NetworkUp, Woke, NetworksCame] {
        assert_eq!(bench.take(input), None);
    }
    assert_eq!(bench.take(CLOSED), CONNECT);
    assert_eq!(bench.take(CLOSED), Some(Action::Disconnect));
    assert_eq!(bench.link.poll_timeout(), Some(bench.now + 20 * SECOND));
}

#[test]
fn a_network_change_does_not_shorten_a_retry_after() {
    let busy = Input::OpenFailed { retry_after: Some(Duration::from_mins(10)) };
    for input in [Woke, NetworkUp, NetworksCame] {
        let mut bench = Bench::connecting();
        bench.take(input);
        assert_eq!(bench.take(busy), Some(Action::Disconnect));
        assert_eq!(bench.take(input), None);
        assert_eq!(bench.link.poll_timeout(), Some(bench.now + Duration::from_mins(10)));

        let mut refused = Bench::connected(0);
        refused.take(NetworkUp);
        refused.take(Input::Heard(Signal::Refused));
        refused.take(Input::Accepted);
        let due = refused.link.poll_timeout();
        assert_eq!((refused.take(input), refused.link.poll_timeout()), (None, due));
    }
}

#[test]
fn a_network_spares_a_connection_younger_than_a_minute_unless_it_is_silent() {
    for (age, action) in [(0, None), (59, None), (60, CONNECT), (9_000, CONNECT)] {
        let mut bench = Bench::connected(age);
        assert_eq!(bench.take(NetworkUp), action, "after {age} s");
        assert_eq!(Bench::connected(age).take(Woke), CONNECT, "a wake reconnects");
        assert_eq!(Bench::connected(age).take(NetworksCame), None, "a late report does not reconnect");
    }
    // After 45 s of silence it is dead, and the next attempt follows at once.
    for (age, input) in [(20, NetworkUp), (9_000, NetworksCame)] {
        let mut silent = Bench::connected(age);
        silent.take(input);
        silent.pass(45);
        assert_eq!(silent.attempts, [45], "{input:?}");
    }
    let mut dead = Bench::connected(20);
    dead.take(NetworkUp);
    dead.pass(39);
    assert_eq!(dead.take(NetworkUp), None, "the deadline does not move");
    dead.pass(5);
    assert_eq!(dead.attempts, [0; 0]);
    dead.pass(1);
    assert_eq!(dead.attempts, [45]);
    // Any byte shows that it is alive.
    for byte in *b"#!?" {
        let mut alive = Bench::connected(20);
        alive.take(NetworkUp);
        alive.pass(44);
        alive.take(Input::Heard(Signal::from(byte)));
        alive.pass(89);
        assert_eq!(alive.attempts, [0; 0]);
    }
    // The deadline is never later than that for silence, and a connection that breaks while it is in doubt is replaced
    // at once.
    let mut silent = Bench::connected(0);
    silent.pass(59);
    silent.take(NetworkUp);
    assert_eq!(silent.link.poll_timeout(), Some(silent.now + 31 * SECOND));
    assert_eq!(silent.take(Input::Lost), CONNECT);
}

#[test]
fn an_unsteady_network_causes_at_most_one_connection_a_minute() {
    for every in [1, 7, 20, 59, 61] {
        let mut bench = Bench::connected(600);
        for second in 1..=3_600 {
            bench.pass(1);
            if second % every == 0 && bench.take(NetworkUp) == CONNECT {
                bench.take(Input::Opened);
            }
            if second % 30 == 0 {
                bench.take(ALIVE);
            }
        }
        assert!(bench.attempts.len() <= 60, "every {every} s: {} in an hour", bench.attempts.len());
    }
}
