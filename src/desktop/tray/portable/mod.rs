//! The tray on macOS and Windows: the system's own icon, in an event loop on the main thread.
//!
//! Invariant: untested. It is written against the documentation of `tray-icon` and `winit` and type-checked for both
//! systems, but has never run on either.

mod event_loop;
mod icon;
mod menu;

pub use event_loop::run;
