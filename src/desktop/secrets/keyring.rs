//! Keeps the login in the desktop's keyring, whichever program that is.
//!
//! Invariant: a keyring that is locked, hangs or goes away ends in a problem in bounded time; a dialog is shown by
//! [`unlock`](KeyringSecrets::unlock) alone; and between two questions nothing is left open.
//!
//! The item is called `Handover login` and found by its attributes `application` = `handover`, `service` = `pushover`
//! and `folder`, the folder of this user's messages, so that a run in folders of its own has a login of its own:
//! `secret-tool lookup application handover`. It holds the JSON of the file.

use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use zbus::zvariant::OwnedObjectPath;

use super::Kept;
use super::kept;
use super::service::{Attributes, Service, Trouble};
use crate::domain::account::Credentials;
use crate::ports::{SecretFault, SecretProblem, SecretStore};

/// What a person sees in the keyring's own window.
const LABEL: &str = "Handover login";

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the bus or the keyring to answer a call.
    pub answer: Duration,
    /// For the user to unlock the keyring.
    pub user: Duration,
    /// Before another look at a keyring that may have opened without telling.
    pub recheck: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { answer: Duration::from_secs(5), user: Duration::from_mins(1), recheck: Duration::from_mins(1) }
    }
}

/// Keeps the login in the keyring of `org.freedesktop.secrets`.
#[derive(Debug)]
pub struct KeyringSecrets {
    address: Option<String>,
    attributes: Attributes,
    patience: Patience,
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
        Self::on_bus(None, folder, Patience::default())
    }

    /// The keyring on the bus at this address, in D-Bus syntax; `None` is the session bus of the environment.
    pub fn on_bus(address: Option<String>, folder: &Path, patience: Patience) -> Self {
        let attributes = Attributes::from([
            ("application", "handover".to_owned()),
            ("service", "pushover".to_owned()),
            ("folder", folder.display().to_string()),
        ]);
        Self { address, attributes, patience, outlook: AtomicU8::new(SHUT) }
    }

    /// Whether a login could be read and saved at this moment.
    pub async fn check(&self) -> Result<(), SecretProblem> {
        let checking = async { self.look(&self.connect().await?).await };
        checking.await.map_err(|trouble| problem("used", &trouble))
    }

    /// Whether a login is in it, which most keyrings tell even when they are locked.
    pub async fn holds_login(&self) -> Result<bool, SecretProblem> {
        let searching = async { self.connect().await?.search(&self.attributes).await };
        let found = searching.await.map_err(|trouble| problem("found", &trouble))?;
        Ok(!found.open.is_empty() || !found.locked.is_empty())
    }

    /// Forgets the login; an error when it should be there and cannot be seen.
    pub(super) async fn remove(&self, must_be_there: bool) -> Result<(), SecretProblem> {
        self.try_remove(must_be_there).await.map_err(|trouble| problem("removed", &trouble))
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
        read.map_err(|trouble| problem("read", &trouble))
    }

    async fn try_read(&self) -> Result<Option<Kept>, Trouble> {
        let service = self.connect().await?;
        self.open(&service).await?;
        let found = service.search(&self.attributes).await?;
        let session = service.open_session().await?;
        let mut times = Vec::new();
        for item in &found.open {
            times.push((service.modified(item).await?, item));
        }
        let Some((saved, item)) = times.into_iter().max_by_key(|(saved, _)| *saved) else { return Ok(None) };
        let json = service.secret(item, &session).await?;
        let credentials = kept::from_json(&json).map_err(|damage| Trouble::Damaged(damage.to_string()))?;
        Ok(Some(Kept { credentials, saved }))
    }

    async fn try_save(&self, credentials: &Credentials) -> Result<(), Trouble> {
        let json = kept::to_json(credentials).map_err(|error| Trouble::Damaged(error.to_string()))?;
        let service = self.connect().await?;
        let before = service.search(&self.attributes).await?;
        let collection = service.default_collection().await?;
        if service.is_locked(&collection).await? && !service.unlock(std::slice::from_ref(&collection)).await?
        {
            return Err(Trouble::Locked);
        }
        let session = service.open_session().await?;
        let what = (LABEL, &self.attributes);
        let item = service.create(&collection, &session, what, json.expose()).await?;
        if service.secret(&item, &session).await? != json.expose().as_bytes() {
            return Err(Trouble::Forgetful);
        }
        // Only now those that lie elsewhere. One that stays does no harm: the one that was saved last counts.
        for old in before.open.iter().filter(|old| **old != item) {
            drop(service.delete(old).await);
        }
        Ok(())
    }

    async fn try_remove(&self, must_be_there: bool) -> Result<(), Trouble> {
        let service = self.connect().await?;
        let found = service.search(&self.attributes).await?;
        for item in &found.open {
            service.delete(item).await?;
        }
        if must_be_there && found.open.is_empty() {
            // It is hidden by a lock, or somebody else has removed it.
            return self.look(&service).await;
        }
        if found.locked.is_empty() { Ok(()) } else { Err(Trouble::Locked) }
    }

    async fn try_unlock(&self) -> Result<(), Trouble> {
        let service = self.connect().await?;
        let locked = self.locked(&service).await?;
        if locked.is_empty() {
            return Ok(());
        }
        service.ask_to_unlock(&locked, self.patience.user).await?;
        self.look(&service).await
    }

    /// Waits until the keyring is found open; an error when the bus is lost.
    async fn watch(&self) -> Result<(), Trouble> {
        let service = self.connect().await?;
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
                match self.look(&service).await {
                    Ok(()) => return Ok(()),
                    Err(trouble) => is_there = trouble != Trouble::NoKeyring,
                }
            }
            looks_now = true;
            if is_there {
                // It may open without telling.
                if let Ok(change) = timeout(self.patience.recheck, changes.next()).await {
                    change?;
                }
            } else {
                // When one comes, the bus tells.
                changes.next().await?;
            }
        }
    }

    /// Makes sure that what counts is open; a keyring without a password opens when it is asked to.
    async fn open(&self, service: &Service) -> Result<(), Trouble> {
        let locked = self.locked(service).await?;
        if locked.is_empty() || service.unlock(&locked).await? { Ok(()) } else { Err(Trouble::Locked) }
    }

    /// Whether what counts is open: the login, or where it would go.
    async fn look(&self, service: &Service) -> Result<(), Trouble> {
        if self.locked(service).await?.is_empty() { Ok(()) } else { Err(Trouble::Locked) }
    }

    /// What has to be unlocked before the login can be read, or saved. Some keyrings hide what they hold while
    /// they are locked, so without a login it is the place for new ones.
    async fn locked(&self, service: &Service) -> Result<Vec<OwnedObjectPath>, Trouble> {
        let found = service.search(&self.attributes).await?;
        if !found.open.is_empty() || !found.locked.is_empty() {
            return Ok(if found.open.is_empty() { found.locked } else { Vec::new() });
        }
        let collection = service.default_collection().await?;
        Ok(if service.is_locked(&collection).await? { vec![collection] } else { Vec::new() })
    }

    async fn connect(&self) -> Result<Service, Trouble> {
        Service::connect(self.address.as_deref(), self.patience.answer).await
    }
}

