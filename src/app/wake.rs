//! The task that tells the others when the computer woke or a network came up.
//!
//! Invariant: a storm of events wakes the link once.

use std::sync::Arc;

use super::Shared;
use crate::ports::{Notifier, SecretStore};

/// Listens until the daemon stops.
pub(super) async fn listen<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    shared.stop().cancelled().await;
}
