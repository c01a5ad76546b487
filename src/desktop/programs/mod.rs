//! The programs that this program starts for the user.
//!
//! Invariant: nothing is started through a shell, and none of these programs is required.

pub mod browser;
pub mod key_command;
pub mod terminal;
pub mod window;
