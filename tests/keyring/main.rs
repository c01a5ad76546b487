//! Where the login lies, against a real `gnome-keyring-daemon` on a private bus.
//!
//! Invariant: every keyring has a home and a bus of its own, so no test touches the keyring of whoever runs it.
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
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod unlock;
#[cfg(test)]
mod unlocked;
