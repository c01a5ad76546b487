//! The clock of these tests: it stands still unless a test lets time pass.
//!
//! Invariant: no deadline comes while the kernel or another thread still has work to do for it.
//!
//! A paused tokio clock jumps to the next deadline as soon as no task has anything to do, and bytes that are
//! on their way through the kernel are nothing to do: now and then a request times out that was answered
//! within a millisecond. But tokio does not jump while a blocking task runs (`tokio::time::pause`, "Auto-advance").
//! So every test starts paused and keeps one, in [`Standstill`]. Then
//!
//! - to wait for an event takes real milliseconds and no time on the clock: no request times out, no pause
//!   ends, nothing is retried;
//! - `World::advance` moves the clock, a second at a time, and after each step lets real time go by until nothing
//!   happens any more. The shortest time limit in the program is 10 s, ten steps.

use std::sync::mpsc;
use std::time::Duration;

/// The most the clock moves at once.
pub(crate) const STEP: Duration = Duration::from_secs(1);

/// How long anything may take in real time that takes none on the clock.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Keeps the clock from moving by itself, until it is dropped.
pub(crate) struct Standstill(#[expect(dead_code, reason = "held until it is dropped")] mpsc::Sender<()>);

impl Standstill {
    pub(crate) fn begin() -> Self {
        let (held, end) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || end.recv().is_ok());
        Self(held)
    }
}

/// Lets real time go by; everything but the clock goes on meanwhile.
pub(crate) async fn breathe(span: Duration) {
    tokio::task::spawn_blocking(move || std::thread::sleep(span)).await.unwrap();
}

/// Waits for something that takes no time on the clock; fails when it does not come in 30 s of real time.
pub(crate) async fn within<T>(what: &str, event: impl Future<Output = T>) -> T {
    let (over, end) = mpsc::channel::<()>();
    let alarm = tokio::task::spawn_blocking(move || end.recv_timeout(TIMEOUT).is_ok());
    tokio::select! {
        value = event => {
            drop(over);
            value
        }
        _ = alarm => panic!("waited {TIMEOUT:?} in vain until {what}"),
    }
}
