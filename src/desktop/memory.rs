//! How much memory this process takes from the system.
//!
//! Invariant: it changes the size of the process and nothing else.
//!
//! # Platform-specific behavior
//!
//! Linux with glibc, which by itself gives every thread a pool of its own (`M_ARENA_MAX` in mallopt(3)) and keeps what
//! was freed once large blocks were among it, since freeing them raises the limit above which it gives memory back
//! (`M_TRIM_THRESHOLD`). Elsewhere there is nothing to be done.

/// Keeps no more memory than needed from now on. Call it before there are any threads.
///
/// They share one pool, which saves 0.15 MB with a tray; they have so little to do that none waits for another. And
/// the limit stays where it is: to let a panel read the pictures of the icon takes 1 MB for a moment.
pub fn stay_small() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(
        unsafe_code,
        reason = "the one call for it takes no pointer and is safe at any time, on any thread"
    )]
    // SAFETY: see mallopt(3); a refusal leaves everything as it was.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LIMIT);
    }
}

/// Bytes; what glibc begins with.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LIMIT: libc::c_int = 128 << 10;

/// Gives back to the system what was freed. It takes a few milliseconds, and what is needed again after it is
/// slower to get once: for when much was freed.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(
        unsafe_code,
        reason = "the one call for it takes no pointer and is safe at any time, on any thread"
    )]
    // SAFETY: see malloc_trim(3); it keeps no promise that anything else here relies on.
    let _: i32 = unsafe { libc::malloc_trim(0) };
}
