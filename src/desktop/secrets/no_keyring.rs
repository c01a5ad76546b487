//! Stands in for the keyring on systems for which none is supported.
//!
//! Invariant: every call reports that there is none.

use std::future::pending;
use std::path::Path;

use super::stored_login::StoredLogin;
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
        Err(unavailable("used"))
    }

    /// Never.
    #[expect(clippy::unused_async, reason = "it takes time where there is a keyring")]
    pub async fn holds_login(&self) -> Result<bool, SecretProblem> {
        Err(unavailable("found"))
    }

    pub(super) fn encryption_key_item(&self) -> KeyringKey {
        KeyringKey
    }

    #[expect(clippy::unused_async, reason = "it takes time where there is a keyring")]
    pub(super) async fn remove(&self, _must_exist: bool) -> Result<(), SecretProblem> {
        Err(unavailable("removed"))
    }

    #[expect(clippy::unused_async, reason = "it takes time where there is a keyring")]
    pub(super) async fn read(&self) -> Result<Option<StoredLogin>, SecretProblem> {
        Err(unavailable("read"))
    }
}

/// No key either.
pub(super) struct KeyringKey;

#[expect(clippy::unused_async, reason = "it takes time where there is a keyring")]
impl KeyringKey {
    pub(super) async fn read(&self) -> Result<Option<Secret>, SecretProblem> {
        Err(unavailable("read"))
    }

    pub(super) async fn save(&self, _key: &Secret) -> Result<(), SecretProblem> {
        Err(unavailable("saved"))
    }

    pub(super) async fn remove(&self, _must_exist: bool) -> Result<bool, SecretProblem> {
        Err(unavailable("removed"))
    }

    pub(super) async fn exists(&self) -> Result<bool, SecretProblem> {
        Err(unavailable("found"))
    }
}

impl SecretStore for KeyringSecrets {
    async fn load(&self) -> Result<Option<Credentials>, SecretProblem> {
        Err(unavailable("read"))
    }

    async fn save(&self, _credentials: &Credentials) -> Result<(), SecretProblem> {
        Err(unavailable("saved"))
    }

    async fn forget(&self) -> Result<(), SecretProblem> {
        Err(unavailable("removed"))
    }

    async fn unlock(&self) -> Result<(), SecretProblem> {
        Err(unavailable("reached"))
    }

    async fn wait_until_readable(&self) {
        pending().await;
    }
}

fn unavailable(verb: &str) -> SecretProblem {
    SecretProblem {
        kind: SecretProblemKind::Unavailable,
        message: format!("the login cannot be {verb}: there is no keyring on this system yet"),
        hint: "set secret_store = \"file\"".to_owned(),
    }
}