impl SecretStore for KeyringSecrets {
    async fn load(&self) -> Result<Option<Credentials>, SecretProblem> {
        Ok(self.read().await?.map(|stored| stored.credentials))
    }

    async fn save(&self, credentials: &Credentials) -> Result<(), SecretProblem> {
        self.try_save(credentials).await.map_err(|trouble| problem("saved", &trouble))
    }

    async fn forget(&self) -> Result<(), SecretProblem> {
        self.remove(false).await
    }

    async fn unlock(&self) -> Result<(), SecretProblem> {
        self.try_unlock().await.map_err(|trouble| problem("reached", &trouble))
    }

    async fn opened(&self) {
        if self.outlook.load(Ordering::Relaxed) == OPEN {
            return std::future::pending().await;
        }
        while self.watch().await.is_err() {
            sleep(self.patience.recheck).await;
        }
        self.outlook.store(SHUT_AGAIN, Ordering::Relaxed);
    }
}

/// What to tell the user.
fn problem(verb: &str, trouble: &Trouble) -> SecretProblem {
    let (fault, hint) = match trouble {
        Trouble::Locked | Trouble::StaysLocked(_) => {
            (SecretFault::Locked, "unlock the desktop's keyring, for example by logging in to the desktop")
        }
        Trouble::NoBus(_) | Trouble::NoKeyring => (
            SecretFault::Absent,
            "start the desktop's keyring, or set secret_store = \"file\" and sign in with `handover setup`",
        ),
        Trouble::NoCollection => (
            SecretFault::Absent,
            "make a default keyring, for example in Passwords and Keys, or set secret_store = \"file\"",
        ),
        Trouble::Silent | Trouble::SilentBus | Trouble::Gone => (
            SecretFault::Failed,
            "log in to the desktop again, which restarts the keyring, or set secret_store = \"file\"",
        ),
        Trouble::Refused(_) | Trouble::Nonsense | Trouble::Forgetful => {
            (SecretFault::Failed, "see to the desktop's keyring, or set secret_store = \"file\"")
        }
        Trouble::Damaged(_) => {
            (SecretFault::Failed, "sign in again with `handover setup`, which replaces it")
        }
    };
    SecretProblem { fault, message: format!("the login cannot be {verb}: {trouble}"), hint: hint.to_owned() }
}
