//! The window, for people who click: messages, signing in, preferences and checks.
//!
//! Invariant: it is a process of its own that speaks to the daemon over the control socket and only reads the message log, so
//! closing or killing it loses nothing. Without the feature `window` only [`model`] is built.

pub mod model;
pub mod words;

#[cfg(feature = "window")]
mod about;
#[cfg(feature = "window")]
mod accessible;
#[cfg(feature = "window")]
mod application;
#[cfg(feature = "window")]
mod doctor;
#[cfg(feature = "window")]
mod environment;
#[cfg(feature = "window")]
mod fields;
#[cfg(feature = "window")]
mod main_window;
#[cfg(feature = "window")]
mod messages;
#[cfg(feature = "window")]
mod preferences;
#[cfg(feature = "window")]
mod services;
#[cfg(feature = "window")]
mod setup;
#[cfg(feature = "window")]
mod stack;

#[cfg(feature = "window")]
pub use application::run;
