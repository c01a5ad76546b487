//! The connections between the daemon and its front ends, in the way of the operating system.
//!
//! Invariant: a path that no daemon listens at is an error of the kind `NotFound` or `ConnectionRefused`, whatever a killed
//! daemon left there.
//!
//! # Platform-specific behavior
//!
//! Unix: a socket with mode 0600. Windows: a named pipe that only the user and administrators can write to, and whose random
//! name is in the file at the path, since the names of pipes are known to every user of the computer.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{ClientStream, Listener, connect, split};
#[cfg(windows)]
pub(super) use windows::{ClientStream, Listener, connect, split};
