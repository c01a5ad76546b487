//! The daemon's tasks that follow its environment: settings, login, key, sleep, networks, and the user's presence.
//!
//! Invariant: each of them reports changes to the other tasks and waits for none of them.

pub(super) mod e2ee;
pub(super) mod power;
pub(super) mod presence;
pub(super) mod sd_notify;
pub(super) mod settings;
pub(super) mod sign_in;
