//! Drives the icon in the tray of the real binary: a panel in the test process reads what it shows, and clicks.
//!
//! Invariant: a test waits for an event, never for time to pass, and every wait has a limit.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod appearance;
#[cfg(test)]
mod choices;
#[cfg(test)]
mod coming_and_going;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod second_start;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
