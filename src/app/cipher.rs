//! Opens messages that were encrypted end to end, where they are shown or listed; and has the key.
//!
//! Invariant: what was opened is never recorded, so the log holds what the service saw; and a key that cannot be had
//! keeps no message waiting longer than `PATIENCE`, once a start. It is tried again when a message misses it.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::surroundings::Surroundings;
use super::{Problem, Shared, clock};
use crate::desktop::key_command;
use crate::desktop::secrets::Place;
use crate::domain::message::{Entry, Message};
use crate::domain::settings::{SecretPlace, Settings};
use crate::domain::status::{Cause, Trouble};
use crate::ports::{Notifier, SecretProblem, SecretStore};
use crate::pushover::sealed::{self, Key};

/// How long an encrypted message waits for the key to be loaded at the start.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a key that could not be had is not tried again, however many messages miss it: its command may ask the
/// user for a passphrase.
const BREAK: Duration = Duration::from_mins(1);

const NO_KEY: &str = "that is no key, which has 64 hexadecimal digits";

/// Reads messages as the user may: with the key, if there is one.
#[derive(Clone, Debug, Default)]
pub struct Reader(Option<Arc<Key>>);

impl Reader {
    /// The entry as it is to be shown: with the message in the clear, or with the reason why it is not.
    pub fn open(&self, entry: Entry) -> Entry {
        Entry { message: self.open_message(entry.message), ..entry }
    }

    fn open_message(&self, message: Message) -> Message {
        let Some(key) = self.0.as_deref().filter(|_| sealed::may_be_sealed(&message)) else { return message };
        match sealed::open(&message, key) {
            Ok(opened) => opened,
            // It only looked like one.
            Err(_) if !message.encrypted => message,
            Err(why) => message.with_problem(&why.to_string()),
        }
    }
}

/// The daemon's key, and who waits for it.
#[derive(Default)]
pub(super) struct Cipher {
    state: watch::Sender<State>,
    again: Notify,
    /// Told of a message that may be encrypted while the key cannot be had.
    missed: Notify,
}

#[derive(Clone, Default)]
struct State {
    key: Option<Arc<Key>>,
    /// How often it was loaded, in vain or not.
    loads: u64,
    /// Whether the last load was in vain: one is set, and cannot be had.
    is_missing: bool,
    /// Whether somebody has waited in vain for the first load.
    is_late: bool,
}

/// Keeps the key in use the one that is set, until the daemon stops.
pub(super) async fn keep<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let mut settings = shared.settings.subscribe();
    loop {
        let now = Arc::clone(&settings.borrow_and_update());
        tokio::select! {
            biased;
            () = shared.stop().cancelled() => return,
            // What is being loaded may be another one by now.
            () = changes(&shared, &mut settings, &now) => continue,
            loaded = load(&now, &shared.parts.secrets) => take(&shared, loaded),
        }
        tokio::select! {
            biased;
            () = shared.stop().cancelled() => return,
            () = changes(&shared, &mut settings, &now) => {}
            () = missed(&shared.cipher) => {}
        }
    }
}

/// Waits until a key that cannot be had is worth another try.
async fn missed(cipher: &Cipher) {
    if !cipher.state.borrow().is_missing {
        return pending().await;
    }
    clock::pause(BREAK).await;
    cipher.missed.notified().await;
}

async fn changes<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    settings: &mut watch::Receiver<Arc<Settings>>,
    before: &Settings,
) {
    let command = &before.encryption_key_command;
    tokio::select! {
        () = shared.cipher.again.notified() => {}
        // The sender is there as long as the daemon.
        _ = settings.wait_for(|now| now.encryption_key_command != *command) => {}
    }
}

