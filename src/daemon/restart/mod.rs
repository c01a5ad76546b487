//! Restarts the program after a panic: a panic hook logs where it happened and executes the program again. After an upgrade of
//! its file, the program is executed again as well, once the daemon has stopped in order.
//!
//! Invariant: the text of a panic is not logged, since it may contain a message, and a program that panics at every
//! start exits after [`MOST`] restarts within [`WINDOW`].
//!
//! Nothing is carried over in memory, because everything that matters is on disk. The process keeps its id, so a
//! service manager notices only the second `READY=1`. The exec closes every file, socket and lock, since Rust opens
//! them with close-on-exec; the new program takes the lock and binds the socket as at any start.
//!
//! The times of earlier restarts are passed on in an environment variable, not in a file: a later start by hand then
//! begins with none, and they can be neither stale nor unwritable.

use std::fmt;
use std::io;
use std::panic::{self, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use crate::desktop::notifier::DesktopNotifier;
use crate::domain::notification::{Notification, Urgency};
use crate::ports::Notifier;
use crate::system::{clock, core_dumps, os, own_path};

mod leftovers;
mod task;

pub use task::Task;
pub(super) use task::Tasks;

/// The most restarts within [`WINDOW`]. The next panic ends the program.
const MOST: usize = 5;

/// In seconds.
const WINDOW: i64 = 10 * 60;

/// Holds the process id and the unix times of the latest restarts, as in `4711 1782907200 1782907203`.
const VARIABLE: &str = "HANDOVER_RESTARTS";

/// How long to wait for the notification that the program ends. The process does nothing else meanwhile.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Installs the hook, so that a panic in any thread restarts the program. Call it while there is one thread.
pub fn restart_on_panic() {
    let restarts = Restarts::of_process();
    if !restarts.0.is_empty() {
        leftovers::reap();
    }
    // Looked up now: after an upgrade this path leads to the new program, while /proc/self/exe leads to a deleted file.
    let program = own_path::find();
    // This runs once per process.
    PROGRAM.get_or_init(|| (program, restarts));
    panic::set_hook(Box::new(|panic| {
        restart(&Place(panic), "exiting");
        give_up()
    }));
}

/// Whether the process runs the program again once the daemon has stopped.
static IS_REQUESTED: AtomicBool = AtomicBool::new(false);

/// Has the process run the program again, as an upgrade has left it on disk, once the daemon has stopped.
pub fn request_restart() {
    IS_REQUESTED.store(true, Ordering::Relaxed);
}

/// Whether [`request_restart`] was called.
pub fn is_restart_requested() -> bool {
    IS_REQUESTED.load(Ordering::Relaxed)
}

/// Replaces this process by a new run of the program; returns only if that fails.
pub fn run_again() -> io::Error {
    tracing::info!("the program was upgraded; restarting");
    let Some((Ok(program), restarts)) = PROGRAM.get() else { return io::ErrorKind::NotFound.into() };
    execute(program, restarts)
}

/// The path of this program, and its restarts so far.
static PROGRAM: OnceLock<(io::Result<PathBuf>, Restarts)> = OnceLock::new();

/// Executes the program again; returns only if that is not possible, as in a process that does not restart after a panic either. The
/// log then says what happens instead.
pub(super) fn restart(reason: &dyn fmt::Display, instead: &str) {
    let Some((program, restarts)) = PROGRAM.get() else { return };
    hold_other_restarts();
    match (program, restarts.and_one_at(clock::unix())) {
        (Ok(program), Some(restarts)) => {
            log(&format!("{reason}; restarting"));
            log(&format!("the program cannot be restarted: {}", execute(program, &restarts)));
        }
        (Err(error), _) => log(&format!("{reason}; the path of this program is not known: {error}")),
        (Ok(_), None) => log(&format!("{reason}, after {MOST} restarts; {instead}")),
    }
    RESTARTING.store(false, Ordering::Relaxed);
}

/// Whether a thread restarts the process, or ends it.
static RESTARTING: AtomicBool = AtomicBool::new(false);

/// Stops this thread if another one already restarts the process.
fn hold_other_restarts() {
    if RESTARTING.swap(true, Ordering::Relaxed) {
        loop {
            thread::park();
        }
    }
}

/// Where a panic happened.
struct Place<'a>(&'a PanicHookInfo<'a>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("crashed")?;
        if let Some(place) = self.0.location() {
            write!(f, " at {}:{}", place.file(), place.line())?;
        }
        write!(f, " in thread {}", thread::current().name().unwrap_or("without a name"))
    }
}

