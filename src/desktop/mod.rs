//! Adapters for the desktop: one folder per capability, one file per implementation.
//!
//! Invariant: the content of a message is never trusted: text is escaped for the server that shows it. A server, a bus
//! or a folder that misbehaves causes an error, never a panic or an unlimited wait.

pub mod autostart;
pub mod disk;
pub mod host_name;
pub mod media;
pub mod memory;
pub mod menu_entry;
pub mod notifier;
pub mod paths;
mod picture;
pub mod power;
pub mod presence;
pub mod programs;
pub mod secrets;
pub mod service_manager;
pub mod sound;
pub mod tray;
