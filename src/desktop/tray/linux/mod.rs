//! The tray on Linux: a status notifier item on the session bus.
//!
//! Invariant: this is the only part of the tray that speaks D-Bus.

mod bus;
mod item;
mod thread;

pub use thread::run;
