//! Limits how much memory this process takes from the system.
//!
//! Invariant: only the size of the process changes.
//!
//! # Platform-specific behavior
//!
//! Only Linux with glibc. By default, glibc gives every thread its own arena (`M_ARENA_MAX` in mallopt(3)), and freeing
//! a large block raises the threshold above which memory is returned (`M_TRIM_THRESHOLD`).

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
use elsewhere as allocator;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use glibc as allocator;

/// Uses one arena and a fixed threshold from now on. Call it before any thread starts.
///
/// One arena saves 0.15 MB with a tray, and the threads do too little to contend for it. The threshold stays fixed,
/// since serving the icon's pictures to a panel takes 1 MB for a short time.
pub fn limit_arenas() {
    allocator::limit_arenas();
}

/// Returns freed memory to the system. This takes a few milliseconds and makes the next allocations slower, so call it
/// only after a lot was freed.
pub fn trim() {
    allocator::trim();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    /// glibc's initial threshold, in bytes.
    const LIMIT: libc::c_int = 128 << 10;

    #[expect(
        unsafe_code,
        reason = "the one call for it takes no pointer and is safe at any time, on any thread"
    )]
    pub(super) fn limit_arenas() {
        // SAFETY: see mallopt(3); a failure changes nothing.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, 1);
            libc::mallopt(libc::M_TRIM_THRESHOLD, LIMIT);
        }
    }

    #[expect(
        unsafe_code,
        reason = "the one call for it takes no pointer and is safe at any time, on any thread"
    )]
    pub(super) fn trim() {
        // SAFETY: see malloc_trim(3); it takes no pointer.
        let _: i32 = unsafe { libc::malloc_trim(0) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod elsewhere {
    pub(super) fn limit_arenas() {}

    pub(super) fn trim() {}
}
