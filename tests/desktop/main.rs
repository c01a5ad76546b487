//! The real binary on a real desktop: tests read what it shows from a screen, and use it with the mouse.
//!
//! Every test has its own screen, bus, panel, notification server and user. Screenshots are
//! kept in `target/desktop/`. The tests need packages, see `session/packages.rs`; `tests/run` installs them.
//!
//! Invariant: the machine's own desktop is neither read nor changed, every program started here ends with its test,
//! and a test waits for something visible, never for time to pass.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod dunst;
#[cfg(test)]
mod notifyd;
#[cfg(test)]
mod panel;
#[cfg(test)]
mod session;
#[cfg(test)]
mod sound;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod tray;

#[cfg(test)]
use session::{desk, packages, picture, program, screen};
