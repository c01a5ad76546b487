//! The icon in the tray and its menu.
//!
//! Invariant: what is shown is a value, [`TrayView`], made elsewhere; a choice of the user is a value too, and
//! decided elsewhere. Nothing here knows a message or the service.

mod artwork;
#[cfg(target_os = "linux")]
mod bus;
pub mod host;
#[cfg(not(target_os = "linux"))]
mod icon;
#[cfg(target_os = "linux")]
mod item;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(not(target_os = "linux"), test))]
mod meaning;
#[cfg(not(target_os = "linux"))]
mod menu;
#[cfg(not(target_os = "linux"))]
mod portable;
pub mod view;
#[cfg(test)]
mod view_tests;
mod wording;

use std::sync::{Arc, mpsc};

pub use view::{Choice, Circumstances, Entry, Headline, Icon, TrayView};

/// Shows each view it is sent, until the sender is gone. Call it on the main thread, outside of any async
/// runtime: some systems want the one, the tray on Linux the other.
///
/// `chosen` is called, on any thread, for whatever the user picks. Only the first call in a process hears of
/// choices. Without a tray, or a desktop, it tries again with the next view.
pub fn run(views: mpsc::Receiver<TrayView>, chosen: impl Fn(Choice) + Send + Sync + 'static) {
    let chosen = Arc::new(chosen);
    let chosen = move |choice| chosen(choice);
    #[cfg(target_os = "linux")]
    linux::run(views, chosen);
    #[cfg(not(target_os = "linux"))]
    portable::run(views, chosen);
}
