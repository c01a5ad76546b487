//! The task that owns the key of end-to-end encryption.
//!
//! Invariant: a key that cannot be loaded delays messages by at most [`TIMEOUT`], once per start. Loading is tried
//! again when a message needs the key.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::app::e2ee::{Reader, load};
use crate::daemon::shared::Shared;
use crate::daemon::shared::e2ee_key::E2eeKey;
use crate::domain::message::Entry;
use crate::domain::settings::Settings;
use crate::domain::status::{Cause, Issue};
use crate::ports::{Notifier, SecretStore};
use crate::pushover::e2ee::{self, Key};
use crate::system::clock;

/// How long an encrypted message waits for the key to be loaded at the start.
const TIMEOUT: Duration = Duration::from_secs(3);

/// After a failed load, how long until the next one, however many messages need the key: its command may ask the user
/// for a passphrase.
const RETRY_AFTER: Duration = Duration::from_mins(1);

/// Keeps the key in use up to date until the daemon stops.
pub(in crate::daemon) async fn keep<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let mut settings = shared.settings.subscribe();
    loop {
        let now = Arc::clone(&settings.borrow_and_update());
        tokio::select! {
            biased;
            () = shared.stop().cancelled() => return,
            // The key being loaded may be out of date.
            () = changes(&shared, &mut settings, &now) => continue,
            loaded = load(&now, &shared.parts.secrets) => apply(&shared, loaded),
        }
        tokio::select! {
            biased;
            () = shared.stop().cancelled() => return,
            () = changes(&shared, &mut settings, &now) => {}
            () = retry_needed(&shared.e2ee) => {}
        }
    }
}

/// Waits until a key that could not be loaded is worth another try.
async fn retry_needed(key: &E2eeKey) {
    if !key.state.borrow().is_missing {
        return pending().await;
    }
    clock::pause(RETRY_AFTER).await;
    key.missed.notified().await;
}

async fn changes<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    settings: &mut watch::Receiver<Arc<Settings>>,
    before: &Settings,
) {
    let command = &before.encryption.key_command;
    tokio::select! {
        () = shared.e2ee.again.notified() => {}
        // The sender is there as long as the daemon.
        _ = settings.wait_for(|now| now.encryption.key_command != *command) => {}
    }
}

fn apply<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, loaded: Result<Option<Key>, Cause>) {
    let cause = match loaded {
        Ok(key) => {
            shared.e2ee.state.send_modify(|state| {
                if key.as_ref() != state.key.as_deref() {
                    tracing::info!(
                        "{}",
                        if key.is_some() {
                            "an encryption key is available"
                        } else {
                            "the encryption key was removed"
                        }
                    );
                }
                (state.key, state.loads, state.is_missing) = (key.map(Arc::new), state.loads + 1, false);
            });
            None
        }
        // While the key cannot be loaded again, the previous one stays in use.
        Err(cause) => {
            shared.e2ee.state.send_modify(|state| (state.loads, state.is_missing) = (state.loads + 1, true));
            Some(cause)
        }
    };
    shared.issue(Issue::Key, cause);
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    /// A reader that decrypts these messages. If one of them may be encrypted, this first waits for the key, for
    /// [`TIMEOUT`] at most.
    pub(in crate::daemon) async fn reader_for(&self, entries: &[Entry]) -> Reader {
        self.reader(entries.iter().any(|entry| e2ee::may_be_encrypted(&entry.message))).await
    }

    /// A reader for the messages that a pause holds back.
    pub(in crate::daemon) async fn reader_for_held(&self) -> Result<Reader, crate::store::Error> {
        let may_be_encrypted = self.log(|log| {
            let mut may_be_encrypted = false;
            log.each_held(|entry| may_be_encrypted |= e2ee::may_be_encrypted(&entry.message))?;
            Ok(may_be_encrypted)
        });
        Ok(self.reader(may_be_encrypted.await?).await)
    }

    /// The reader with the key that is in use now.
    pub(in crate::daemon) fn reader_now(&self) -> Reader {
        Reader(self.e2ee.state.borrow().key.clone())
    }

    /// Waits until the key in use changes.
    pub(in crate::daemon) async fn key_changed(&self) {
        let mut state = self.e2ee.state.subscribe();
        let before = state.borrow_and_update().key.clone();
        // The sender is there as long as the daemon.
        drop(state.wait_for(|state| state.key != before).await);
    }

    async fn reader(&self, may_be_encrypted: bool) -> Reader {
        if may_be_encrypted {
            let mut state = self.e2ee.state.subscribe();
            let loaded = timeout(TIMEOUT, state.wait_for(|state| state.loads > 0 || state.is_late));
            if let Some(Err(_elapsed)) = self.stop().run_until_cancelled(loaded).await {
                tracing::warn!(
                    "the encryption key is not available yet; encrypted messages stay encrypted until it is"
                );
                self.e2ee.state.send_modify(|state| state.is_late = true);
            }
            if self.e2ee.state.borrow().is_missing {
                self.e2ee.missed.notify_one();
            }
        }
        self.reader_now()
    }

    /// Requests that the key is loaded again because it may have changed, and waits for that, for [`TIMEOUT`] at most.
    pub(in crate::daemon) async fn load_key_again(&self) {
        let mut state = self.e2ee.state.subscribe();
        let loads = state.borrow_and_update().loads;
        self.load_key_soon();
        drop(timeout(TIMEOUT, state.wait_for(|state| state.loads > loads)).await);
    }

    /// Requests that the key is loaded again, without waiting.
    pub(in crate::daemon) fn load_key_soon(&self) {
        self.e2ee.again.notify_one();
    }

    /// Requests another try if the key could not be loaded, because the user asked for a sync.
    pub(in crate::daemon) fn load_missing_key_soon(&self) {
        if self.e2ee.state.borrow().is_missing {
            self.load_key_soon();
        }
    }
}
