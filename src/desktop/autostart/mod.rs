//! Starts this program at login.
//!
//! Invariant: only an entry that was created here is changed.
//!
//! # Platform-specific behavior
//!
//! Linux: an XDG autostart entry, which every desktop reads. A systemd user unit that the user enabled counts as on, and is
//! not changed. macOS: a launch agent. Windows: a value below the `Run` key. The latter two follow the documentation; on
//! Windows it was only tried under Wine, and no Mac has run it.

#[cfg(all(unix, not(target_os = "macos")))]
mod entry;
#[cfg(any(target_os = "macos", test))]
mod launch_agent;
#[cfg(windows)]
mod run_key;
mod state;
mod switch;
#[cfg(all(unix, not(target_os = "macos")))]
mod xdg;

#[cfg(all(unix, not(target_os = "macos")))]
pub(super) use entry::command_line;
pub use state::{Autostart, Error};
pub use switch::{enabled_unit, status, switch_off, switch_on};
