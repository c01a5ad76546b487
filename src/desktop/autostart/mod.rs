//! Starts this program at login.
//!
//! Invariant: only an entry that was created here is changed.
//!
//! # Platform-specific behavior
//!
//! Linux: an XDG autostart entry, which every desktop reads. A systemd user unit that the user enabled counts as on, and is
//! not changed. In a Flatpak, the desktop is asked through its portal, and the entry, which the desktop cannot see there, only
//! notes that it agreed. macOS: a launch agent. Windows: a value below the `Run` key. The latter two follow the documentation; on
//! Windows it was only tried under Wine, and no Mac has run it.

#[cfg(target_os = "linux")]
mod background_portal;
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
