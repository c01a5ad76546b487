//! Detects from two clocks that the computer slept.
//!
//! Invariant: only sleep is detected, not a change of the time of day: `CLOCK_MONOTONIC` stops during sleep and
//! `CLOCK_BOOTTIME` does not, and neither can be set.
//!
//! An alarm on the second clock that becomes due during the sleep fires right after it. As long as something else wakes
//! the process often enough, [`ClockJump::postpone_alarm`] keeps the alarm from firing at all.

use std::future::pending;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The shortest sleep that counts. Connections survive shorter ones.
const SHORTEST: Duration = Duration::from_secs(5);

/// How long after the last activity the alarm fires: two keep-alives, which come about every 30 s.
const BUSY: Duration = Duration::from_mins(1);

/// How long it takes to fire without any activity.
const IDLE: Duration = Duration::from_mins(5);

/// Compares the clocks.
pub(super) struct ClockJump {
    read: Box<dyn Fn() -> Reading + Send + Sync>,
    /// A mutex, since the task that waits and the one that reports activity both change it.
    slept: Mutex<Slept>,
    /// Created by the first [`Self::wait_for_sleep`], since it needs a runtime; the inner `None` means that the kernel
    /// has no such alarm.
    alarm: OnceLock<Option<AsyncFd<OwnedFd>>>,
}

impl ClockJump {
    /// Detects sleep from now on.
    pub(super) fn new() -> Self {
        Self::with_clocks(Reading::of_kernel)
    }

    fn with_clocks(read: impl Fn() -> Reading + Send + Sync + 'static) -> Self {
        let slept = Mutex::new(Slept::at(&read()));
        Self { read: Box::new(read), slept, alarm: OnceLock::new() }
    }

    /// Waits until the computer has slept since the last [reset](Self::reset); indefinitely if the kernel has no such
    /// alarm. Cancel safe.
    pub(super) async fn wait_for_sleep(&self) {
        let Some(alarm) = self.alarm.get_or_init(alarm) else { return pending().await };
        loop {
            let fired = alarm.async_io(Interest::READABLE, |timer| Ok(rustix::io::read(timer, &mut [0; 8])?));
            let Ok(_) = fired.await else { return pending().await };
            let reading = (self.read)();
            if self.slept().has_grown_until(&reading) {
                return;
            }
            *self.slept() = Slept::at(&reading);
            set(alarm, IDLE);
        }
    }

    /// Counts all sleep until now as reported.
    pub(super) fn reset(&self) {
        *self.slept() = Slept::at(&(self.read)());
        if let Some(alarm) = self.alarm() {
            set(alarm, BUSY);
        }
    }

    /// Postpones the alarm, since something else woke the process; fires it at once if the clocks show a sleep.
    pub(super) fn postpone_alarm(&self) {
        let Some(alarm) = self.alarm() else { return };
        let reading = (self.read)();
        let mut slept = self.slept();
        if slept.has_grown_until(&reading) {
            set(alarm, IMMEDIATELY);
        } else {
            *slept = Slept::at(&reading);
            set(alarm, BUSY);
        }
    }

    fn alarm(&self) -> Option<&AsyncFd<OwnedFd>> {
        self.alarm.get()?.as_ref()
    }

    fn slept(&self) -> MutexGuard<'_, Slept> {
        // After a panic the value is still consistent, since it is a single number.
        self.slept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for ClockJump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClockJump").field("slept", &self.slept).finish_non_exhaustive()
    }
}

/// A reading of both clocks. The process may be suspended between the three values, so the difference is only known
/// within bounds.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// The clock that stops during sleep, read before the other one.
    before: Duration,
    /// The clock that does not.
    boot: Duration,
    /// The first clock again.
    after: Duration,
}

impl Reading {
    fn of_kernel() -> Self {
        let read = |clock| Duration::try_from(clock_gettime(clock)).unwrap_or_default();
        Self {
            before: read(ClockId::Monotonic),
            boot: read(ClockId::Boottime),
            after: read(ClockId::Monotonic),
        }
    }
}

/// How long the computer had slept at most, in total, at a reading.
#[derive(Debug)]
struct Slept {
    slept_at_most: Duration,
}

impl Slept {
    fn at(reading: &Reading) -> Self {
        Self { slept_at_most: reading.boot.saturating_sub(reading.before) }
    }

    /// Whether it has certainly slept since.
    fn has_grown_until(&self, reading: &Reading) -> bool {
        let slept_at_least = reading.boot.saturating_sub(reading.after);
        slept_at_least.saturating_sub(self.slept_at_most) >= SHORTEST
    }
}

const IMMEDIATELY: Duration = Duration::from_nanos(1);

fn alarm() -> Option<AsyncFd<OwnedFd>> {
    match timer().and_then(registered) {
        Ok(alarm) => {
            set(&alarm, BUSY);
            Some(alarm)
        }
        Err(cause) => {
            tracing::debug!("sleep cannot be detected from the clocks: {cause}");
            None
        }
    }
}

fn timer() -> io::Result<OwnedFd> {
    let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
    Ok(timerfd_create(TimerfdClockId::Boottime, flags)?)
}

#[expect(unsafe_code, reason = "tokio has no other function to register a file descriptor")]
fn registered(timer: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open until it is dropped, which is after the registration ends, and always names
    // the same file.
    Ok(unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) }?)
}

