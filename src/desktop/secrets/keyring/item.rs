//! Reads and writes one item in the desktop's keyring.
//!
//! Invariant: only [`unlock`](Item::unlock) shows a dialog, and no connection stays open between two calls.

use secrecy::zeroize::Zeroizing;
use zbus::zvariant::OwnedObjectPath;

use super::error::KeyringError;
use super::service::{Attributes, Service};
use super::timeouts::Timeouts;
use crate::domain::account::Secret;
use crate::ports::{SecretProblem, SecretProblemKind};

/// What an item contains, and how it is found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// The label in the keyring's own window.
    pub(super) label: &'static str,
    /// The attribute that distinguishes it from other items of this program.
    pub(super) service: &'static str,
    /// The media type of its content.
    pub(super) content_type: &'static str,
    /// Its name in a sentence: "the login".
    pub(super) name: &'static str,
    /// How to create it: "sign in with `handover setup`".
    pub(super) remedy: &'static str,
    /// How to create it again.
    pub(super) again: &'static str,
}

/// An item, which need not exist.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The bus, in D-Bus syntax; `None` is the session bus of the environment.
    pub(super) address: Option<String>,
    pub(super) kind: Kind,
    /// What distinguishes it from others of its kind.
    pub(super) name: Option<String>,
    /// The folder of the messages that it belongs to.
    pub(super) folder: String,
    pub(super) timeouts: Timeouts,
}

/// The content of an item.
pub(super) struct Content {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// When it was written, unix seconds.
    pub(super) saved: u64,
}

impl Item {
    /// The latest content.
    pub(super) async fn read(&self) -> Result<Option<Content>, KeyringError> {
        let service = self.connect().await?;
        self.unlock_silently(&service).await?;
        let found = service.search(&self.attributes()).await?;
        let session = service.open_session().await?;
        let mut times = Vec::new();
        for item in &found.unlocked {
            times.push((service.modified(item).await?, item));
        }
        let Some((saved, item)) = times.into_iter().max_by_key(|(saved, _)| *saved) else { return Ok(None) };
        Ok(Some(Content { bytes: service.secret(item, &session).await?, saved }))
    }

    /// Replaces its content.
    pub(super) async fn write(&self, secret: &Secret) -> Result<(), KeyringError> {
        let service = self.connect().await?;
        let attributes = self.attributes();
        let before = service.search(&attributes).await?;
        let collection = service.default_collection().await?;
        if service.is_locked(&collection).await? && !service.unlock(std::slice::from_ref(&collection)).await?
        {
            return Err(KeyringError::Locked);
        }
        let session = service.open_session().await?;
        let what = (self.kind.label, &attributes);
        let text = (secret.expose(), self.kind.content_type);
        let item = service.create(&collection, &session, what, text).await?;
        if *service.secret(&item, &session).await? != secret.expose().as_bytes() {
            return Err(KeyringError::NotStored);
        }
        // Old items in other collections are removed last. If one stays, it does no harm, because the latest is used.
        for old in before.unlocked.iter().filter(|old| **old != item) {
            drop(service.delete(old).await);
        }
        Ok(())
    }

    /// Removes it; returns whether there was one. Fails if it must exist and is not found.
    pub(super) async fn remove(&self, must_exist: bool) -> Result<bool, KeyringError> {
        let service = self.connect().await?;
        let found = service.search(&self.attributes()).await?;
        for item in &found.unlocked {
            service.delete(item).await?;
        }
        if must_exist && found.unlocked.is_empty() {
            // A locked keyring may hide it, or another program may have removed it.
            return self.check_unlocked(&service).await.map(|()| false);
        }
        if found.locked.is_empty() { Ok(!found.unlocked.is_empty()) } else { Err(KeyringError::Locked) }
    }

