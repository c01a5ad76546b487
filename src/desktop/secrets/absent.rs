//! Stands in for the keyring on systems where this program knows none.
//!
//! Invariant: it says that there is none, and holds nothing.

use std::future::pending;
use std::path::Path;

use super::Kept;
use crate::domain::account::{Credentials, Secret};
use crate::ports::{SecretProblem, SecretProblemKind, SecretStore};

/// No keyring.
#[derive(Debug)]
pub struct KeyringSecrets;

impl KeyringSecrets {
    /// None.
    pub fn of_session(_folder: &Path) -> Self {
        Self
    }

    /// Always a problem.
    #[expect(clippy::unused_async, reason = "it takes time where there is a keyring")]
    pub async fn check(&self) -> Result<(), SecretProblem> {
        Err(absent("used"))
    }

    /// Never.
    #[expect(clippy::unused_async, reason = "it takes time where there is a keyring")]
    pub async fn holds_login(&self) -> Result<bool, SecretProblem> {
        Err(absent("found"))
    }

    pub(super) fn for_key(&self) -> KeyringKey {
        KeyringKey
    }

    #[expect(clippy::unused_async, reason = "it takes time where there is a keyring")]
    pub(super) async fn remove(&self, _must_be_there: bool) -> Result<(), SecretProblem> {
        Err(absent("removed"))
    }

    #[expect(clippy::unused_async, reason = "it takes time where there is a keyring")]
    pub(super) async fn read(&self) -> Result<Option<Kept>, SecretProblem> {
        Err(absent("read"))
    }
}

/// No place for a key.
pub(super) struct KeyringKey;

#[expect(clippy::unused_async, reason = "it takes time where there is a keyring")]
impl KeyringKey {
    pub(super) async fn read(&self) -> Result<Option<Secret>, SecretProblem> {
        Err(absent("read"))
    }

    pub(super) async fn save(&self, _key: &Secret) -> Result<(), SecretProblem> {
        Err(absent("saved"))
    }

    pub(super) async fn remove(&self, _must_be_there: bool) -> Result<bool, SecretProblem> {
        Err(absent("removed"))
    }

    pub(super) async fn is_there(&self) -> Result<bool, SecretProblem> {
        Err(absent("found"))
    }
}

impl SecretStore for KeyringSecrets {
    async fn load(&self) -> Result<Option<Credentials>, SecretProblem> {
        Err(absent("read"))
    }

    async fn save(&self, _credentials: &Credentials) -> Result<(), SecretProblem> {
        Err(absent("saved"))
    }

    async fn forget(&self) -> Result<(), SecretProblem> {
        Err(absent("removed"))
    }

    async fn unlock(&self) -> Result<(), SecretProblem> {
        Err(absent("reached"))
    }

    async fn wait_until_readable(&self) {
        pending().await;
    }
}

fn absent(verb: &str) -> SecretProblem {
    SecretProblem {
        kind: SecretProblemKind::Unavailable,
        message: format!("the login cannot be {verb}: there is no keyring on this system yet"),
        hint: "set secret_store = \"file\"".to_owned(),
    }
}
