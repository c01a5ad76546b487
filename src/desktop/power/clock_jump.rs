//! Sees from the clocks that the computer slept.
//!
//! Invariant: only sleep is seen, whoever sets the time of day: one clock of the kernel stands still in it and one
//! does not (`CLOCK_MONOTONIC`, `CLOCK_BOOTTIME`), and nobody can set either.
//!
//! An alarm on the second clock that became due in the sleep rings right after it, without a wake-up before. While
//! something else wakes this program often enough, [`ClockJump::put_off`] keeps it from ringing at all.

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

/// The shortest sleep that counts: one that no connection notifications is none.
const SHORTEST: Duration = Duration::from_secs(5);

/// When the alarm rings while it is put off again and again: two keep-alives, which come about every 30 s.
const BUSY: Duration = Duration::from_mins(1);

/// When it rings while nothing else happens.
const IDLE: Duration = Duration::from_mins(5);

/// The watch over the clocks.
pub(super) struct ClockJump {
    read: Box<dyn Fn() -> Reading + Send + Sync>,
    awake: Mutex<Awake>,
    /// Made with the first [`Self::jumped`], since it needs a runtime; `None` inside when the kernel has none.
    alarm: OnceLock<Option<AsyncFd<OwnedFd>>>,
}

impl ClockJump {
    /// A watch over the kernel's clocks, which begins now.
    pub(super) fn new() -> Self {
        Self::over(Reading::of_kernel)
    }

    fn over(read: impl Fn() -> Reading + Send + Sync + 'static) -> Self {
        let awake = Mutex::new(Awake::at(&read()));
        Self { read: Box::new(read), awake, alarm: OnceLock::new() }
    }

    /// Waits until the computer has slept since it was last [forgotten](Self::forget); for ever where the kernel
    /// has no such alarm. Cancel safe.
    pub(super) async fn jumped(&self) {
        let Some(alarm) = self.alarm.get_or_init(alarm) else { return pending().await };
        loop {
            let rung = alarm.async_io(Interest::READABLE, |timer| Ok(rustix::io::read(timer, &mut [0; 8])?));
            let Ok(_) = rung.await else { return pending().await };
            let reading = (self.read)();
            if self.awake().slept_until(&reading) {
                return;
            }
            *self.awake() = Awake::at(&reading);
            set(alarm, IDLE);
        }
    }

    /// Counts all sleep until now as known.
    pub(super) fn forget(&self) {
        *self.awake() = Awake::at(&(self.read)());
        if let Some(alarm) = self.alarm() {
            set(alarm, BUSY);
        }
    }

    /// Lets the alarm wait, since something else woke this program; rings it when that shows a sleep.
    pub(super) fn put_off(&self) {
        let Some(alarm) = self.alarm() else { return };
        let reading = (self.read)();
        let mut awake = self.awake();
        if awake.slept_until(&reading) {
            set(alarm, AT_ONCE);
        } else {
            *awake = Awake::at(&reading);
            set(alarm, BUSY);
        }
    }

    fn alarm(&self) -> Option<&AsyncFd<OwnedFd>> {
        self.alarm.get()?.as_ref()
    }

    fn awake(&self) -> MutexGuard<'_, Awake> {
        // One number is never half written.
        self.awake.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for ClockJump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClockJump").field("awake", &self.awake).finish_non_exhaustive()
    }
}

/// One look at both clocks. This program may be held up between two of the three, so what they show together is
/// known only within bounds.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// The clock that stands still in sleep, before the other.
    before: Duration,
    /// The clock that does not.
    boot: Duration,
    /// The first clock once more.
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

/// How long the computer slept in all, at most, when this was noted.
#[derive(Debug)]
struct Awake {
    slept_at_most: Duration,
}

impl Awake {
    fn at(reading: &Reading) -> Self {
        Self { slept_at_most: reading.boot.saturating_sub(reading.before) }
    }

    /// Whether it certainly slept since.
    fn slept_until(&self, reading: &Reading) -> bool {
        let slept_at_least = reading.boot.saturating_sub(reading.after);
        slept_at_least.saturating_sub(self.slept_at_most) >= SHORTEST
    }
}

const AT_ONCE: Duration = Duration::from_nanos(1);

fn alarm() -> Option<AsyncFd<OwnedFd>> {
    match timer().and_then(watched) {
        Ok(alarm) => {
            set(&alarm, BUSY);
            Some(alarm)
        }
        Err(cause) => {
            tracing::debug!("the clocks cannot tell of sleep: {cause}");
            None
        }
    }
}