/// Writes a line in the format of the log, but without the lock on standard error, which this or another thread may hold.
fn log(line: &str) {
    let time = jiff::Timestamp::from_second(clock::unix()).unwrap_or_default();
    let line = format!("{time} ERROR {line}\n");
    os::write_to_stderr(line.as_bytes());
}

/// Replaces this process by a new run of the program; returns only if that fails.
fn execute(program: &Path, restarts: &Restarts) -> io::Error {
    core_dumps::restore();
    let mut command = Command::new(program);
    command.args(std::env::args_os().skip(1)).env(VARIABLE, restarts.to_string());
    os::replace_process(&mut command)
}

/// Exits, after a notification if one can be shown in time.
fn give_up() -> ! {
    let (done, waiting) = mpsc::channel();
    // It runs in a thread of its own, because this one may be inside an async runtime.
    let notify = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if let Ok(runtime) = runtime {
            runtime.block_on(notify());
        }
        // The receiver may have stopped waiting.
        let _ = done.send(());
    };
    if thread::Builder::new().name("notification".to_owned()).spawn(notify).is_ok() {
        // The program exits even if the notification was not shown.
        let _ = waiting.recv_timeout(TIMEOUT);
    }
    process::exit(1)
}

async fn notify() {
    let mut notification = Notification::about_handover(
        "Handover crashed repeatedly",
        "It has stopped, so no messages are being received. The log says where it crashed.\nhint: start it again with \
         `handover start`",
    );
    (notification.urgency, notification.resident) = (Urgency::High, true);
    if let Err(error) = DesktopNotifier::of_session().show(&notification).await {
        log(&format!("the notification about it cannot be shown: {error}"));
    }
}

/// The unix times of the latest restarts, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Restarts(Vec<i64>);

impl Restarts {
    fn of_process() -> Self {
        std::env::var(VARIABLE).map(|text| Self::parse(&text, process::id())).unwrap_or_default()
    }

    /// The restarts of this process. Programs that it starts inherit the variable, so the process id in it tells whose they are.
    fn parse(text: &str, process: u32) -> Self {
        let mut numbers = text.split(' ');
        let id = numbers.next().and_then(|id| id.parse().ok());
        if os::KEEPS_PROCESS_ID && id != Some(process) {
            return Self::default();
        }
        Self(numbers.map_while(|time| time.parse().ok()).collect())
    }

    /// These restarts and one more; `None` if there have been too many.
    fn and_one_at(&self, now: i64) -> Option<Self> {
        // A time in the future dates from before the clock was set back.
        let recent = |time: &i64| (0..WINDOW).contains(&now.saturating_sub(*time));
        let mut times: Vec<i64> = self.0.iter().copied().filter(recent).collect();
        if times.len() >= MOST {
            return None;
        }
        times.push(now);
        Some(Self(times))
    }
}

impl fmt::Display for Restarts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", process::id())?;
        self.0.iter().try_for_each(|time| write!(f, " {time}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_782_907_200;

    #[test]
    fn the_sixth_panic_within_ten_minutes_is_the_last() {
        let mut restarts = Restarts::default();
        for second in 0..5 {
            restarts = restarts.and_one_at(NOW + second).unwrap();
        }
        assert_eq!(restarts.and_one_at(NOW + 5), None);
        assert_eq!(restarts.and_one_at(NOW + WINDOW - 1), None);
        let later = restarts.and_one_at(NOW + WINDOW).unwrap();
        assert_eq!(later.0, [NOW + 1, NOW + 2, NOW + 3, NOW + 4, NOW + WINDOW]);
    }

    #[test]
    fn restarts_from_before_the_clock_was_set_back_do_not_count() {
        let restarts = Restarts(vec![NOW; MOST]);
        assert_eq!(restarts.and_one_at(NOW - 1), Some(Restarts(vec![NOW - 1])));
    }

    #[test]
    fn only_the_process_that_restarted_reads_its_restarts() {
        let restarts = Restarts(vec![NOW, NOW + 1]);
        let text = restarts.to_string();
        assert_eq!(Restarts::parse(&text, process::id()), restarts);
        for text in ["", " ", "x"] {
            assert_eq!(Restarts::parse(text, 4711), Restarts::default(), "{text:?}");
        }
        assert_eq!(Restarts::parse("4711 1 x 2", 4711), Restarts(vec![1]));
        if os::KEEPS_PROCESS_ID {
            assert_eq!(Restarts::parse("1 2", 4711), Restarts::default());
        }
    }
}
