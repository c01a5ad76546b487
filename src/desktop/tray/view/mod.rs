//! What the tray shows, as a value that is made without a screen.
//!
//! Invariant: equal contexts make equal views, so what did not change is not shown again.

#[cfg(any(not(target_os = "linux"), test))]
pub(super) mod choice_id;
mod context;
mod entry;
#[cfg(test)]
mod tests;
mod tray_view;
mod wording;

pub use context::{Headline, TrayContext};
pub use entry::{Choice, Entry};
pub use tray_view::{Icon, TrayView};
