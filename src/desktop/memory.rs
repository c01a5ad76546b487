//! Memory that this process needs no more.
//!
//! Invariant: it changes the size of the process and nothing else.
//!
//! # Platform-specific behavior
//!
//! Linux with glibc: what was freed stays with the process once large blocks were among it, since freeing them
//! raises the limit above which glibc gives memory back (`M_TRIM_THRESHOLD` in mallopt(3)). Elsewhere there is
//! nothing to be done.

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