fn timer() -> io::Result<OwnedFd> {
    let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
    Ok(timerfd_create(TimerfdClockId::Boottime, flags)?)
}

#[expect(unsafe_code, reason = "tokio has no other way left to wait for a file of the kernel")]
fn watched(timer: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open until it is dropped, which is after the registration ends, and always names
    // the same file.
    Ok(unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) }?)
}

fn set(alarm: &AsyncFd<OwnedFd>, rings_in: Duration) {
    let never_again = Timespec { tv_sec: 0, tv_nsec: 0 };
    let Ok(it_value) = Timespec::try_from(rings_in) else { return };
    let time = Itimerspec { it_interval: never_again, it_value };
    // It fails only for what is no timer or no time.
    drop(timerfd_settime(alarm, TimerfdTimerFlags::empty(), &time));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::time::timeout;

    use super::*;

    /// Far longer than the alarm takes to ring.
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
            // Held up for long between the looks at the two clocks.
            (reading(100, 160, 220), reading(300, 300, 300), false),
            (reading(100, 100, 100), reading(300, 360, 420), false),
            (reading(100, 100, 100), reading(300, 430, 420), true),
            // A clock that goes backwards is no sleep, and no overflow.
            (reading(100, 700, 100), reading(9_000, 9_000, 9_000), false),
            (reading(100, 0, 100), reading(9_000, 0, 9_000), false),
        ] {
            assert_eq!(Awake::at(&then).slept_until(&now), slept, "{then:?} {now:?}");
        }
    }

    /// A watch over clocks of which the test says how long was slept; the alarm is the kernel's.
    fn watch() -> (ClockJump, Arc<AtomicU64>) {
        let slept = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&slept);
        let clocks = ClockJump::over(move || {
            let boot = 1_000 + told.load(Ordering::Relaxed);
            reading(1_000, boot, 1_000)
        });
        (clocks, slept)
    }

    /// Begins to wait, so that there is an alarm; it must not ring.
    async fn begin(clocks: &ClockJump) {
        assert!(timeout(Duration::ZERO, clocks.jumped()).await.is_err(), "nobody slept");
    }

    #[tokio::test]
    async fn an_alarm_that_rings_after_a_sleep_tells_once() {
        let (clocks, slept) = watch();
        begin(&clocks).await;
        slept.store(3_600, Ordering::Relaxed);
        // In a real sleep it rings because it became due meanwhile.
        set(clocks.alarm().unwrap(), AT_ONCE);
        timeout(TIMEOUT, clocks.jumped()).await.expect("it slept");
        clocks.forget();
        begin(&clocks).await;
    }

    #[tokio::test]
    async fn a_keep_alive_that_finds_a_sleep_does_not_hide_it() {
        let (clocks, slept) = watch();
        begin(&clocks).await;
        slept.store(3_600, Ordering::Relaxed);
        for _ in 0..3 {
            clocks.put_off();
        }
        timeout(TIMEOUT, clocks.jumped()).await.expect("it slept");
    }

    #[tokio::test]
    async fn an_alarm_without_a_sleep_tells_nothing_and_is_set_again() {
        let (clocks, slept) = watch();
        begin(&clocks).await;
        set(clocks.alarm().unwrap(), AT_ONCE);
        let rung = async {
            while rings_in(&clocks) <= BUSY {
                let jumped = timeout(Duration::from_millis(1), clocks.jumped()).await;
                assert!(jumped.is_err(), "nobody slept");
            }
        };
        timeout(TIMEOUT, rung).await.expect("it rings and is set again");
        assert!(rings_in(&clocks) <= IDLE);
        clocks.put_off();
        let left = rings_in(&clocks);
        assert!(left > BUSY / 2 && left <= BUSY, "{left:?}");
        // Naps that no connection notifications are not added up.
        for naps in 1..10 {
            slept.store(naps, Ordering::Relaxed);
            clocks.put_off();
        }
        begin(&clocks).await;
    }

    #[test]
    fn before_anybody_listens_there_is_nothing_to_put_off() {
        let (clocks, _) = watch();
        clocks.put_off();
        clocks.forget();
        assert!(clocks.alarm().is_none());
    }

    #[test]
    fn the_kernel_has_both_clocks() {
        let reading = Reading::of_kernel();
        assert!(reading.before > Duration::ZERO && reading.before <= reading.after);
        assert!(reading.boot >= reading.before, "what stands still in sleep is behind");
    }

    fn rings_in(clocks: &ClockJump) -> Duration {
        let time = rustix::time::timerfd_gettime(clocks.alarm().unwrap()).unwrap();
        Duration::try_from(time.it_value).unwrap()
    }
}
