//! Shows notifications through the `notify-rust` crate.
//!
//! Invariant: what differs between systems is in `linux`, `macos` and `windows`, which have the same items.

mod capabilities;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
mod notifier;
#[cfg(not(target_os = "linux"))]
mod one_response;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "macos")]
pub(super) use macos::server_info;
pub use notifier::PortableNotifier;
#[cfg(windows)]
pub(super) use windows::server_info;
