//! The icon in the tray and its menu.
//!
//! Invariant: what is shown is a value, [`TrayView`], and what the user picks is one too, [`Choice`]; both are handled
//! elsewhere. Nothing here knows a message or the service.

mod artwork;
pub mod availability;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;
pub mod view;

#[cfg(target_os = "linux")]
pub use linux::run;
#[cfg(not(target_os = "linux"))]
pub use portable::run;
pub use view::{Choice, Entry, Headline, Icon, TrayContext, TrayView};
