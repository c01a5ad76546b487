//! The only clock and the only source of randomness; the layers below get both as arguments.
//!
//! Invariant: both clocks follow tokio's, so a test that pauses tokio's clock controls every decision.
#![expect(clippy::disallowed_methods, reason = "only this module reads the clock")]

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

/// Now, to measure durations. It stands still while tokio's clock is paused.
pub fn instant() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Now, in unix seconds.
pub fn unix() -> i64 {
    let (true_time, now) = (SystemTime::now(), Instant::now());
    // They differ only in a test that controls tokio's clock.
    let tokio_now = instant();
    let time = true_time + tokio_now.saturating_duration_since(now);
    let time = time.checked_sub(now.saturating_duration_since(tokio_now)).unwrap_or(time);
    let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

/// Time since an arbitrary start, by a clock that cannot be set. On Linux it includes the time that the computer
/// sleeps.
pub fn steady() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    // In a test that controls tokio's clock, that clock may be behind the start.
    let (start, now) = (*START.get_or_init(Instant::now), instant());
    let passed = BEFORE_START.saturating_add(now.saturating_duration_since(start));
    passed.saturating_sub(start.saturating_duration_since(now)).saturating_add(asleep())
}

/// Tokio's clock is never further behind the start than this.
const BEFORE_START: Duration = Duration::from_hours(100_000);

/// How long the computer has slept, rounded to 10 ms because the two clocks are not read at the same instant.
#[cfg(target_os = "linux")]
fn asleep() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let [awake, all] = [ClockId::Monotonic, ClockId::Boottime]
        .map(|clock| Duration::try_from(clock_gettime(clock)).unwrap_or_default());
    let milliseconds = all.saturating_sub(awake).as_millis().saturating_add(5) / 10 * 10;
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
}

#[cfg(not(target_os = "linux"))]
fn asleep() -> Duration {
    Duration::ZERO
}

/// How often to check the clock while waiting for a time of day: timers stop while the computer sleeps, and not every
/// system reports that it woke. The connection's keep-alives wake this program twice as often.
const CHECK_INTERVAL: Duration = Duration::from_mins(1);

/// When to check next whether the unix time `deadline` has come, if the clock shows `unix` now.
pub fn next_check(deadline: i64, unix: i64) -> Instant {
    let left = deadline.saturating_sub(unix);
    instant() + Duration::from_secs(u64::try_from(left).unwrap_or_default()).min(CHECK_INTERVAL)
}

/// A random number from 0 to 1, so that many clients do not connect at the same time.
pub fn jitter() -> f64 {
    fastrand::f64()
}

/// Waits until a deadline; indefinitely if there is none.
pub async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// Waits for a duration.
pub async fn pause(span: Duration) {
    tokio::time::sleep(span).await;
}
