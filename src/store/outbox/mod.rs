//! The outbox: messages that are to be sent later, one file each, in a folder beside the message log.
//!
//! Invariant: the state of a message is the name of its file, so a state changes at once or not at all. A message whose request may
//! have left this computer is never waiting again.
//!
//! The message log has one writer; a command that queues a message must not wait for it. Files need no such order: a command only
//! adds them, and only the process that holds the [lock](Outbox::lock) sends them.

#[cfg(test)]
mod tests;

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::system::{atomic_file, private_folder};

/// The messages that are to be sent later.
#[derive(Clone, Debug)]
pub struct Outbox {
    folder: PathBuf,
}

/// Held while messages are sent; the system releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct SendingLock {
    _lock: File,
}

/// What is to be done with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It is to be sent.
    Waiting,
    /// Its request is under way, or was when the process ended.
    Sending,
    /// The answer was lost: it may have been sent.
    Unknown,
    /// The service refused it, or it cannot be sent.
    Refused,
}

impl State {
    const ALL: [Self; 4] = [Self::Waiting, Self::Sending, Self::Unknown, Self::Refused];

    /// Its word, which is part of the name of the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
        }
    }
}

/// A message in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Its name; names are in the order in which messages were added.
    pub id: String,
    /// What is to be done with it.
    pub state: State,
    /// The message.
    pub content: Content,
}

/// What is in the file of a message. It contains neither a token nor a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The name of the application.
    pub application: String,
    /// The names of the recipients.
    pub recipients: Vec<String>,
    /// The fields of the message, as the service names them.
    pub fields: Vec<(String, String)>,
    /// When it was added, unix seconds.
    pub added: i64,
    /// Of several that wait with the same text here, only the latest is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// Why it was not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Outbox {
    /// The outbox in this folder, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Adds a message; durable when it returns its name.
    pub fn add(&self, content: &Content) -> io::Result<String> {
        private_folder::ensure(&self.folder)?;
        // Two processes may count to the same number, so that it is not the whole name.
        let id = format!("{:010}-{:08x}", self.highest()? + 1, fastrand::u32(..));
        let replaced = match &content.replaces {
            Some(replaces) => self.waiting_for(replaces)?,
            None => Vec::new(),
        };
        atomic_file::replace(&self.file(&id, State::Waiting), &serde_json::to_vec(content)?)?;
        // After the new one is there: a crash in between sends one message too many, not too few.
        for old in replaced {
            self.remove(&old)?;
        }
        Ok(id)
    }

    /// The highest number of a message.
    fn highest(&self) -> io::Result<u64> {
        let mut highest = 0;
        for file in fs::read_dir(&self.folder)? {
            let number = name(&file?.path()).and_then(|(id, _)| id.split_once('-')?.0.parse().ok());
            highest = highest.max(number.unwrap_or_default());
        }
        Ok(highest)
    }

    fn waiting_for(&self, replaces: &str) -> io::Result<Vec<Queued>> {
        let mut waiting = self.all()?;
        waiting.retain(|queued| {
            queued.state == State::Waiting && queued.content.replaces.as_deref() == Some(replaces)
        });
        Ok(waiting)
    }

    /// All messages, in the order in which they were added. A file that cannot be read is left out, and logged.
    pub fn all(&self) -> io::Result<Vec<Queued>> {
        let files = match fs::read_dir(&self.folder) {
            Ok(files) => files,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut all = Vec::new();
        for file in files {
            let path = file?.path();
            let Some((id, state)) = name(&path) else { continue };
            let content = match fs::read(&path) {
                Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other),
                // Its state changed meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => Err(error),
            };
            if let Ok(content) = content {
                all.push(Queued { id, state, content });
            } else {
                // The error could quote the message.
                tracing::warn!("{} in the outbox cannot be read", path.display());
            }
        }
        all.sort_by(|one, other| (&one.id, one.state).cmp(&(&other.id, other.state)));
        Ok(all)
    }

    /// Takes the lock that is needed to send messages; `None` while another process has it.
    pub fn lock(&self) -> io::Result<Option<SendingLock>> {
        private_folder::ensure(&self.folder)?;
        let file = private_folder::open_file(&self.folder.with_extension("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(SendingLock { _lock: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether there is anything.
    pub fn is_empty(&self) -> bool {
        fs::read_dir(&self.folder).map_or(true, |mut files| files.next().is_none())
    }

    /// Changes the state of a message; durable when it returns. `false` when it is no longer there.
    pub fn mark(&self, queued: &Queued, state: State, why: Option<&str>) -> io::Result<bool> {
        let before = self.file(&queued.id, queued.state);
        if let Some(why) = why {
            let content = Content { why: Some(why.to_owned()), ..queued.content.clone() };
            atomic_file::replace(&before, &serde_json::to_vec(&content)?)?;
        }
        match fs::rename(&before, self.file(&queued.id, state)) {
            Ok(()) => atomic_file::sync_folder(&self.folder).map(|()| true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes a message.
    pub fn remove(&self, queued: &Queued) -> io::Result<()> {
        match fs::remove_file(self.file(&queued.id, queued.state)) {
            Ok(()) => atomic_file::sync_folder(&self.folder),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn file(&self, id: &str, state: State) -> PathBuf {
        self.folder.join(format!("{id}.{}.json", state.word()))
    }
}

/// The name and the state of a message, from its file.
fn name(path: &Path) -> Option<(String, State)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".json")?;
    let (id, word) = name.split_once('.')?;
    let state = State::ALL.into_iter().find(|state| state.word() == word)?;
    Some((id.to_owned(), state))
}
