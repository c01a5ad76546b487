//! Drives `handover setup` through a real terminal, against a sandbox and a notification server.
//!
//! Invariant: a test waits for text on the terminal, never for time to pass, and every wait has a limit.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod at_login;
#[cfg(test)]
mod choices;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod editing;
#[cfg(test)]
mod encryption_key;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod network;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod signing_in;
#[cfg(test)]
mod stopping;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod terminal;
