//! Other systems have no such service manager.
//!
//! Invariant: there is never a value of this type.

use std::io;

/// None.
#[derive(Debug)]
pub(super) enum Socket {}

impl Socket {
    pub(super) fn from_environment() -> Option<Self> {
        None
    }

    pub(super) fn send(&self, _text: &str) -> io::Result<()> {
        match *self {}
    }
}
