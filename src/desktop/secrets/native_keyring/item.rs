//! One item in the keyring of the system.
//!
//! Invariant: what was saved was read back.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error};
use tokio::time::timeout;

use super::system;
use crate::domain::account::Secret;
use crate::ports::{SecretProblem, SecretProblemKind};
use crate::system::clock;
use crate::system::off_thread::off_thread;

/// How long the keyring may take; the system may ask the user for permission meanwhile.
pub(super) const TIMEOUT: Duration = Duration::from_mins(1);

/// What an item contains.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// Its label in the system's own window, which distinguishes it from other items of this program.
    pub(super) label: &'static str,
    /// Its name in a sentence: "the login".
    pub(super) name: &'static str,
    /// How to create it again.
    pub(super) again: &'static str,
}

/// An item, which need not exist.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) kind: Kind,
    /// The folder of the messages that it belongs to.
    folder: String,
    keyring: Keyring,
}

/// A keyring, and how items are stored in it.
#[derive(Clone, Copy)]
pub(super) struct Keyring {
    pub(super) open: fn() -> keyring_core::Result<Arc<CredentialStore>>,
    pub(super) modifiers: fn() -> HashMap<&'static str, &'static str>,
}

/// The content of an item.
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    /// When it was written, unix seconds.
    pub(super) saved: u64,
}

impl Item {
    /// The item of these messages in the keyring of the system.
    pub(super) fn new(kind: Kind, folder: String) -> Self {
        Self::in_keyring(kind, folder, Keyring { open: system::open, modifiers: system::modifiers })
    }

    pub(super) fn in_keyring(kind: Kind, folder: String, keyring: Keyring) -> Self {
        Self { kind, folder, keyring }
    }

    /// Another item of the same messages.
    pub(super) fn beside(&self, kind: Kind) -> Self {
        Self { kind, ..self.clone() }
    }

    /// One of several items of a kind.
    pub(super) fn beside_named(&self, kind: Kind, name: &str) -> Self {
        Self { kind, folder: format!("{} {name}", self.folder), ..self.clone() }
    }

    /// Its content.
    pub(super) async fn read(&self) -> Result<Option<Content>, SecretProblem> {
        let stored = self.call("read", |entry| unless_missing(entry.get_secret())).await?;
        let Some(stored) = stored else { return Ok(None) };
        content(&stored).map(Some).ok_or_else(|| self.damaged("it is not what was saved"))
    }

    /// Replaces its content.
    pub(super) async fn write(&self, secret: &Secret) -> Result<(), SecretProblem> {
        let stored = format!("{}\n{}", clock::unix(), secret.expose()).into_bytes();
        let is_stored = self
            .call("saved", move |entry| {
                entry.set_secret(&stored)?;
                Ok(entry.get_secret()? == stored)
            })
            .await?;
        let not_stored = || self.problem("saved", SecretProblemKind::Failed, "the keyring did not store it");
        if is_stored { Ok(()) } else { Err(not_stored()) }
    }

    /// Removes it; whether there was one.
    pub(super) async fn remove(&self) -> Result<bool, SecretProblem> {
        let removed = self.call("removed", |entry| unless_missing(entry.delete_credential())).await?;
        Ok(removed.is_some())
    }

    /// Whether it exists.
    pub(super) async fn exists(&self) -> Result<bool, SecretProblem> {
        let found = self.call("found", |entry| unless_missing(entry.get_credential().map(drop))).await?;
        Ok(found.is_some())
    }

    /// The content is not valid.
    pub(super) fn damaged(&self, why: &str) -> SecretProblem {
        SecretProblem {
            kind: SecretProblemKind::Failed,
            message: format!(
                "{} cannot be read: the item in the keyring is not valid: {why}",
                self.kind.name
            ),
            hint: format!("{}, which replaces it", self.kind.again),
        }
    }

