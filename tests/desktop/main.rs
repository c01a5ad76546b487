//! The real binary on a real desktop: what it shows is on a screen, and what is done to it is done with the mouse.
//!
//! Every test has a screen, a bus, a panel, a notification server and a user of its own. What the screen showed is
//! kept below `target/desktop/` to be looked at. It needs packages, see `packages.rs`; `tests/run` installs them.
//!
//! Invariant: nothing of the machine's own desktop is seen or touched, every program started here ends with its test,
//! and a test waits for what can be seen, never for time to pass.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod accessible;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod dunst;
#[cfg(test)]
mod notifications;
#[cfg(test)]
mod notifyd;
#[cfg(test)]
mod packages;
#[cfg(test)]
mod panel;
#[cfg(test)]
mod picture;
#[cfg(test)]
mod program;
#[cfg(test)]
mod screen;
#[cfg(test)]
mod sound;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod tray;
