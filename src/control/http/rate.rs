//! How many requests are let in.
//!
//! Invariant: over any time no more than a burst and the steady rate of that time.

use std::time::{Duration, Instant};

use crate::system::clock;

/// Requests at once.
const BURST: u32 = 30;
/// Time for each request after that.
const EACH: Duration = Duration::from_millis(200);

/// Counts requests.
#[derive(Debug)]
pub(super) struct Rate {
    /// When a burst would be full again.
    full: Instant,
}

impl Rate {
    pub(super) fn new() -> Self {
        Self { full: clock::instant() }
    }

    /// Lets a request in, or says after which time to try again.
    pub(super) fn take(&mut self) -> Result<(), Duration> {
        let now = clock::instant();
        let full = self.full.max(now) + EACH;
        let owed = full.saturating_duration_since(now);
        if let Some(wait) = owed.checked_sub(EACH * BURST).filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        self.full = full;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_let_in_and_then_five_in_a_second() {
        let mut rate = Rate::new();
        for _ in 0..BURST {
            assert_eq!(rate.take(), Ok(()));
        }
        assert_eq!(rate.take(), Err(EACH));
        tokio::time::advance(EACH).await;
        assert_eq!(rate.take(), Ok(()));
        assert!(rate.take().is_err());
        tokio::time::advance(EACH * BURST * 2).await;
        for _ in 0..BURST {
            assert_eq!(rate.take(), Ok(()));
        }
    }
}
