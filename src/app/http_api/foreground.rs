//! What `handover http` does where the daemon would: it decrypts messages, and sends what is queued while no daemon runs.
//!
//! Invariant: a running daemon is the one that sends; the lock of the outbox keeps two processes from sending at the same time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::{Parts, Process};
use crate::app::Problem;
use crate::app::context::Context;
use crate::app::e2ee::{self, Reader};
use crate::app::send::outbox::{self, Next, Pace};
use crate::app::send::{Keys, StoredSecrets};
use crate::control::{self, Command};
use crate::domain::message::Entry;
use crate::system::clock;

/// How long a key is used before it is loaded again: the user may change it, and loading it may ask for a passphrase.
const KEY_IS_FRESH: Duration = Duration::from_mins(1);

/// A process that serves the API in the foreground.
#[derive(Debug)]
pub struct Foreground {
    context: Context,
    secrets: StoredSecrets,
    reader: Mutex<Option<(Instant, Reader)>>,
}

impl Foreground {
    /// One with these settings.
    pub fn new(context: Context) -> Self {
        let secrets = context.secrets();
        Self { context, secrets, reader: Mutex::new(None) }
    }

    /// Sends what is queued until it is dropped.
    pub async fn send_queued(self: Arc<Self>, parts: Parts) {
        let mut pace = Pace::default();
        loop {
            let next = self.send_unless_daemon_runs(&parts).await;
            if let Err(problem) = &next {
                tracing::warn!("{problem}");
            }
            match pace.wait_after(&next) {
                Some(wait) => drop(tokio::time::timeout(wait, parts.queued.notified()).await),
                None => parts.queued.notified().await,
            }
        }
    }

    async fn send_unless_daemon_runs(&self, parts: &Parts) -> Result<Next, Problem> {
        match control::ask(&parts.socket, &Command::SendQueued).await {
            Err(control::Error::NotRunning) => {}
            Ok(_) | Err(_) => return Ok(Next::Nothing),
        }
        let keys = Keys { settings: &self.context.settings, secrets: &self.secrets };
        outbox::send_waiting(&parts.outbox, &parts.rest, &keys).await
    }
}

impl Process for Foreground {
    type Secrets = StoredSecrets;

    fn secrets(&self) -> &StoredSecrets {
        &self.secrets
    }

    async fn reader_for(&self, entries: &[Entry]) -> Reader {
        if !e2ee::may_be_encrypted(entries) {
            return Reader::default();
        }
        let mut kept = self.reader.lock().await;
        if let Some((_, reader)) = kept.as_ref().filter(|(loaded, _)| loaded.elapsed() < KEY_IS_FRESH) {
            return reader.clone();
        }
        let (reader, problem) = e2ee::reader(&self.context).await;
        if let Some(problem) = problem {
            tracing::warn!("{problem}");
        }
        *kept = Some((clock::instant(), reader.clone()));
        reader
    }
}
