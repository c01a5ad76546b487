//! Sleep and networks: the real binary, on a private system bus with a logind and a NetworkManager of the test's own.
//!
//! Invariant: nothing of the machine's real system bus is seen or touched, and no test waits for time to pass.
//!
//! This machine cannot be put to sleep by a test. That the alarm on `CLOCK_BOOTTIME` rings right after a real sleep,
//! and that the two clocks differ then, is the kernel's word (`timerfd_create(2)`, `clock_getres(2)`); what is made of
//! it is tested under `src/desktop/power`.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod bus_troubles;
#[cfg(test)]
mod computer;
#[cfg(test)]
mod eavesdropper;
#[cfg(test)]
mod news;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
