//! The signals that ask a process to end.
//!
//! Invariant: a signal only cancels a token, so whatever runs ends in order.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{cancel_on_hangup, cancel_on_termination, cancel_on_upgrade};
#[cfg(windows)]
pub(super) use windows::{cancel_on_hangup, cancel_on_termination, cancel_on_upgrade};