    /// Calls the keyring on a thread of its own.
    async fn call<T: Send + 'static>(
        &self,
        verb: &str,
        work: impl FnOnce(&Entry) -> keyring_core::Result<T> + Send + 'static,
    ) -> Result<T, SecretProblem> {
        let Self { kind, folder, keyring } = self.clone();
        let calling = off_thread(move || {
            let store = (keyring.open)()?;
            let modifiers = (keyring.modifiers)();
            work(&Entry::new_in_store_with_modifiers(&store, kind.label, &folder, &modifiers)?)
        });
        match timeout(TIMEOUT, calling).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                let (kind, why) = cause(&error);
                Err(self.problem(verb, kind, &why))
            }
            Err(_elapsed) => {
                Err(self.problem(verb, SecretProblemKind::Failed, "the keyring does not respond"))
            }
        }
    }

    fn problem(&self, verb: &str, kind: SecretProblemKind, why: &str) -> SecretProblem {
        SecretProblem {
            kind,
            message: format!("{} cannot be {verb}: {why}", self.kind.name),
            hint: "unlock the system's keyring, or set secret_store = \"file\"".to_owned(),
        }
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item").field("kind", &self.kind).field("folder", &self.folder).finish_non_exhaustive()
    }
}

fn unless_missing<T>(found: keyring_core::Result<T>) -> keyring_core::Result<Option<T>> {
    match found {
        Ok(value) => Ok(Some(value)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What was saved, and when: the time is on a line above it.
fn content(stored: &[u8]) -> Option<Content> {
    let end = stored.iter().position(|byte| *byte == b'\n')?;
    let (saved, bytes) = stored.split_at_checked(end)?;
    let saved = std::str::from_utf8(saved).ok()?.parse().ok()?;
    Some(Content { bytes: bytes.get(1..)?.to_vec(), saved })
}

/// Why a call failed. The words of an error are used only where they cannot quote what is stored.
fn cause(error: &Error) -> (SecretProblemKind, String) {
    match error {
        Error::NoStorageAccess(_) => (SecretProblemKind::Locked, "the keyring is locked".to_owned()),
        Error::PlatformFailure(error) => {
            (SecretProblemKind::Unavailable, format!("the keyring failed: {error}"))
        }
        _ => (SecretProblemKind::Failed, "the keyring refused".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use keyring_core::mock::Store;

    use super::*;

    const KIND: Kind = Kind { label: "Handover test", name: "the login", again: "sign in again" };

    fn store() -> keyring_core::Result<Arc<CredentialStore>> {
        static STORE: OnceLock<Arc<CredentialStore>> = OnceLock::new();
        if let Some(store) = STORE.get() {
            return Ok(Arc::clone(store));
        }
        let new: Arc<CredentialStore> = Store::new()?;
        Ok(Arc::clone(STORE.get_or_init(|| new)))
    }

    fn item(folder: &str) -> Item {
        Item::in_keyring(KIND, folder.to_owned(), Keyring { open: store, modifiers: HashMap::new })
    }

    #[tokio::test]
    async fn an_item_is_saved_replaced_and_removed() {
        let item = item("a");
        assert!(item.read().await.unwrap().is_none());
        assert!(!item.exists().await.unwrap() && !item.remove().await.unwrap());
        for text in ["one\ntwo", ""] {
            item.write(&Secret::new(text)).await.unwrap();
            let content = item.read().await.unwrap().unwrap();
            assert_eq!(content.bytes, text.as_bytes());
            assert!(content.saved.abs_diff(clock::unix().unsigned_abs()) < 60);
        }
        assert!(item.exists().await.unwrap() && item.remove().await.unwrap());
        assert!(item.read().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_messages_of_another_folder_have_another_item() {
        item("b").write(&Secret::new("b")).await.unwrap();
        assert!(item("c").read().await.unwrap().is_none());
    }

    #[test]
    fn what_something_else_wrote_is_not_taken_for_a_secret() {
        assert_eq!(content(b"17\nhunter2").unwrap().bytes, b"hunter2");
        for stored in ["", "hunter2", "x\nhunter2", "\nhunter2"] {
            assert!(content(stored.as_bytes()).is_none(), "{stored}");
        }
    }
}
