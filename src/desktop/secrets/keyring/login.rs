//! The items of the login, of the encryption key, and of the secrets for sending.
//!
//! Invariant: each has its own `service` attribute, since a search finds every item with at least the given attributes.
//!
//! The login is labelled `Handover login` and has the attributes `application` = `handover`, `service` = `pushover` and
//! `folder`, the folder of this user's messages, so that a run with other folders has another login:
//! `secret-tool lookup application handover service pushover`. Its content is the same JSON as in the file.

use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::error::KeyringError;
use super::item::{Item, Kind};
use super::timeouts::Timeouts;
use crate::desktop::secrets::stored_login::{self, StoredLogin};
use crate::domain::account::{Credentials, Secret};
use crate::domain::sending::SecretName;
use crate::ports::{SecretProblem, SecretStore};

const LOGIN: Kind = Kind {
    label: "Handover login",
    service: "pushover",
    content_type: "application/json",
    name: "the login",
    remedy: "sign in with `handover setup`",
    again: "sign in again with `handover setup`",
};

const KEY: Kind = Kind {
    label: "Handover encryption key",
    service: "pushover-encryption",
    content_type: "text/plain",
    name: "the encryption key",
    remedy: "run `handover setup --encryption-key`",
    again: "run `handover setup --encryption-key`",
};

/// What a secret beside the login is stored as.
fn kind_of(secret: &SecretName) -> Kind {
    let (label, service) = match secret {
        SecretName::EncryptionKey => return KEY,
        SecretName::UserKey => ("Handover user key", "pushover-user"),
        SecretName::Application(_) => ("Handover application token", "pushover-application"),
        SecretName::Recipient(_) => ("Handover recipient key", "pushover-recipient"),
        SecretName::HttpApi => ("Handover HTTP API token", "handover-http"),
        SecretName::Channel(_) => ("Handover channel token", "handover-channel"),
    };
    let (name, remedy) = (secret.what(), secret.remedy());
    Kind { label, service, content_type: "text/plain", name, remedy, again: remedy }
}

/// Stores the login in the keyring.
#[derive(Debug)]
pub struct KeyringSecrets {
    item: Item,
    readability: AtomicU8,
}

/// How soon to look for the bus and the keyring again after they were lost; each time takes twice as long as the one before.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The last load succeeded.
const READABLE: u8 = 0;
/// The last load failed, or there was none.
const UNREADABLE: u8 = 1;
/// The last load failed although the keyring was unlocked. It is tried again only after a change.
const UNREADABLE_UNTIL_CHANGE: u8 = 2;

impl KeyringSecrets {
    /// The keyring of the session, for the login that belongs to this folder.
    pub fn of_session(folder: &Path) -> Self {
        Self::on_bus(None, folder, Timeouts::default())
    }

    /// The keyring on the bus at this address, in D-Bus syntax; `None` is the session bus of the environment.
    pub fn on_bus(address: Option<String>, folder: &Path, timeouts: Timeouts) -> Self {
        let folder = folder.display().to_string();
        let item = Item { address, kind: LOGIN, name: None, folder, timeouts };
        Self { item, readability: AtomicU8::new(UNREADABLE) }
    }

    /// Another secret in the same keyring.
    pub(in crate::desktop::secrets) fn item(&self, name: &SecretName) -> KeyringKey {
        KeyringKey(Item { kind: kind_of(name), name: name.name().map(str::to_owned), ..self.item.clone() })
    }

    /// Whether a login could be read and saved now.
    pub async fn check(&self) -> Result<(), SecretProblem> {
        self.item.check().await.map_err(|error| self.item.problem("used", &error))
    }

    /// Whether it has a login, which most keyrings report even while they are locked.
    pub async fn holds_login(&self) -> Result<bool, SecretProblem> {
        self.item.exists().await.map_err(|error| self.item.problem("found", &error))
    }

    /// Removes the login. Fails if it must exist and is not found.
    pub(in crate::desktop::secrets) async fn remove(&self, must_exist: bool) -> Result<(), SecretProblem> {
        let removed = self.item.remove(must_exist).await;
        removed.map(drop).map_err(|error| self.item.problem("removed", &error))
    }