    /// Whether it exists, which most keyrings report even while they are locked.
    pub(super) async fn exists(&self) -> Result<bool, KeyringError> {
        let found = self.connect().await?.search(&self.attributes()).await?;
        Ok(!found.unlocked.is_empty() || !found.locked.is_empty())
    }

    /// Whether it could be read and saved now.
    pub(super) async fn check(&self) -> Result<(), KeyringError> {
        self.check_unlocked(&self.connect().await?).await
    }

    /// Asks the user to unlock the keyring if necessary, and waits for a limited time.
    pub(super) async fn unlock(&self) -> Result<(), KeyringError> {
        let service = self.connect().await?;
        let locked = self.locked(&service).await?;
        if locked.is_empty() {
            return Ok(());
        }
        service.ask_to_unlock(&locked, self.timeouts.user).await?;
        self.check_unlocked(&service).await
    }

    /// Unlocks the keyring, if that needs no password.
    async fn unlock_silently(&self, service: &Service) -> Result<(), KeyringError> {
        let locked = self.locked(service).await?;
        if locked.is_empty() || service.unlock(&locked).await? { Ok(()) } else { Err(KeyringError::Locked) }
    }

    /// Whether the item, or else the collection of new items, is unlocked.
    pub(super) async fn check_unlocked(&self, service: &Service) -> Result<(), KeyringError> {
        if self.locked(service).await?.is_empty() { Ok(()) } else { Err(KeyringError::Locked) }
    }

    /// The objects to unlock before the item can be read or saved. Some keyrings hide their items while they are
    /// locked, so if no item is found, this is the collection of new items.
    async fn locked(&self, service: &Service) -> Result<Vec<OwnedObjectPath>, KeyringError> {
        let found = service.search(&self.attributes()).await?;
        if !found.unlocked.is_empty() || !found.locked.is_empty() {
            return Ok(if found.unlocked.is_empty() { found.locked } else { Vec::new() });
        }
        let collection = service.default_collection().await?;
        Ok(if service.is_locked(&collection).await? { vec![collection] } else { Vec::new() })
    }

    /// A connection to the bus, for a few calls.
    pub(super) async fn connect(&self) -> Result<Service, KeyringError> {
        Service::connect(self.address.as_deref(), self.timeouts.reply).await
    }

    fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::from([
            ("application", "handover".to_owned()),
            ("service", self.kind.service.to_owned()),
            ("folder", self.folder.clone()),
        ]);
        attributes.extend(self.name.clone().map(|name| ("name", name)));
        attributes
    }

    /// The problem for the user.
    pub(super) fn problem(&self, verb: &str, error: &KeyringError) -> SecretProblem {
        let Kind { name, remedy, .. } = self.kind;
        let file = "set secret_store = \"file\"";
        let (kind, hint) = match error {
            KeyringError::Locked | KeyringError::StaysLocked(_) => (
                SecretProblemKind::Locked,
                "unlock the desktop's keyring, for example by logging in to the desktop".to_owned(),
            ),
            KeyringError::NoBus(_) | KeyringError::NotRunning => (
                SecretProblemKind::Unavailable,
                format!("start the desktop's keyring, or {file} and {remedy}"),
            ),
            KeyringError::NoCollection => (
                SecretProblemKind::Unavailable,
                format!("create a default keyring, for example in Passwords and Keys, or {file}"),
            ),
            KeyringError::TimedOut | KeyringError::BusTimedOut(_) | KeyringError::Disconnected => (
                SecretProblemKind::Failed,
                format!("log in to the desktop again, which restarts the keyring, or {file}"),
            ),
            KeyringError::Refused(_) | KeyringError::MalformedReply | KeyringError::NotStored => {
                (SecretProblemKind::Failed, format!("check the desktop's keyring, or {file}"))
            }
            KeyringError::Damaged(_) => {
                (SecretProblemKind::Failed, format!("{}, which replaces it", self.kind.again))
            }
        };
        SecretProblem { kind, message: format!("{name} cannot be {verb}: {error}"), hint }
    }
}
