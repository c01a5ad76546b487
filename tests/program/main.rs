//! Drives the real binary: its commands and its daemon, against a sandbox and a notification server in the test
//! process, on sockets, a message bus and folders that each test has for itself.
//!
//! Invariant: a test waits for what happens, never for time to pass, and every wait has an end. The one pause is the
//! random one before a random kill.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod acknowledging;
#[cfg(test)]
mod autostart;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod encrypted;
#[cfg(test)]
mod exact_kills;
#[cfg(test)]
mod hook;
#[cfg(test)]
mod life;
#[cfg(test)]
mod listing;
#[cfg(test)]
mod panics;
#[cfg(test)]
mod pausing;
#[cfg(test)]
mod random_kills;
#[cfg(test)]
mod secrecy;
#[cfg(test)]
mod service_manager;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod sound;
#[cfg(test)]
mod stand_in;
#[cfg(test)]
mod starting;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod survival;
#[cfg(test)]
mod tls;

#[cfg(test)]
use support::{home, process};
