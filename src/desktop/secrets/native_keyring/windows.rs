//! The Credential Manager of Windows.
//!
//! Invariant: a secret does not leave this computer with a roaming profile.

use std::collections::HashMap;
use std::sync::Arc;

use keyring_core::{CredentialStore, Result};
use windows_native_keyring_store::Store;

pub(super) fn open() -> Result<Arc<CredentialStore>> {
    Ok(Store::new()?)
}

/// How an item is stored.
pub(super) fn modifiers() -> HashMap<&'static str, &'static str> {
    HashMap::from([("persistence", "local")])
}
