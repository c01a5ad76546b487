//! The next attempt to connect to a bus that was lost.
//!
//! Invariant: there is at most one, and it is at a time that is known.

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// A scheduled attempt.
pub(super) struct Retry {
    pub(super) delay: Duration,
    due: Pin<Box<Sleep>>,
}

impl Retry {
    /// One after this delay.
    pub(super) fn after(delay: Duration) -> Self {
        Self { delay, due: Box::pin(sleep(delay)) }
    }
}

/// Waits until the scheduled attempt; indefinitely when there is none.
pub(super) async fn due(retry: &mut Option<Retry>) {
    match retry {
        Some(retry) => retry.due.as_mut().await,
        None => pending().await,
    }
}
