//! The real binary on a real desktop: what it shows is on a screen, and what is done to it is done with the mouse.
//!
//! Every test has a screen, a bus, a panel, a notification server and a user of its own. What the screen showed is
//! kept below `target/desktop/` to be looked at. It needs packages, see `session/packages.rs`; `tests/run` installs them.
//!
//! Invariant: nothing of the machine's own desktop is seen or touched, every program started here ends with its test,
//! and a test waits for what can be seen, never for time to pass.
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
