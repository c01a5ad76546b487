//! What news of the computer do to the link: they come in storms, and some seconds before a network is of use.

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
    /// Every attempt since this began, in seconds from then.
    attempts: Vec<u64>,
    begun: Instant,
}

impl Bench {
    fn connecting() -> Self {
        let now = epoch();
        let mut link = Link::new();
        assert_eq!(link.handle_input(Input::SignedIn, now, 1.0), CONNECT);
        Self { link, now, attempts: Vec::new(), begun: now }
    }

    /// Connected for this many seconds, alive to the last.
    fn connected(secs: u32) -> Self {
        let mut bench = Self::connecting();
        bench.take(Input::Opened);
        bench.now += secs * SECOND;
        bench.take(ALIVE);
        bench.begun = bench.now;
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

    /// Lets time pass, and the link do what it does then.
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
            self.attempts.push((self.now - self.begun).as_secs());
        }
        action
    }
}

#[test]
fn a_storm_makes_one_connection() {
    // In one moment, whichever comes first, and at each place of the connection being made in between.
    for storm in [[Woke, NetworkUp, NetworkUp, NetworkUp], [NetworkUp, Woke, NetworkUp, NetworkUp]] {
        for opened_after in 1..=4 {
            for mut bench in [Bench::connected(600), Bench::waiting()] {
                for (number, news) in storm.into_iter().enumerate() {
                    // The wake itself is a wake: only a network spares what is new.
                    if number == opened_after && !storm[number..].contains(&Woke) {
                        bench.take(Input::Opened);
                    }
                    bench.take(news);
                }
                bench.take(Input::Opened);
                for _ in 0..10 {
                    bench.pass(30);
                    bench.take(ALIVE);
                }
                assert_eq!(bench.attempts, [0], "{storm:?} opened after {opened_after}");
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
fn an_attempt_that_began_before_the_network_was_up_is_left_five_seconds() {
    let mut bench = Bench::connected(600);
    bench.take(Woke);
    bench.pass(3);
    for _ in 0..3 {
        assert_eq!(bench.take(NetworkUp), None, "it may end well");
        bench.pass(1);
    }
    bench.pass(1);
    assert_eq!(bench.attempts, [0]);
    bench.pass(1);
    // The next one has all the time of any other, and no other follows it at once.
    assert_eq!(bench.attempts, [0, 8]);
    bench.pass(14);
    assert_eq!(bench.attempts, [0, 8]);
    assert_eq!(bench.link.state(), LinkState::Connecting);
    bench.pass(20);
    assert_eq!(bench.attempts, [0, 8]);
    bench.pass(1);
    assert_eq!(bench.attempts, [0, 8, 43]);
    // An attempt that is nearly over is given no more time than it had.
    let mut late = Bench::connecting();
    late.pass(14);
    late.take(NetworkUp);
    late.pass(1);
    assert_eq!(late.attempts, [15]);
}

#[test]
fn an_attempt_that_fails_after_news_is_followed_by_another_at_once_and_by_one_alone() {
    let mut bench = Bench::connecting();
    for news in [NetworkUp, Woke, NetworksCame] {
        assert_eq!(bench.take(news), None);
    }
    assert_eq!(bench.take(CLOSED), CONNECT);
    assert_eq!(bench.take(CLOSED), Some(Action::Disconnect));
    assert_eq!(bench.link.poll_timeout(), Some(bench.now + 20 * SECOND));
}

#[test]
fn news_do_not_shorten_what_the_service_asked_for() {
    let busy = Input::OpenFailed { retry_after: Some(Duration::from_mins(10)) };
    for news in [Woke, NetworkUp, NetworksCame] {
        let mut bench = Bench::connecting();
        bench.take(news);
        assert_eq!(bench.take(busy), Some(Action::Disconnect));
        assert_eq!(bench.take(news), None);
        assert_eq!(bench.link.poll_timeout(), Some(bench.now + Duration::from_mins(10)));

        let mut refused = Bench::connected(0);
        refused.take(NetworkUp);
        refused.take(Input::Heard(Signal::Refused));
        refused.take(Input::Accepted);
        let due = refused.link.poll_timeout();
        assert_eq!((refused.take(news), refused.link.poll_timeout()), (None, due));
    }
}

#[test]
fn a_network_spares_a_connection_younger_than_a_minute_until_it_is_silent() {
    for (age, action) in [(0, None), (59, None), (60, CONNECT), (9_000, CONNECT)] {
        let mut bench = Bench::connected(age);
        assert_eq!(bench.take(NetworkUp), action, "after {age} s");
        assert_eq!(Bench::connected(age).take(Woke), CONNECT, "a wake spares none");
        assert_eq!(Bench::connected(age).take(NetworksCame), None, "late news spare all");
    }
    // Silent for 45 s: it is dead, and another is tried at once.
    for (age, news) in [(20, NetworkUp), (9_000, NetworksCame)] {
        let mut silent = Bench::connected(age);
        silent.take(news);
        silent.pass(45);
        assert_eq!(silent.attempts, [45], "{news:?}");
    }
    let mut dead = Bench::connected(20);
    dead.take(NetworkUp);
    dead.pass(39);
    assert_eq!(dead.take(NetworkUp), None, "the doubt is not put off");
    dead.pass(5);
    assert_eq!(dead.attempts, [0; 0]);
    dead.pass(1);
    assert_eq!(dead.attempts, [45]);
    // A sign of life clears it, whatever the sign.
    for byte in *b"#!?" {
        let mut alive = Bench::connected(20);
        alive.take(NetworkUp);
        alive.pass(44);
        alive.take(Input::Heard(Signal::from(byte)));
        alive.pass(89);
        assert_eq!(alive.attempts, [0; 0]);
    }
    // The doubt never gives more time than silence has, and what breaks in doubt is tried again at once.
    let mut silent = Bench::connected(0);
    silent.pass(59);
    silent.take(NetworkUp);
    assert_eq!(silent.link.poll_timeout(), Some(silent.now + 31 * SECOND));
    assert_eq!(silent.take(Input::Lost), CONNECT);
}

#[test]
fn a_network_that_comes_and_goes_makes_a_connection_a_minute_at_most() {
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
