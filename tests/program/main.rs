//! Drives the real binary: its commands and its daemon, against a sandbox and a notification server in the test
//! process, on sockets, a message bus and folders that each test has for itself.
//!
//! Invariant: a test waits for what happens, never for time to pass, and every wait has an end. The one pause is the
//! random one before a random kill.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod commands;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod daemon;
#[cfg(test)]
mod presence;
#[cfg(test)]
mod security;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

#[cfg(test)]
use support::{process, user};
