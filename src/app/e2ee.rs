//! Loads the end-to-end encryption key, and decrypts messages to show or list them.
//!
//! Invariant: decrypted text is never recorded, so the message log contains only what the service saw.

use std::sync::Arc;

use super::Problem;
use super::context::Context;
use crate::desktop::programs::key_command;
use crate::desktop::secrets::LoginLocation;
use crate::domain::message::{Entry, Message};
use crate::domain::settings::{SecretBackend, Settings};
use crate::domain::status::{Cause, Issue};
use crate::ports::{SecretProblem, SecretStore};
use crate::pushover::e2ee::{self, Key};

const NO_KEY: &str = "a key has 64 hexadecimal digits";

/// Decrypts messages with the user's key, if there is one.
#[derive(Clone, Debug, Default)]
pub struct Reader(pub(crate) Option<Arc<Key>>);

impl Reader {
    /// The entry with its message decrypted, or with the reason why it is not.
    pub fn open(&self, entry: Entry) -> Entry {
        Entry { message: self.open_message(entry.message), ..entry }
    }

    fn open_message(&self, message: Message) -> Message {
        let Some(key) = self.0.as_deref().filter(|_| e2ee::may_be_encrypted(&message)) else {
            return message;
        };
        match e2ee::decrypt(&message, key) {
            Ok(opened) => opened,
            // The message only looked encrypted.
            Err(_) if !message.encrypted => message,
            Err(why) => message.with_problem(&why.to_string()),
        }
    }
}

/// Loads the key: from `key_command` if one is set, otherwise the stored one.
pub(crate) async fn load<S: SecretStore>(settings: &Settings, secrets: &S) -> Result<Option<Key>, Cause> {
    let command = &settings.encryption.key_command;
    if command.is_empty() {
        let kept = secrets.encryption_key().await;
        let kept = kept.map_err(|SecretProblem { message, hint, .. }| {
            Cause::new(message.strip_prefix("the encryption key cannot be read: ").unwrap_or(&message), hint)
        })?;
        let Some(text) = kept else { return Ok(None) };
        return Key::from_hex(text.expose()).map(Some).ok_or_else(|| {
            Cause::new(
                "the stored encryption key is not valid",
                "run `handover setup --encryption-key` again",
            )
        });
    }
    let unreadable = |why: String| {
        Cause::new(
            format!("key_command printed no key: {why}"),
            "fix `key_command` in the settings: it has to print 64 hexadecimal digits",
        )
    };
    let printed = key_command::run(command).await.map_err(|fault| unreadable(fault.to_string()))?;
    let key = Key::from_hex(printed.expose());
    key.map(Some).ok_or_else(|| unreadable("its output is not 64 hexadecimal digits".to_owned()))
}

/// The reader for a command, and why the key is not available although one is set.
pub async fn reader(context: &Context) -> (Reader, Option<Problem>) {
    match load(&context.settings, &context.secrets()).await {
        Ok(key) => (Reader(key.map(Arc::new)), None),
        Err(cause) => (Reader::default(), Some(Problem::because(Issue::Key.what(), cause))),
    }
}

/// The reader for a thread that may wait for the key.
pub(crate) fn reader_now(context: &Context) -> Reader {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map(|runtime| runtime.block_on(reader(context)).0).unwrap_or_default()
}

/// Whether one of these may be encrypted, so that the key is needed.
pub fn may_be_encrypted(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| e2ee::may_be_encrypted(&entry.message))
}

/// Where the key comes from, in words; `None` if there is none.
pub async fn source(context: &Context) -> Option<String> {
    if !context.settings.encryption.key_command.is_empty() {
        return Some("from key_command".to_owned());
    }
    let place = context.secrets().key_location().await?;
    Some(format!("stored in {place}"))
}

/// Whether this is a valid key: 64 hexadecimal digits.
pub fn is_key(text: &str) -> bool {
    Key::from_hex(text).is_some()
}

/// Stores a key, replacing the previous one; returns where it is stored.
pub async fn keep_key(context: &Context, text: &str) -> Result<LoginLocation, Problem> {
    let Some(key) = Key::from_hex(text) else { return Err(Problem::new("no key was saved", NO_KEY)) };
    let secrets = context.secrets();
    if let Err(problem) = secrets.unlock().await
        && context.settings.secret_store == SecretBackend::Keyring
    {
        return Err(problem.into());
    }
    Ok(secrets.save_key(&key.to_hex()).await?)
}

/// Deletes the key; returns whether there was one.
pub async fn forget_key(context: &Context) -> Result<bool, Problem> {
    let secrets = context.secrets();
    if let Ok(was_there) = secrets.forget_key().await {
        return Ok(was_there);
    }
    secrets.unlock().await?;
    Ok(secrets.forget_key().await?)
}
