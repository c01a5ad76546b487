//! Where the login is stored, with a real `gnome-keyring-daemon` on a private bus.
//!
//! Invariant: every keyring has its own home folder and bus, so no test touches the keyring of the person who runs it.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod absent;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod gnome;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod key;
#[cfg(test)]
mod locked;
#[cfg(test)]
mod places;
#[cfg(test)]
mod sending;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod unlock;
#[cfg(test)]
mod unlocked;
