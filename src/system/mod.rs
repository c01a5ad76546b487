//! Access to the computer, and what else several adapters share.
//!
//! Invariant: nothing here knows the service, the message log or a notification.

pub mod atomic_file;
pub mod child;
pub mod clock;
pub mod computer;
pub mod core_dumps;
#[cfg(target_os = "linux")]
pub mod dbus;
pub mod host;
pub mod off_thread;
pub mod os;
pub mod own_path;
pub mod private_folder;
pub mod programs;
pub mod time_span;
