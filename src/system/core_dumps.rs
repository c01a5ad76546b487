//! Prevents core dumps of this process, whose memory contains the login's secret, and keeps other processes of the user
//! from reading it.
//!
//! Invariant: programs that this one starts keep their own core dumps.

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::{Mutex, OnceLock, PoisonError};

    use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

    /// The limit with which this process was started.
    static ORIGINAL: OnceLock<Rlimit> = OnceLock::new();

    /// Turns core dumps off for this process. A failure is ignored.
    pub fn disable() {
        limit(ORIGINAL.get_or_init(|| getrlimit(Resource::Core)));
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }

    fn limit(original: &Rlimit) {
        // The hard limit stays, so that the original limit can be restored.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: original.maximum });
    }

    /// Held while a program is started, so that no other one inherits the wrong limit.
    static STARTING: Mutex<()> = Mutex::new(());

    /// Starts a program with the original limit. This process has that limit too meanwhile, but still cannot be dumped.
    pub fn start<T>(start: impl FnOnce() -> T) -> T {
        let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        restore();
        let started = start();
        if let Some(original) = ORIGINAL.get() {
            limit(original);
        }
        started
    }

    /// Restores this process's original limit, before it executes itself again.
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