fn set(alarm: &AsyncFd<OwnedFd>, fires_in: Duration) {
    let never_again = Timespec { tv_sec: 0, tv_nsec: 0 };
    let Ok(it_value) = Timespec::try_from(fires_in) else { return };
    let time = Itimerspec { it_interval: never_again, it_value };
    // This fails only for an invalid timer or time.
    drop(timerfd_settime(alarm, TimerfdTimerFlags::empty(), &time));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::time::timeout;

    use super::*;

    /// Far longer than the alarm takes to fire.
    const TIMEOUT: Duration = Duration::from_secs(30);

    fn reading(before: u64, boot: u64, after: u64) -> Reading {
        let [before, boot, after] = [before, boot, after].map(Duration::from_secs);
        Reading { before, boot, after }
    }

    #[test]
    fn only_sleep_counts_and_only_when_it_is_certain() {
        for (then, now, slept) in [
            (reading(100, 100, 100), reading(9_000, 9_000, 9_000), false),
            (reading(100, 700, 100), reading(9_000, 9_600, 9_000), false),
            (reading(100, 700, 100), reading(9_000, 9_604, 9_000), false),
            (reading(100, 700, 100), reading(9_000, 9_605, 9_000), true),
            (reading(100, 700, 100), reading(100, 40_000, 100), true),
            // Suspended for long between the readings of the two clocks.
            (reading(100, 160, 220), reading(300, 300, 300), false),
            (reading(100, 100, 100), reading(300, 360, 420), false),
            (reading(100, 100, 100), reading(300, 430, 420), true),
            // A clock that goes backwards causes neither a sleep nor an overflow.
            (reading(100, 700, 100), reading(9_000, 9_000, 9_000), false),
            (reading(100, 0, 100), reading(9_000, 0, 9_000), false),
        ] {
            assert_eq!(Slept::at(&then).has_grown_until(&now), slept, "{then:?} {now:?}");
        }
    }

    /// Clocks for which the test sets the time slept; the alarm is the kernel's.
    fn test_clocks() -> (ClockJump, Arc<AtomicU64>) {
        let slept = Arc::new(AtomicU64::new(0));
        let current = Arc::clone(&slept);
        let clocks = ClockJump::with_clocks(move || {
            let boot = 1_000 + current.load(Ordering::Relaxed);
            reading(1_000, boot, 1_000)
        });
        (clocks, slept)
    }

    /// Starts to wait, which creates the alarm, and checks that it does not fire.
    async fn assert_no_sleep(clocks: &ClockJump) {
        assert!(timeout(Duration::ZERO, clocks.wait_for_sleep()).await.is_err(), "there was no sleep");
    }

    #[tokio::test]
    async fn a_sleep_is_detected_once() {
        let (clocks, slept) = test_clocks();
        assert_no_sleep(&clocks).await;
        slept.store(3_600, Ordering::Relaxed);
        // After a real sleep it fires because it became due during the sleep.
        set(clocks.alarm().unwrap(), IMMEDIATELY);
        timeout(TIMEOUT, clocks.wait_for_sleep()).await.expect("it slept");
        clocks.reset();
        assert_no_sleep(&clocks).await;
    }

    #[tokio::test]
    async fn activity_after_a_sleep_does_not_hide_it() {
        let (clocks, slept) = test_clocks();
        assert_no_sleep(&clocks).await;
        slept.store(3_600, Ordering::Relaxed);
        for _ in 0..3 {
            clocks.postpone_alarm();
        }
        timeout(TIMEOUT, clocks.wait_for_sleep()).await.expect("it slept");
    }

    #[tokio::test]
    async fn an_alarm_without_a_sleep_is_set_again() {
        let (clocks, slept) = test_clocks();
        assert_no_sleep(&clocks).await;
        set(clocks.alarm().unwrap(), IMMEDIATELY);
        let fired = async {
            while fires_in(&clocks) <= BUSY {
                let jumped = timeout(Duration::from_millis(1), clocks.wait_for_sleep()).await;
                assert!(jumped.is_err(), "there was no sleep");
            }
        };
        timeout(TIMEOUT, fired).await.expect("it fires and is set again");
        assert!(fires_in(&clocks) <= IDLE);
        clocks.postpone_alarm();
        let left = fires_in(&clocks);
        assert!(left > BUSY / 2 && left <= BUSY, "{left:?}");
        // Short sleeps are not added up.
        for naps in 1..10 {
            slept.store(naps, Ordering::Relaxed);
            clocks.postpone_alarm();
        }
        assert_no_sleep(&clocks).await;
    }

    #[test]
    fn without_a_waiter_there_is_no_alarm() {
        let (clocks, _) = test_clocks();
        clocks.postpone_alarm();
        clocks.reset();
        assert!(clocks.alarm().is_none());
    }

    #[test]
    fn the_kernel_has_both_clocks() {
        let reading = Reading::of_kernel();
        assert!(reading.before > Duration::ZERO && reading.before <= reading.after);
        assert!(reading.boot >= reading.before, "the clock that stops during sleep is behind");
    }

    fn fires_in(clocks: &ClockJump) -> Duration {
        let time = rustix::time::timerfd_gettime(clocks.alarm().unwrap()).unwrap();
        Duration::try_from(time.it_value).unwrap()
    }
}
