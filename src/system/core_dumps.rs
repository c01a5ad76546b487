//! Keeps the memory of this process, which contains the login's secret, from being written to a core dump or read by other
//! processes of the user.
//!
//! Invariant: programs that this one starts keep their own core dumps.

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::OnceLock;

    use rustix::process::{
        DumpableBehavior, Pid, Resource, Rlimit, getrlimit, prlimit, set_dumpable_behavior, setrlimit,
    };

    /// The limit with which this process was started.
    static ORIGINAL: OnceLock<Rlimit> = OnceLock::new();

    /// Turns them off for this process; a failure changes nothing else.
    pub fn disable() {
        let original = ORIGINAL.get_or_init(|| getrlimit(Resource::Core));
        // The hard limit stays, so that the original limit can be restored.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: original.maximum });
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }

    /// Restores the limit of a program that this process has started. A program that was executed can be dumped anyway.
    pub fn restore_for(child: u32) {
        let child = i32::try_from(child).ok().and_then(Pid::from_raw);
        if let (Some(child), Some(original)) = (child, ORIGINAL.get()) {
            // It may have exited already.
            let _ = prlimit(Some(child), Resource::Core, *original);
        }
    }

    /// Restores the limit of this process, before it executes itself again.
    pub fn restore() {
        if let Some(original) = ORIGINAL.get() {
            let _ = setrlimit(Resource::Core, *original);
        }
    }
}

#[cfg(target_os = "linux")]
pub use linux::{disable, restore, restore_for};

/// Other systems write no core dumps by default.
#[cfg(not(target_os = "linux"))]
pub fn disable() {}

/// Nothing was changed.
#[cfg(not(target_os = "linux"))]
pub fn restore_for(_child: u32) {}

/// Nothing was changed.
#[cfg(not(target_os = "linux"))]
pub fn restore() {}