    /// The latest login.
    pub(in crate::desktop::secrets) async fn read(&self) -> Result<Option<StoredLogin>, SecretProblem> {
        let read = self.try_read().await;
        let readability = match (&read, self.readability.load(Ordering::Relaxed)) {
            (Ok(_), _) => READABLE,
            (Err(_), UNREADABLE_UNTIL_CHANGE) => UNREADABLE_UNTIL_CHANGE,
            (Err(_), _) => UNREADABLE,
        };
        self.readability.store(readability, Ordering::Relaxed);
        read.map_err(|error| self.item.problem("read", &error))
    }

    async fn try_read(&self) -> Result<Option<StoredLogin>, KeyringError> {
        let Some(found) = self.item.read().await? else { return Ok(None) };
        let credentials = stored_login::from_json(&found.bytes)
            .map_err(|damage| KeyringError::Damaged(damage.to_string()))?;
        Ok(Some(StoredLogin { credentials, saved: found.saved }))
    }

    async fn try_save(&self, credentials: &Credentials) -> Result<(), KeyringError> {
        let json =
            stored_login::to_json(credentials).map_err(|error| KeyringError::Damaged(error.to_string()))?;
        self.item.write(&json).await
    }

    /// Waits until the keyring is unlocked. Fails if the bus is lost.
    async fn wait_until_unlocked(&self) -> Result<(), KeyringError> {
        let service = self.item.connect().await?;
        let mut changes = service.changes().await?;
        let mut check_now = self.readability.load(Ordering::Relaxed) != UNREADABLE_UNTIL_CHANGE;
        // Only the first check may start the keyring; if it is stopped later, it is not started again.
        let mut may_start = true;
        loop {
            let mut is_running = true;
            if check_now {
                is_running = may_start || service.is_running().await?;
                may_start = false;
            }
            if check_now && is_running {
                match self.item.check_unlocked(&service).await {
                    Ok(()) => return Ok(()),
                    Err(error) => is_running = error != KeyringError::NotRunning,
                }
            }
            check_now = true;
            if is_running {
                // It may be unlocked without a signal.
                if let Ok(change) = timeout(self.item.timeouts.recheck, changes.next()).await {
                    change?;
                }
            } else {
                // The bus sends a signal when a keyring starts.
                changes.next().await?;
            }
        }
    }
}

impl SecretStore for KeyringSecrets {
    async fn load(&self) -> Result<Option<Credentials>, SecretProblem> {
        Ok(self.read().await?.map(|stored| stored.credentials))
    }

    async fn save(&self, credentials: &Credentials) -> Result<(), SecretProblem> {
        self.try_save(credentials).await.map_err(|error| self.item.problem("saved", &error))
    }

    async fn forget(&self) -> Result<(), SecretProblem> {
        self.remove(false).await
    }

    async fn unlock(&self) -> Result<(), SecretProblem> {
        self.item.unlock().await.map_err(|error| self.item.problem("reached", &error))
    }

    async fn wait_until_readable(&self) {
        if self.readability.load(Ordering::Relaxed) == READABLE {
            return std::future::pending().await;
        }
        // A bus that restarts, or a keyring that does, is back in seconds.
        let mut retry = FIRST_RETRY;
        while self.wait_until_unlocked().await.is_err() {
            sleep(retry.min(self.item.timeouts.recheck)).await;
            retry = retry.saturating_mul(2);
        }
        self.readability.store(UNREADABLE_UNTIL_CHANGE, Ordering::Relaxed);
    }
}

/// A secret beside the login in the keyring.
pub(in crate::desktop::secrets) struct KeyringKey(Item);

impl KeyringKey {
    pub(in crate::desktop::secrets) async fn read(&self) -> Result<Option<Secret>, SecretProblem> {
        let read = async {
            let Some(found) = self.0.read().await? else { return Ok(None) };
            let text = str::from_utf8(&found.bytes);
            text.map(|text| Some(Secret::new(text)))
                .map_err(|_not_text| KeyringError::Damaged("it is not text".to_owned()))
        };
        read.await.map_err(|error| self.0.problem("read", &error))
    }

    pub(in crate::desktop::secrets) async fn save(&self, key: &Secret) -> Result<(), SecretProblem> {
        self.0.write(key).await.map_err(|error| self.0.problem("saved", &error))
    }

    /// Whether there was one.
    pub(in crate::desktop::secrets) async fn remove(&self, must_exist: bool) -> Result<bool, SecretProblem> {
        self.0.remove(must_exist).await.map_err(|error| self.0.problem("removed", &error))
    }

    pub(in crate::desktop::secrets) async fn exists(&self) -> Result<bool, SecretProblem> {
        self.0.exists().await.map_err(|error| self.0.problem("found", &error))
    }
}
