//! Keeps the memory of this process, which contains the login's secret, from being written to a core dump or read by other
//! processes of the user.
//!
//! Invariant: programs that this one starts keep their own core dumps.

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::{Mutex, OnceLock, PoisonError};

    use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

    /// The limit with which this process was started.
    static ORIGINAL: OnceLock<Rlimit> = OnceLock::new();

    /// Turns them off for this process; a failure changes nothing else.
    pub fn disable() {
        limit(ORIGINAL.get_or_init(|| getrlimit(Resource::Core)));
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }

    fn limit(original: &Rlimit) {
        // The hard limit stays, so that the original limit can be restored.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: original.maximum });
    }

    /// One program is started at a time, so that none is started with the limit of this process.
    static STARTING: Mutex<()> = Mutex::new(());

    /// Starts a program with the original limit, which this process has meanwhile too: it still cannot be dumped, but the
    /// program can.
    pub fn start<T>(start: impl FnOnce() -> T) -> T {
        let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        restore();
        let started = start();
        if let Some(original) = ORIGINAL.get() {
            limit(original);
        }
        started
    }

    /// Restores the limit of this process, before it executes itself again.
    pub fn restore() {
        if let Some(original) = ORIGINAL.get() {
            let _ = setrlimit(Resource::Core, *original);
        }
    }
}

#[cfg(target_os = "linux")]
pub use linux::{disable, restore, start};

/// Other systems write no core dumps by default.
#[cfg(not(target_os = "linux"))]
pub fn disable() {}

/// Nothing was changed.
#[cfg(not(target_os = "linux"))]
pub fn start<T>(start: impl FnOnce() -> T) -> T {
    start()
}

/// Nothing was changed.
#[cfg(not(target_os = "linux"))]
pub fn restore() {}
