//! What this program needs of a desktop: one folder a capability, one file a way of doing it.
//!
//! Invariant: what a message says is never trusted here: text is escaped for whoever shows it, and a server,
//! a bus or a folder that misbehaves ends in an error, not in a panic or a wait without end.

pub mod autostart;
pub mod browser;
mod child;
pub mod folder;
pub mod hook;
pub mod host;
pub mod key_command;
pub mod media;
pub mod memory;
pub mod notifier;
pub mod paths;
pub mod power;
pub mod presence;
mod program;
pub mod secrets;
pub mod service_manager;
mod session_bus;
pub mod sound;
pub mod terminal;
pub mod tray;
pub mod window;
