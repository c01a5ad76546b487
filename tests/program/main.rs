//! Drives the real binary: its commands and its daemon, with a sandbox and a notification server in the test
//! process, and with sockets, a message bus and folders of its own for each test.
//!
//! Invariant: a test waits for an event, never for time to pass, and every wait has a limit. The only pause is the
//! random one before a random kill.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod backlog;
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
mod sending;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

#[cfg(test)]
use support::{process, user};
