//! The key of end-to-end encryption, as every task reads it.
//!
//! Invariant: only the task in `environment/e2ee.rs` loads the key; the others read it, and notify that task.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::pushover::e2ee::Key;

/// The daemon's key, and the requests to load it.
#[derive(Default)]
pub(in crate::daemon) struct E2eeKey {
    pub(in crate::daemon) state: watch::Sender<State>,
    /// Notified when the key may have changed.
    pub(in crate::daemon) again: Notify,
    /// Notified when a message may be encrypted while there is no key.
    pub(in crate::daemon) missed: Notify,
}

#[derive(Clone, Default)]
pub(in crate::daemon) struct State {
    pub(in crate::daemon) key: Option<Arc<Key>>,
    /// How many loads there have been, successful or not.
    pub(in crate::daemon) loads: u64,
    /// Whether the latest load failed: a key is set, and cannot be loaded.
    pub(in crate::daemon) is_missing: bool,
    /// Whether a message has waited for the first load in vain.
    pub(in crate::daemon) is_late: bool,
}
