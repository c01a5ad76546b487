//! Starts this program at login, or not.
//!
//! Invariant: what is switched off is what was switched on here, and nothing that somebody else made.

use std::io;

/// Whether this program starts at login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Autostart {
    /// It does.
    On,
    /// It does not.
    Off,
}

/// How it stands.
pub fn status() -> io::Result<Autostart> {
    Ok(Autostart::Off)
}

/// Starts this program at login from now on.
pub fn switch_on() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Does so no more.
pub fn switch_off() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
