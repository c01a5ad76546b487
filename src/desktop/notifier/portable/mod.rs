//! Shows notifications through the `notify-rust` crate.
//!
//! Invariant: what differs between systems is in `macos_windows` and `linux`, which have the same items.

mod capabilities;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod macos_windows;
mod notifier;

#[cfg(not(target_os = "linux"))]
pub(super) use macos_windows::server_info;
pub use notifier::PortableNotifier;