fn take<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, loaded: Result<Option<Key>, Cause>) {
    let cause = match loaded {
        Ok(key) => {
            shared.cipher.state.send_modify(|state| {
                if key.as_ref() != state.key.as_deref() {
                    tracing::info!(
                        "{}",
                        if key.is_some() {
                            "there is an encryption key"
                        } else {
                            "there is no encryption key any more"
                        }
                    );
                }
                (state.key, state.loads, state.is_missing) = (key.map(Arc::new), state.loads + 1, false);
            });
            None
        }
        // One that is in use stays so while it cannot be read again.
        Err(cause) => {
            shared
                .cipher
                .state
                .send_modify(|state| (state.loads, state.is_missing) = (state.loads + 1, true));
            Some(cause)
        }
    };
    shared.trouble(Trouble::Key, cause);
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    /// What reads these messages; if one of them may be encrypted, it is not before the key was loaded, or has had
    /// the time.
    pub(super) async fn reader_for(&self, entries: &[Entry]) -> Reader {
        self.reader(entries.iter().any(|entry| sealed::may_be_sealed(&entry.message))).await
    }

    /// The same for messages that the log holds back.
    pub(super) async fn reader_for_held(&self) -> Result<Reader, crate::store::Error> {
        let mut may_be_sealed = false;
        self.store().each_held(|entry| may_be_sealed |= sealed::may_be_sealed(&entry.message))?;
        Ok(self.reader(may_be_sealed).await)
    }

    /// What reads messages at this moment.
    pub(super) fn reader_now(&self) -> Reader {
        Reader(self.cipher.state.borrow().key.clone())
    }

    /// Waits until another key is in use.
    pub(super) async fn key_changed(&self) {
        let mut state = self.cipher.state.subscribe();
        let before = state.borrow_and_update().key.clone();
        // The sender is there as long as the daemon.
        drop(state.wait_for(|state| state.key != before).await);
    }

    async fn reader(&self, may_be_sealed: bool) -> Reader {
        if may_be_sealed {
            let mut state = self.cipher.state.subscribe();
            let loaded = timeout(PATIENCE, state.wait_for(|state| state.loads > 0 || state.is_late));
            if let Some(Err(_elapsed)) = self.stop().run_until_cancelled(loaded).await {
                tracing::warn!("the key is not there yet; encrypted messages are shown as such until it is");
                self.cipher.state.send_modify(|state| state.is_late = true);
            }
            if self.cipher.state.borrow().is_missing {
                self.cipher.missed.notify_one();
            }
        }
        self.reader_now()
    }

    /// Has the key loaded again because it may be another; waits for that, but not long.
    pub(super) async fn load_key_again(&self) {
        let mut state = self.cipher.state.subscribe();
        let loads = state.borrow_and_update().loads;
        self.load_key_soon();
        drop(timeout(PATIENCE, state.wait_for(|state| state.loads > loads)).await);
    }

    /// The same without the wait.
    pub(super) fn load_key_soon(&self) {
        self.cipher.again.notify_one();
    }

    /// The same for a key that cannot be had, because the user asks how things stand.
    pub(super) fn load_missing_key_soon(&self) {
        if self.cipher.state.borrow().is_missing {
            self.load_key_soon();
        }
    }
}

/// The key: that of the command, if one is set, else the one that is kept.
async fn load<S: SecretStore>(settings: &Settings, secrets: &S) -> Result<Option<Key>, Cause> {
    let command = &settings.encryption_key_command;
    if command.is_empty() {
        let kept = secrets.encryption_key().await;
        let kept = kept.map_err(|SecretProblem { message, hint, .. }| {
            Cause::new(message.strip_prefix("the encryption key cannot be read: ").unwrap_or(&message), hint)
        })?;
        let Some(text) = kept else { return Ok(None) };
        return Key::from_hex(text.expose()).map(Some).ok_or_else(|| {
            Cause::new(
                "what is kept as the encryption key is none",
                "run `handover setup --encryption-key` again",
            )
        });
    }
    let unreadable = |why: String| {
        Cause::new(
            format!("key_command gave no key: {why}"),
            "see to `key_command` in the settings; it has to print 64 hexadecimal digits",
        )
    };
    let printed = key_command::run(command).await.map_err(|fault| unreadable(fault.to_string()))?;
    let key = Key::from_hex(printed.expose());
    key.map(Some).ok_or_else(|| unreadable("it printed something else than 64 hexadecimal digits".to_owned()))
}

/// What reads messages for a command; and why there is no key, where one is set.
pub async fn reader(surroundings: &Surroundings) -> (Reader, Option<Problem>) {
    match load(&surroundings.settings, &surroundings.secrets()).await {
        Ok(key) => (Reader(key.map(Arc::new)), None),
        Err(cause) => (Reader::default(), Some(Problem::because(Trouble::Key.what(), cause))),
    }
}

/// Whether a key would make a difference to one of these.
pub fn may_be_sealed(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| sealed::may_be_sealed(&entry.message))
}

/// Where the key comes from, in words; `None` when there is none.
pub async fn source(surroundings: &Surroundings) -> Option<String> {
    if !surroundings.settings.encryption_key_command.is_empty() {
        return Some("from key_command".to_owned());
    }
    let place = surroundings.secrets().place_of_key().await?;
    Some(format!("kept in {place}"))
}

/// Whether this is a key: 64 hexadecimal digits.
pub fn is_key(text: &str) -> bool {
    Key::from_hex(text).is_some()
}

/// Keeps a key in place of the one before; where it is kept.
pub async fn keep_key(surroundings: &Surroundings, text: &str) -> Result<Place, Problem> {
    let Some(key) = Key::from_hex(text) else { return Err(Problem::new("no key was saved", NO_KEY)) };
    let secrets = surroundings.secrets();
    if let Err(problem) = secrets.unlock().await
        && surroundings.settings.secret_store == SecretPlace::Keyring
    {
        return Err(problem.into());
    }
    Ok(secrets.save_key(&key.to_hex()).await?)
}

/// Forgets the key; whether there was one.
pub async fn forget_key(surroundings: &Surroundings) -> Result<bool, Problem> {
    let secrets = surroundings.secrets();
    if let Ok(was_there) = secrets.forget_key().await {
        return Ok(was_there);
    }
    secrets.unlock().await?;
    Ok(secrets.forget_key().await?)
}
