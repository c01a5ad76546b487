//! How long to wait before trying again. A stand-in: the merge takes the file of the `link` branch.
//!
//! Invariant: a wait is never below the floor of 5 s.

use std::time::Duration;

const FLOOR: Duration = Duration::from_secs(5);
const CEILING: Duration = Duration::from_mins(5);

/// Waits that grow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A back-off that saw no failure.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next wait; `jitter` is from 0 to 1.
    pub fn next(&mut self, jitter: f64) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let ceiling = FLOOR.saturating_mul(1 << self.failures.min(16)).min(CEILING);
        FLOOR + ceiling.saturating_sub(FLOOR).mul_f64(jitter.clamp(0.0, 1.0))
    }

    /// The next wait, but not less than the service asked for.
    pub fn next_after(&mut self, jitter: f64, retry_after: Option<Duration>) -> Duration {
        self.next(jitter).max(retry_after.unwrap_or_default())
    }

    /// Starts again from the floor.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}
