//! The daemon's tasks that follow what changes around it: settings, login, key, sleep, networks, and who is there.
//!
//! Invariant: each of them tells the other tasks what changed and waits for none of them.

pub(super) mod e2ee;
pub(super) mod power;
pub(super) mod presence;
pub(super) mod sd_notify;
pub(super) mod settings;
pub(super) mod sign_in;
