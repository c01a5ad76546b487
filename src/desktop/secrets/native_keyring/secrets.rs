//! The items of the login and of the encryption key.
//!
//! Invariant: the content of the login is the same JSON as in the file.

use std::future::pending;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use super::item::{Item, Kind};
use crate::desktop::secrets::stored_login::{self, StoredLogin};
use crate::domain::account::{Credentials, Secret};
use crate::domain::sending::SecretName;
use crate::ports::{SecretProblem, SecretStore};

const LOGIN: Kind =
    Kind { label: "Handover login", name: "the login", again: "sign in again with `handover setup`" };

const KEY: Kind = Kind {
    label: "Handover encryption key",
    name: "the encryption key",
    again: "run `handover setup --encryption-key`",
};

/// The time between two checks of a keyring that could not be read: the system does not report that it was unlocked.
const RECHECK: Duration = Duration::from_mins(1);

/// Stores the login in the keyring.
#[derive(Debug)]
pub struct KeyringSecrets {
    item: Item,
    is_readable: AtomicBool,
}

impl KeyringSecrets {
    /// The keyring of this user, with the login for the messages in this folder.
    pub fn of_session(folder: &Path) -> Self {
        Self { item: Item::new(LOGIN, folder.display().to_string()), is_readable: AtomicBool::new(false) }
    }

    /// The encryption key in the same keyring.
    pub(in crate::desktop::secrets) fn item(&self, name: &SecretName) -> KeyringKey {
        let label = match name {
            SecretName::EncryptionKey => return KeyringKey(self.item.beside(KEY)),
            SecretName::UserKey => "Handover user key",
            SecretName::Application(_) => "Handover application token",
            SecretName::Recipient(_) => "Handover recipient key",
            SecretName::HttpApi => "Handover HTTP API token",
            SecretName::Channel(_) => "Handover channel token",
        };
        let kind = Kind { label, name: name.what(), again: name.remedy() };
        KeyringKey(self.item.beside_named(kind, name.name().unwrap_or_default()))
    }

    /// Whether a login could be read and saved now.
    pub async fn check(&self) -> Result<(), SecretProblem> {
        self.item.exists().await.map(drop)
    }

    /// Whether it has a login.
    pub async fn holds_login(&self) -> Result<bool, SecretProblem> {
        self.item.exists().await
    }

    /// Removes the login.
    pub(in crate::desktop::secrets) async fn remove(&self, _must_exist: bool) -> Result<(), SecretProblem> {
        self.item.remove().await.map(drop)
    }

    /// The login that was saved last.
    pub(in crate::desktop::secrets) async fn read(&self) -> Result<Option<StoredLogin>, SecretProblem> {
        let read = self.try_read().await;
        self.is_readable.store(read.is_ok(), Ordering::Relaxed);
        read
    }

    async fn try_read(&self) -> Result<Option<StoredLogin>, SecretProblem> {
        let Some(found) = self.item.read().await? else { return Ok(None) };
        let credentials =
            stored_login::from_json(&found.bytes).map_err(|damage| self.item.damaged(&damage.to_string()))?;
        Ok(Some(StoredLogin { credentials, saved: found.saved }))
    }
}

impl SecretStore for KeyringSecrets {
    async fn load(&self) -> Result<Option<Credentials>, SecretProblem> {
        Ok(self.read().await?.map(|stored| stored.credentials))
    }

    async fn save(&self, credentials: &Credentials) -> Result<(), SecretProblem> {
        let json =
            stored_login::to_json(credentials).map_err(|error| self.item.damaged(&error.to_string()))?;
        self.item.write(&json).await
    }

    async fn forget(&self) -> Result<(), SecretProblem> {
        self.remove(false).await
    }

    /// The system asks the user whenever it has to.
    async fn unlock(&self) -> Result<(), SecretProblem> {
        self.check().await
    }

    async fn wait_until_readable(&self) {
        if self.is_readable.load(Ordering::Relaxed) {
            return pending().await;
        }
        loop {
            sleep(RECHECK).await;
            if self.check().await.is_ok() {
                return;
            }
        }
    }
}

/// The end-to-end encryption key in the keyring.
pub(in crate::desktop::secrets) struct KeyringKey(Item);

impl KeyringKey {
    pub(in crate::desktop::secrets) async fn read(&self) -> Result<Option<Secret>, SecretProblem> {
        let Some(found) = self.0.read().await? else { return Ok(None) };
        let text = String::from_utf8(found.bytes);
        text.map(|text| Some(Secret::new(text))).map_err(|_not_text| self.0.damaged("it is not text"))
    }

    pub(in crate::desktop::secrets) async fn save(&self, key: &Secret) -> Result<(), SecretProblem> {
        self.0.write(key).await
    }

    /// Whether there was one.
    pub(in crate::desktop::secrets) async fn remove(&self, _must_exist: bool) -> Result<bool, SecretProblem> {
        self.0.remove().await
    }

    pub(in crate::desktop::secrets) async fn exists(&self) -> Result<bool, SecretProblem> {
        self.0.exists().await
    }
}
