//! One item in the keyring of the desktop.
//!
//! Invariant: a keyring that is locked, hangs or goes away ends in a issue in bounded time; a dialog is shown by
//! [`unlock`](Item::unlock) alone; and between two questions nothing is left open.

use zbus::zvariant::OwnedObjectPath;

use super::service::{Attributes, Issue, Service};
use crate::desktop::secrets::keyring::WaitBudget;
use crate::domain::account::Secret;
use crate::ports::{SecretProblem, SecretProblemKind};

/// What an item is, for whoever looks for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// What a person sees in the keyring's own window.
    pub(super) label: &'static str,
    /// What tells it from other items of this program.
    pub(super) service: &'static str,
    /// What it holds, for the keyring.
    pub(super) content_type: &'static str,
    /// What it is called in a sentence: "the login".
    pub(super) name: &'static str,
    /// How to make it: "sign in with `handover setup`".
    pub(super) remedy: &'static str,
    /// How to make it anew.
    pub(super) again: &'static str,
}

/// An item, there or not.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The bus, in D-Bus syntax; `None` is the session bus of the environment.
    pub(super) address: Option<String>,
    pub(super) kind: Kind,
    /// The folder of the messages that it belongs to.
    pub(super) folder: String,
    pub(super) patience: WaitBudget,
}

/// What an item holds.
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    /// When it was written, unix seconds.
    pub(super) saved: u64,
}

impl Item {
    /// What was saved last.
    pub(super) async fn read(&self) -> Result<Option<Content>, Issue> {
        let service = self.connect().await?;
        self.open(&service).await?;
        let found = service.search(&self.attributes()).await?;
        let session = service.open_session().await?;
        let mut times = Vec::new();
        for item in &found.open {
            times.push((service.modified(item).await?, item));
        }
        let Some((saved, item)) = times.into_iter().max_by_key(|(saved, _)| *saved) else { return Ok(None) };
        Ok(Some(Content { bytes: service.secret(item, &session).await?, saved }))
    }

    /// Saves it in place of what there was.
    pub(super) async fn write(&self, secret: &Secret) -> Result<(), Issue> {
        let service = self.connect().await?;
        let attributes = self.attributes();
        let before = service.search(&attributes).await?;
        let collection = service.default_collection().await?;
        if service.is_locked(&collection).await? && !service.unlock(std::slice::from_ref(&collection)).await?
        {
            return Err(Issue::Locked);
        }
        let session = service.open_session().await?;
        let what = (self.kind.label, &attributes);
        let text = (secret.expose(), self.kind.content_type);
        let item = service.create(&collection, &session, what, text).await?;
        if service.secret(&item, &session).await? != secret.expose().as_bytes() {
            return Err(Issue::Forgetful);
        }
        // Only now those that lie elsewhere. One that stays does no harm: the one that was saved last counts.
        for old in before.open.iter().filter(|old| **old != item) {
            drop(service.delete(old).await);
        }
        Ok(())
    }

    /// Removes it; whether there was one. An error when it should be there and cannot be seen.
    pub(super) async fn remove(&self, must_be_there: bool) -> Result<bool, Issue> {
        let service = self.connect().await?;
        let found = service.search(&self.attributes()).await?;
        for item in &found.open {
            service.delete(item).await?;
        }
        if must_be_there && found.open.is_empty() {
            // It is hidden by a lock, or somebody else has removed it.
            return self.look(&service).await.map(|()| false);
        }
        if found.locked.is_empty() { Ok(!found.open.is_empty()) } else { Err(Issue::Locked) }
    }

    /// Whether it is there, which most keyrings tell even when they are locked.
    pub(super) async fn is_there(&self) -> Result<bool, Issue> {
        let found = self.connect().await?.search(&self.attributes()).await?;
        Ok(!found.open.is_empty() || !found.locked.is_empty())
    }

    /// Whether it could be read and saved at this moment.
    pub(super) async fn check(&self) -> Result<(), Issue> {
        self.look(&self.connect().await?).await
    }

    /// Asks the user to open what has to be open, and waits for them, but not without end.
    pub(super) async fn unlock(&self) -> Result<(), Issue> {
        let service = self.connect().await?;
        let locked = self.locked(&service).await?;
        if locked.is_empty() {
            return Ok(());
        }
        service.ask_to_unlock(&locked, self.patience.user).await?;
        self.look(&service).await
    }

    /// Makes sure that what counts is open; a keyring without a password opens when it is asked to.
    async fn open(&self, service: &Service) -> Result<(), Issue> {
        let locked = self.locked(service).await?;
        if locked.is_empty() || service.unlock(&locked).await? { Ok(()) } else { Err(Issue::Locked) }
    }

    /// Whether what counts is open: the item, or where it would go.
    pub(super) async fn look(&self, service: &Service) -> Result<(), Issue> {
        if self.locked(service).await?.is_empty() { Ok(()) } else { Err(Issue::Locked) }
    }

    /// What has to be unlocked before it can be read, or saved. Some keyrings hide what they hold while
    /// they are locked, so without an item it is the place for new ones.
    async fn locked(&self, service: &Service) -> Result<Vec<OwnedObjectPath>, Issue> {
        let found = service.search(&self.attributes()).await?;
        if !found.open.is_empty() || !found.locked.is_empty() {
            return Ok(if found.open.is_empty() { found.locked } else { Vec::new() });
        }
        let collection = service.default_collection().await?;
        Ok(if service.is_locked(&collection).await? { vec![collection] } else { Vec::new() })
    }

    /// A connection to the bus, for a while.
    pub(super) async fn connect(&self) -> Result<Service, Issue> {
        Service::connect(self.address.as_deref(), self.patience.answer).await
    }

    fn attributes(&self) -> Attributes {
        Attributes::from([
            ("application", "handover".to_owned()),
            ("service", self.kind.service.to_owned()),
            ("folder", self.folder.clone()),
        ])
    }

    /// What to tell the user.
    pub(super) fn problem(&self, verb: &str, issue: &Issue) -> SecretProblem {
        let Kind { name, remedy, .. } = self.kind;
        let file = "set secret_store = \"file\"";
        let (kind, hint) = match issue {
            Issue::Locked | Issue::StaysLocked(_) => (
                SecretProblemKind::Locked,
                "unlock the desktop's keyring, for example by logging in to the desktop".to_owned(),
            ),
            Issue::NoBus(_) | Issue::NoKeyring => (
                SecretProblemKind::Unavailable,
                format!("start the desktop's keyring, or {file} and {remedy}"),
            ),
            Issue::NoCollection => (
                SecretProblemKind::Unavailable,
                format!("make a default keyring, for example in Passwords and Keys, or {file}"),
            ),
            Issue::Silent | Issue::SilentBus | Issue::Gone => (
                SecretProblemKind::Failed,
                format!("log in to the desktop again, which restarts the keyring, or {file}"),
            ),
            Issue::Refused(_) | Issue::Nonsense | Issue::Forgetful => {
                (SecretProblemKind::Failed, format!("see to the desktop's keyring, or {file}"))
            }
            Issue::Damaged(_) => {
                (SecretProblemKind::Failed, format!("{}, which replaces it", self.kind.again))
            }
        };
        SecretProblem { kind, message: format!("{name} cannot be {verb}: {issue}"), hint }
    }
}
