//! Messages that are sent from here: what the user set up for it, and what a message may contain.
//!
//! Invariant: a token or a key is a [`Secret`](super::account::Secret), so no `Debug` output contains one.

pub mod settings;
