//! The only clock and the only dice of the program; everything below is told the time.
//!
//! Invariant: both clocks follow tokio's, so a test that pauses tokio pauses every decision.
#![expect(clippy::disallowed_methods, reason = "this is the one place that asks for the time")]

use std::time::{Duration, Instant, SystemTime};

/// Now, for measuring spans; stands still while tokio's clock is paused.
pub fn instant() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Now, in unix seconds.
pub fn unix() -> i64 {
    let (true_time, now) = (SystemTime::now(), Instant::now());
    // The two differ only where a test has tokio's clock in its hand.
    let told = instant();
    let time = true_time + told.saturating_duration_since(now);
    let time = time.checked_sub(now.saturating_duration_since(told)).unwrap_or(time);
    let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

/// The longest wait for a time of day without a look at the clock: timers stand still while the computer sleeps,
/// and nobody has to tell that it woke. The keep-alives of the connection wake this program twice as often.
const LOOK: Duration = Duration::from_mins(1);

/// When to look whether this unix time has come.
pub fn look_for(deadline: i64) -> Instant {
    let left = deadline.saturating_sub(unix());
    instant() + Duration::from_secs(u64::try_from(left).unwrap_or_default()).min(LOOK)
}

/// A throw of the dice, 0 to 1, to keep many clients from knocking in step.
pub fn jitter() -> f64 {
    fastrand::f64()
}

/// Waits until a deadline; for ever when there is none.
pub async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// Waits for a span of time.
pub async fn pause(span: Duration) {
    tokio::time::sleep(span).await;
}
