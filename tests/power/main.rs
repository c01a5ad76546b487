//! Sleep and networks: the real binary, on a private system bus with a logind and a NetworkManager made by the test.
//!
//! Invariant: the machine's real system bus is neither read nor changed, and no test waits for time to pass.
//!
//! A test cannot put this machine to sleep. That the alarm on `CLOCK_BOOTTIME` fires right after a real sleep,
//! and that the two clocks differ then, is documented by the kernel (`timerfd_create(2)`, `clock_getres(2)`); how the program
//! uses that is tested under `src/desktop/power`.
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
