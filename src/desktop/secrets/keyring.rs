//! Keeps the login in the desktop's keyring, whichever program that is.
//!
//! Invariant: a keyring that is locked, hangs or goes away ends in a problem in bounded time; a dialog is shown by
//! [`unlock`](KeyringSecrets::unlock) alone; and between two questions nothing is left open.
//!
//! The item is called `Handover login` and found by its attributes `application` = `handover`, `service` = `pushover`
//! and `folder`, the folder of this user's messages, so that a run in folders of its own has a login of its own:
//! `secret-tool lookup application handover service pushover`. It holds the JSON of the file.

use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Kept;
use super::item::{Item, Kind};
use super::kept;
use super::service::Issue;
use crate::domain::account::{Credentials, Secret};
use crate::ports::{SecretProblem, SecretStore};

const LOGIN: Kind = Kind {
    label: "Handover login",
    service: "pushover",
    content_type: "application/json",
    name: "the login",
    remedy: "sign in with `handover setup`",
    again: "sign in again with `handover setup`",
};

/// A search for the login finds every item that has its attributes and more, so the key's `service` is another.
const KEY: Kind = Kind {
    label: "Handover encryption key",
    service: "pushover-encryption",
    content_type: "text/plain",
    name: "the encryption key",
    remedy: "run `handover setup --encryption-key`",
    again: "run `handover setup --encryption-key`",
};

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct WaitBudget {
    /// For the bus or the keyring to answer a call.
    pub answer: Duration,
    /// For the user to unlock the keyring.
    pub user: Duration,
    /// Before another look at a keyring that may have opened without telling.
    pub recheck: Duration,
}

impl Default for WaitBudget {
    fn default() -> Self {
        Self { answer: Duration::from_secs(5), user: Duration::from_mins(1), recheck: Duration::from_mins(1) }
    }
}

/// Keeps the login in the keyring of `org.freedesktop.secrets`.
#[derive(Debug)]
pub struct KeyringSecrets {
    item: Item,
    outlook: AtomicU8,
}

/// The last load found the login, or that there is none.
const OPEN: u8 = 0;
/// It did not, or there was none yet.
const SHUT: u8 = 1;
/// It did not, although the keyring had opened: it is looked at again only after a change.
const SHUT_AGAIN: u8 = 2;

impl KeyringSecrets {
    /// The keyring of the session, for the login that belongs to this folder.
    pub fn of_session(folder: &Path) -> Self {
        Self::on_bus(None, folder, WaitBudget::default())
    }

    /// The keyring on the bus at this address, in D-Bus syntax; `None` is the session bus of the environment.
    pub fn on_bus(address: Option<String>, folder: &Path, patience: WaitBudget) -> Self {
        let item = Item { address, kind: LOGIN, folder: folder.display().to_string(), patience };
        Self { item, outlook: AtomicU8::new(SHUT) }
    }

    /// The same keyring's place for the key of end-to-end encryption.
    pub(super) fn for_key(&self) -> KeyringKey {
        KeyringKey(Item { kind: KEY, ..self.item.clone() })
    }

    /// Whether a login could be read and saved at this moment.
    pub async fn check(&self) -> Result<(), SecretProblem> {
        self.item.check().await.map_err(|issue| self.item.problem("used", &issue))
    }

    /// Whether a login is in it, which most keyrings tell even when they are locked.
    pub async fn holds_login(&self) -> Result<bool, SecretProblem> {
        self.item.is_there().await.map_err(|issue| self.item.problem("found", &issue))
    }

    /// Forgets the login; an error when it should be there and cannot be seen.
    pub(super) async fn remove(&self, must_be_there: bool) -> Result<(), SecretProblem> {
        let removed = self.item.remove(must_be_there).await;
        removed.map(drop).map_err(|issue| self.item.problem("removed", &issue))
    }

