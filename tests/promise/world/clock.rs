//! The clock of these tests: it stands still unless a test lets time pass.
//!
//! Invariant: no deadline is reached while the kernel or another thread still has work to do for it.
//!
//! A paused tokio clock jumps to the next deadline as soon as no task has anything to do, and bytes that are
//! on their way through the kernel do not count as work: sometimes a request times out although it was answered
//! within a millisecond. But tokio does not jump while a blocking task runs (`tokio::time::pause`, "Auto-advance").
//! So every test starts with a paused clock and keeps a blocking task running, in [`Standstill`]. Then
//!
//! - waiting for an event takes real milliseconds and no time on the clock: no request times out, no pause
//!   ends, nothing is retried;
//! - `World::advance` moves the clock, one second at a time, and after each step lets real time pass until nothing else
//!   happens. The shortest time limit in the program is 10 s, which is ten steps.

use std::sync::mpsc;
use std::time::Duration;

/// The largest step of the clock.
pub(crate) const STEP: Duration = Duration::from_secs(1);

/// The limit in real time for something that takes no time on the clock.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Keeps the clock from moving until it is dropped.
pub(crate) struct Standstill(#[expect(dead_code, reason = "held until it is dropped")] mpsc::Sender<()>);

impl Standstill {
    pub(crate) fn begin() -> Self {
        let (held, end) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || end.recv().is_ok());
        Self(held)
    }
}

/// Lets real time pass; everything except the clock continues meanwhile.
pub(crate) async fn breathe(span: Duration) {
    tokio::task::spawn_blocking(move || std::thread::sleep(span)).await.unwrap();
}

/// Waits for something that takes no time on the clock; fails if it does not happen within 30 s of real time.
pub(crate) async fn within<T>(what: &str, event: impl Future<Output = T>) -> T {
    let (over, end) = mpsc::channel::<()>();
    let alarm = tokio::task::spawn_blocking(move || end.recv_timeout(TIMEOUT).is_ok());
    tokio::select! {
        value = event => {
            drop(over);
            value
        }
        _ = alarm => panic!("not within {TIMEOUT:?}: {what}"),
    }
}
