//! `handover http`: does what the daemon does for the API, whether or not a daemon runs. It follows the settings, decrypts
//! messages, and sends what is queued while no daemon runs.
//!
//! Invariant: a running daemon is the one that sends; the lock of the outbox keeps two processes from sending at the same time.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, watch};

use super::service::{self, Condition};
use super::{Parts, Process};
use crate::app::context::Context;
use crate::app::e2ee::{self, Reader};
use crate::app::problem::Kind;
use crate::app::send::outbox::{self, Next, Pace};
use crate::app::send::{Keys, StoredSecrets};
use crate::app::{Problem, history};
use crate::config;
use crate::control::{self, Command, Filter};
use crate::domain::message::Entry;
use crate::domain::settings::Settings;
use crate::ports::SecretStore as _;
use crate::system::clock;

/// How often to look for messages that `handover send --queue` has queued, or that a daemon has left.
const CHECK: Duration = Duration::from_mins(1);

/// How long a key is used before it is loaded again: the user may change it, and loading it may ask for a passphrase.
const KEY_IS_FRESH: Duration = Duration::from_mins(1);

/// A process that serves the API in the foreground.
#[derive(Debug)]
pub struct Foreground {
    context: Context,
    /// The address that replaces the one in the settings.
    listen: Option<SocketAddr>,
    settings: watch::Sender<Arc<Settings>>,
    secrets: StoredSecrets,
    reader: Mutex<Option<LoadedReader>>,
}

#[derive(Debug)]
struct LoadedReader {
    loaded: Instant,
    settings: Arc<Settings>,
    reader: Reader,
}

impl Foreground {
    /// One that begins with the settings of the context, and listens at this address if one is given.
    pub fn new(context: Context, listen: Option<SocketAddr>) -> Result<Self, Problem> {
        let settings = with_address(context.settings.clone(), listen)?;
        let (settings, _) = watch::channel(Arc::new(settings));
        let secrets = context.secrets();
        Ok(Self { context, listen, settings, secrets, reader: Mutex::new(None) })
    }

    /// Serves the API, follows the settings and sends what is queued. `listens` is called with each address that the API listens
    /// at. Fails if it cannot be started; what goes wrong later is logged, and tried again.
    pub async fn serve(self: Arc<Self>, mut listens: impl FnMut(SocketAddr)) -> Problem {
        let parts = match Parts::of(&self.context) {
            Ok(parts) => parts,
            Err(problem) => return problem,
        };
        let mut is_started = false;
        let report = |condition| {
            match condition {
                Condition::Listening(address) => {
                    is_started = true;
                    listens(address);
                }
                Condition::Failed(problem) if is_started => tracing::warn!("{problem}"),
                Condition::Failed(problem) => return ControlFlow::Break(problem),
                // `with_address` adds the section.
                Condition::Off => {}
            }
            ControlFlow::Continue(())
        };
        let settings = self.settings.subscribe();
        tokio::select! {
            problem = service::serve(Arc::clone(&self), parts.clone(), settings, report) => problem,
            problem = self.follow_settings() => problem,
            problem = self.send_queued(&parts) => problem,
        }
    }

    async fn follow_settings(&self) -> Problem {
        let file = &self.context.paths.settings;
        let mut watcher = config::Watcher::new(file);
        loop {
            let read = watcher.settings().await;
            let read = read.and_then(|settings| settings.ok_or_else(|| config::empty(file)));
            match read.map_err(Problem::from).and_then(|settings| with_address(settings, self.listen)) {
                Ok(settings) => self.use_settings(settings),
                Err(problem) => tracing::warn!("{problem}; the previous settings stay in use"),
            }
        }
    }

    fn use_settings(&self, settings: Settings) {
        if **self.settings.borrow() == settings {
            return;
        }
        tracing::info!("the settings were changed");
        self.secrets.use_backend(settings.secret_store);
        self.settings.send_replace(Arc::new(settings));
    }

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.borrow())
    }

    async fn send_queued(&self, parts: &Parts) -> Problem {
        let mut pace = Pace::default();
        loop {
            let next = self.send_unless_daemon_runs(parts).await;
            if let Err(problem) = &next {
                tracing::warn!("{problem}");
            }
            let wait = pace.wait_after(&next).unwrap_or(CHECK);
            drop(tokio::time::timeout(wait, parts.queued.notified()).await);
        }
    }

    async fn send_unless_daemon_runs(&self, parts: &Parts) -> Result<Next, Problem> {
        match control::ask(&parts.socket, &Command::SendQueued).await {
            Err(control::Error::NotRunning) => {}
            Ok(_) | Err(_) => return Ok(Next::Nothing),
        }
        let settings = self.settings();
        let keys = Keys { settings: &settings, secrets: &self.secrets };
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
        let settings = self.settings();
        let mut kept = self.reader.lock().await;
        let is_current = |kept: &&LoadedReader| {
            kept.loaded.elapsed() < KEY_IS_FRESH && Arc::ptr_eq(&kept.settings, &settings)
        };
        if let Some(kept) = kept.as_ref().filter(is_current) {
            return kept.reader.clone();
        }
        let mut context = self.context.clone();
        context.use_settings((*settings).clone());
        let (reader, problem) = e2ee::reader(&context).await;
        if let Some(problem) = problem {
            tracing::warn!("{problem}");
        }
        *kept = Some(LoadedReader { loaded: clock::instant(), settings, reader: reader.clone() });
        reader
    }

    async fn mark_read(&self, filter: Filter) -> Result<(), Problem> {
        history::mark_matching_read(&self.context, filter).await
    }
}

/// Settings with the section `[http]`, in which this address, if there is one, replaces the other.
fn with_address(mut settings: Settings, listen: Option<SocketAddr>) -> Result<Settings, Problem> {
    let http = settings.http.get_or_insert_default();
    http.listen = listen.unwrap_or(http.listen);
    if !http.listen.ip().is_loopback() && !http.allow_remote {
        return Err(Problem::new("the HTTP API is not started", "other computers could reach it there")
            .kind(Kind::Usage)
            .hint("use a loopback address, or write `allow_remote = true` into the section [http] of the settings"));
    }
    Ok(settings)
}
