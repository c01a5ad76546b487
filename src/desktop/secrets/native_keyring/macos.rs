//! The login keychain of macOS.
//!
//! Invariant: a secret does not leave this computer by iCloud.

use std::collections::HashMap;
use std::sync::Arc;

use apple_native_keyring_store::keychain::Store;
use keyring_core::{CredentialStore, Result};

pub(super) fn open() -> Result<Arc<CredentialStore>> {
    Ok(Store::new()?)
}

/// How an item is stored.
pub(super) fn modifiers() -> HashMap<&'static str, &'static str> {
    HashMap::new()
}
