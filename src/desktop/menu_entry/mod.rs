//! The desktop entry and the icon in the user's folders, which put this program into the menu of applications.
//!
//! Invariant: only an entry that was created here is changed or removed.
//!
//! # Platform-specific behavior
//!
//! macOS and Windows have no such files, so there is nothing to install.

#[cfg(any(windows, target_os = "macos"))]
mod elsewhere;
mod error;
#[cfg(not(any(windows, target_os = "macos")))]
mod xdg;

#[cfg(any(windows, target_os = "macos"))]
pub use elsewhere::{install, remove};
pub use error::Error;
#[cfg(not(any(windows, target_os = "macos")))]
pub use xdg::{install, remove};
