//! How long to wait before trying again: longer after every failure.
//!
//! Invariant: no wait is shorter than [`FLOOR`] or than what the service asked for (up to
//! [`LONGEST_RETRY_AFTER`]), and none is longer than [`CAP`] unless the service asked for it.

use std::time::{Duration, Instant};

/// The shortest wait. The service asks for this after one of its own failures.
pub const FLOOR: Duration = Duration::from_secs(5);

/// The longest wait, unless the service asks for a longer one.
pub const CAP: Duration = Duration::from_mins(5);

/// The longest `Retry-After` that is obeyed: a header with a typo in it must not stop a client for days.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

const FIRST_CEILING: Duration = Duration::from_secs(10);

/// Waits drawn between [`FLOOR`] and a ceiling that doubles with each, from 10 s up to [`CAP`].
///
/// The whole range is used, so that clients that lost the service at the same time do not all return at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    ceiling: Duration,
}

impl Backoff {
    /// A back-off before its first failure.
    pub const fn new() -> Self {
        Self { ceiling: FIRST_CEILING }
    }

    /// The wait after one more failure; `jitter`, from 0 to 1, is the position between floor and ceiling.
    pub fn next(&mut self, jitter: f64) -> Duration {
        let delay = between(FLOOR, self.ceiling, jitter);
        self.ceiling = CAP.min(self.ceiling * 2);
        delay
    }

    /// Like [`Self::next`], but at least what the service asked for.
    pub fn next_after(&mut self, jitter: f64, retry_after: Option<Duration>) -> Duration {
        self.next(jitter).max(obeyed(retry_after))
    }

    /// Like [`Self::next_after`], as a wait that begins now and may be shortened down to the `Retry-After`.
    pub(super) fn wait(&mut self, now: Instant, jitter: f64, retry_after: Option<Duration>) -> Wait {
        let delay = self.next_after(jitter, retry_after);
        Wait { until: now + delay, earliest: now + obeyed(retry_after) }
    }

    /// Forgets the failures: the next wait is a first one again.
    pub fn reset(&mut self) {
        *self = Self::new();
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

/// A wait that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    until: Instant,
    /// The earliest end; never after `until`.
    earliest: Instant,
}

impl Wait {
    /// A wait that may be cut short.
    pub(super) fn flexible(now: Instant, delay: Duration) -> Self {
        Self { until: now + delay, earliest: now }
    }

    /// A wait that is never cut short.
    pub(super) fn firm(now: Instant, delay: Duration) -> Self {
        Self { until: now + delay, earliest: now + delay }
    }

    /// The same wait, as short as it may be.
    pub(super) fn shortened(self) -> Self {
        Self { until: self.earliest, ..self }
    }

    pub(super) fn until(self) -> Instant {
        self.until
    }

    pub(super) fn is_over(self, now: Instant) -> bool {
        now >= self.until
    }
}

/// The duration at position `jitter` between two; a jitter outside 0 to 1 counts as the nearer end.
pub(super) fn between(shortest: Duration, longest: Duration, jitter: f64) -> Duration {
    // `mul_f64` panics if the number is negative or NaN.
    let jitter = if jitter.is_nan() { 1.0 } else { jitter.clamp(0.0, 1.0) };
    shortest + longest.saturating_sub(shortest).mul_f64(jitter)
}

fn obeyed(retry_after: Option<Duration>) -> Duration {
    retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Some point in time: `Instant` has no other source, and every test only counts from it.
    #[expect(clippy::disallowed_methods, reason = "a test needs one instant to count from")]
    pub(in crate::engine) fn epoch() -> Instant {
        Instant::now()
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_ceiling_doubles_up_to_five_minutes() {
        let mut backoff = Backoff::new();
        let longest: Vec<u64> = (0..8).map(|_| backoff.next(1.0).as_secs()).collect();
        assert_eq!(longest, [10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(backoff.next(0.0), FLOOR);
        assert_eq!(backoff.next(0.5), Duration::from_millis(152_500));
        backoff.reset();
        assert_eq!(backoff.next(1.0), 10 * SECOND);
    }

    #[test]
    fn a_longer_retry_after_is_obeyed_up_to_an_hour() {
        for (retry_after, delay) in [
            (None, 10),
            (Some(0), 10),
            (Some(9), 10),
            (Some(11), 11),
            (Some(120), 120),
            (Some(86_400), 3_600),
            (Some(u64::MAX), 3_600),
        ] {
            let requested = retry_after.map(Duration::from_secs);
            assert_eq!(Backoff::new().next_after(1.0, requested), delay * SECOND, "{retry_after:?}");
        }
    }

    #[test]
    fn a_retry_after_still_counts_as_a_failure() {
        let mut backoff = Backoff::new();
        backoff.next_after(0.0, Some(120 * SECOND));
        assert_eq!(backoff.next(1.0), 20 * SECOND);
    }

    #[test]
    fn a_wait_is_not_shortened_below_the_retry_after() {
        let now = epoch();
        for (retry_after, earliest) in [(None, 0), (Some(6), 6), (Some(600), 600), (Some(86_400), 3_600)] {
            let wait = Backoff::new().wait(now, 1.0, retry_after.map(Duration::from_secs));
            assert_eq!(wait.until(), now + SECOND * earliest.max(10));
            assert_eq!(wait.shortened().until(), now + SECOND * earliest);
        }
        assert!(Wait::flexible(now, 9 * SECOND).shortened().is_over(now));
        assert!(!Wait::firm(now, 9 * SECOND).shortened().is_over(now + 8 * SECOND));
        assert!(Wait::firm(now, 9 * SECOND).is_over(now + 9 * SECOND));
    }

    #[test]
    fn jitter_out_of_range_counts_as_the_nearer_end() {
        for (jitter, delay) in [(-1.0, 5), (2.0, 10), (f64::INFINITY, 10), (f64::NAN, 10), (-0.0, 5)] {
            assert_eq!(Backoff::new().next(jitter), delay * SECOND, "{jitter}");
        }
    }

    proptest! {
        #[test]
        fn every_wait_is_within_its_bounds(
            jitters in prop::collection::vec(0.0..1.0_f64, 1..40),
            retry_after in prop::option::of((0..100_000_u64).prop_map(Duration::from_secs)),
        ) {
            let mut backoff = Backoff::new();
            for jitter in jitters {
                let delay = backoff.next_after(jitter, retry_after);
                prop_assert!(delay >= FLOOR && delay >= obeyed(retry_after));
                prop_assert!(delay <= CAP.max(obeyed(retry_after)));
            }
        }
    }
}
