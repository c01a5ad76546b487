//! The tray on macOS and Windows: the system's own icon, in an event loop on the main thread.
//!
//! Invariant: what differs between the two is in `macos` and `windows`, which have the same items.
//!
//! On Windows it was only tried under Wine (`tests/cross`), where the icon appears; on macOS it has never run.

mod event_loop;
mod icon;
#[cfg(target_os = "macos")]
mod macos;
mod menu;
#[cfg(windows)]
mod windows;

pub use event_loop::run;
#[cfg(target_os = "macos")]
use macos as system;
#[cfg(windows)]
use windows as system;