    /// The login that was saved last.
    pub(super) async fn read(&self) -> Result<Option<Kept>, SecretProblem> {
        let read = self.try_read().await;
        let outlook = match (&read, self.outlook.load(Ordering::Relaxed)) {
            (Ok(_), _) => OPEN,
            (Err(_), SHUT_AGAIN) => SHUT_AGAIN,
            (Err(_), _) => SHUT,
        };
        self.outlook.store(outlook, Ordering::Relaxed);
        read.map_err(|issue| self.item.problem("read", &issue))
    }

    async fn try_read(&self) -> Result<Option<Kept>, Issue> {
        let Some(found) = self.item.read().await? else { return Ok(None) };
        let credentials =
            kept::from_json(&found.bytes).map_err(|damage| Issue::Damaged(damage.to_string()))?;
        Ok(Some(Kept { credentials, saved: found.saved }))
    }

    async fn try_save(&self, credentials: &Credentials) -> Result<(), Issue> {
        let json = kept::to_json(credentials).map_err(|error| Issue::Damaged(error.to_string()))?;
        self.item.write(&json).await
    }

    /// Waits until the keyring is found open; an error when the bus is lost.
    async fn watch(&self) -> Result<(), Issue> {
        let service = self.item.connect().await?;
        let mut changes = service.changes().await?;
        let mut looks_now = self.outlook.load(Ordering::Relaxed) != SHUT_AGAIN;
        // The first look may start the keyring; after that, one that was stopped is left alone.
        let mut may_start = true;
        loop {
            let mut is_there = true;
            if looks_now {
                is_there = may_start || service.is_running().await?;
                may_start = false;
            }
            if looks_now && is_there {
                match self.item.look(&service).await {
                    Ok(()) => return Ok(()),
                    Err(issue) => is_there = issue != Issue::NoKeyring,
                }
            }
            looks_now = true;
            if is_there {
                // It may open without telling.
                if let Ok(change) = timeout(self.item.patience.recheck, changes.next()).await {
                    change?;
                }
            } else {
                // When one comes, the bus tells.
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
        self.try_save(credentials).await.map_err(|issue| self.item.problem("saved", &issue))
    }

    async fn forget(&self) -> Result<(), SecretProblem> {
        self.remove(false).await
    }

    async fn unlock(&self) -> Result<(), SecretProblem> {
        self.item.unlock().await.map_err(|issue| self.item.problem("reached", &issue))
    }

    async fn wait_until_readable(&self) {
        if self.outlook.load(Ordering::Relaxed) == OPEN {
            return std::future::pending().await;
        }
        while self.watch().await.is_err() {
            sleep(self.item.patience.recheck).await;
        }
        self.outlook.store(SHUT_AGAIN, Ordering::Relaxed);
    }
}

/// The key of end-to-end encryption in the keyring.
pub(super) struct KeyringKey(Item);

impl KeyringKey {
    pub(super) async fn read(&self) -> Result<Option<Secret>, SecretProblem> {
        let read = async {
            let Some(found) = self.0.read().await? else { return Ok(None) };
            let text = String::from_utf8(found.bytes);
            text.map(|text| Some(Secret::new(text)))
                .map_err(|_no_text| Issue::Damaged("it is no text".to_owned()))
        };
        read.await.map_err(|issue| self.0.problem("read", &issue))
    }

    pub(super) async fn save(&self, key: &Secret) -> Result<(), SecretProblem> {
        self.0.write(key).await.map_err(|issue| self.0.problem("saved", &issue))
    }

    /// Whether there was one.
    pub(super) async fn remove(&self, must_be_there: bool) -> Result<bool, SecretProblem> {
        self.0.remove(must_be_there).await.map_err(|issue| self.0.problem("removed", &issue))
    }

    pub(super) async fn is_there(&self) -> Result<bool, SecretProblem> {
        self.0.is_there().await.map_err(|issue| self.0.problem("found", &issue))
    }
}
