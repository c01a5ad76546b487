//! Shows notifications: on a desktop through its notification server, elsewhere as lines of text.
//!
//! Invariant: `Ok` from [`show`](crate::ports::Notifier::show) means that the server accepted the notification, never that
//! it was only sent.
//!
//! # Platform-specific behavior
//!
//! Linux: `org.freedesktop.Notifications` on the session bus. A click is a click on the notification itself or on a button;
//! servers differ in which of the two they offer, so nothing may depend on one alone.
//!
//! macOS and Windows: see `portable`, which Linux has too under the feature `portable-notifier`.

mod action_keys;
mod desktop_notifier;
#[cfg(target_os = "linux")]
pub mod freedesktop;
/// Public only for the fuzz target, see `tests/fuzz`.
#[doc(hidden)]
pub mod markup;
#[cfg(target_os = "linux")]
mod own_icon;
#[cfg(any(not(target_os = "linux"), feature = "portable-notifier"))]
pub mod portable;
pub mod printed;
mod server_info;
mod server_traits;

pub use desktop_notifier::{DesktopNotifier, query_server};
pub use server_info::{Feature, ServerInfo};
