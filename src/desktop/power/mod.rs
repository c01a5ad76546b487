//! Reports when the computer wakes from sleep or a network comes up.
//!
//! Invariant: an event says that a connection may have died or become possible, nothing more.
//!
//! # Platform-specific behavior
//!
//! Linux: logind and NetworkManager send signals on the system bus, over one connection. Without logind, and before its
//! signal arrives, the clocks show that the computer slept. Other systems have no source: there the link only notices
//! that no data arrives.

#[cfg(target_os = "linux")]
mod clock_jump;
mod event;
#[cfg(target_os = "linux")]
mod linux_system;
#[cfg(target_os = "linux")]
mod logind;
mod monitor;
#[cfg(target_os = "linux")]
mod network_manager;
#[cfg(not(target_os = "linux"))]
mod no_source;
#[cfg(target_os = "linux")]
mod system_bus;

pub use event::PowerEvent;
pub use monitor::PowerMonitor;
