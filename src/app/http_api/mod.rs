//! What the local HTTP API can do: send, queue, read the message log, follow events.
//!
//! Invariant: a request does nothing before its token was compared. The token of a channel opens that channel and nothing else.

mod foreground;
mod log;
mod options;
mod sending;
mod service;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::app::Problem;
use crate::app::context::Context;
use crate::app::e2ee::Reader;
use crate::app::send::Keys;
use crate::app::send::outbox::{self, Outbox};
use crate::control::Filter;
use crate::control::http::{Answer, Handler, Request, failure};
use crate::domain::account::Secret;
use crate::domain::message::Entry;
use crate::domain::sending::SecretName;
use crate::domain::settings::Settings;
use crate::ports::SecretStore;
use crate::pushover::Rest;

pub use foreground::Foreground;
pub use service::{Condition, serve};

/// The tokens that requests carry.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The token of the API.
    api: Secret,
    /// The tokens of the channels, by the names of the channels.
    channels: BTreeMap<String, Secret>,
}

impl Tokens {
    /// Reads the tokens: from the settings, from programs, or from the secret store.
    pub async fn read<S: SecretStore>(keys: &Keys<'_, S>) -> Result<Self, Problem> {
        let what = "the HTTP API is not started";
        let Some(http) = &keys.settings.http else {
            return Err(Problem::new(what, "the settings have no [http]"));
        };
        let Some(api) = keys.password(&http.token, &SecretName::HttpApi).await? else {
            return Err(Problem::new(what, "it has no token").hint(
                "write `token = \"...\"` or `token_command = [...]` into the section [http] of the settings",
            ));
        };
        let mut channels = BTreeMap::new();
        for (name, channel) in &keys.settings.channels {
            match keys.password(&channel.token, &SecretName::Channel(name.clone())).await {
                Ok(Some(token)) => drop(channels.insert(name.clone(), token)),
                Ok(None) => tracing::warn!("the channel {name} has no token, so nothing can be posted to it"),
                Err(problem) => tracing::warn!("nothing can be posted to the channel {name}: {problem}"),
            }
        }
        Ok(Self { api, channels })
    }
}

/// What the API works with, apart from the store of secrets.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The service.
    pub rest: Rest,
    /// The messages that are to be sent later.
    pub outbox: Outbox,
    /// The message log.
    pub messages: PathBuf,
    /// The socket of the daemon.
    pub socket: PathBuf,
    /// Where the names of sounds are kept.
    pub cache: PathBuf,
    /// Notified when a message was queued and no daemon took it.
    pub queued: Arc<Notify>,
}

impl Parts {
    /// What a command works with.
    pub fn of(context: &Context) -> Result<Self, Problem> {
        Ok(Self {
            rest: context.rest()?,
            outbox: outbox::of(context),
            messages: context.paths.messages.clone(),
            socket: context.paths.socket.clone(),
            cache: context.paths.cache.clone(),
            queued: Arc::new(Notify::new()),
        })
    }
}

/// The settings and the tokens in use; `None` while requests are refused.
pub type State = watch::Receiver<Option<Arc<(Settings, Tokens)>>>;

/// What the API needs of the process that serves it: the daemon, or `handover http`.
pub trait Process: Send + Sync + 'static {
    /// The store of the secrets that are not in the settings.
    type Secrets: SecretStore;

    /// The store.
    fn secrets(&self) -> &Self::Secrets;

    /// Decrypts messages, if one of these is encrypted.
    fn reader_for(&self, entries: &[Entry]) -> impl Future<Output = Reader> + Send;

    /// Marks the unread messages that a filter selects as read.
    fn mark_read(&self, filter: Filter) -> impl Future<Output = Result<(), Problem>> + Send;
}

/// Carries out the requests.
#[derive(Debug)]
pub struct Api<P> {
    state: State,
    process: Arc<P>,
    parts: Parts,
}

impl<P: Process> Api<P> {
    /// An API with these parts, whose settings and tokens may change.
    pub fn new(state: State, process: Arc<P>, parts: Parts) -> Self {
        Self { state, process, parts }
    }

    async fn carry_out(&self, request: Request) -> Answer {
        let Some(state) = self.state.borrow().clone() else {
            return Answer::Json(503, failure("the HTTP API is switched off"));
        };
        let (settings, tokens) = &*state;
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let expected = match path.as_slice() {
            ["queue", name] => tokens.channels.get(*name),
            _ => Some(&tokens.api),
        };
        // An unknown channel gets the same answer as a wrong token, so that the names of channels cannot be guessed.
        if !expected.is_some_and(|expected| is_same(expected, &request.token)) {
            return Answer::Json(401, failure("the token is wrong"));
        }
        let keys = Keys { settings, secrets: self.process.secrets() };
        match (request.method.as_str(), path.as_slice()) {
            ("POST", ["send"]) => sending::send(&keys, &self.parts, &request.document).await,
            ("POST", ["queue", name]) => sending::queue(&keys, &self.parts, name, &request.document).await,
            ("GET", ["messages"]) => log::messages(&*self.process, &self.parts, &request.document).await,
            ("GET", ["events"]) => {
                let process = Arc::clone(&self.process);
                log::events(process, &self.parts, &request.document, self.state.clone()).await
            }
            ("PUT", ["messages", "read"]) => log::mark_read(&*self.process, &request.document).await,
            (_, ["send" | "messages" | "events"] | ["queue", _] | ["messages", "read"]) => {
                Answer::Json(405, failure("this address has no such method"))
            }
            _ => Answer::Json(404, failure("there is no such address")),
        }
    }
}

impl<P: Process> Handler for Api<P> {
    async fn handle(&self, request: Request) -> Answer {
        self.carry_out(request).await
    }
}

/// Compares in a time that does not reveal how much of a wrong token is correct.
fn is_same(expected: &Secret, given: &Secret) -> bool {
    let (expected, given) = (expected.expose().as_bytes(), given.expose().as_bytes());
    let differences =
        expected.iter().zip(given).fold(0, |differences, (one, other)| differences | (one ^ other));
    expected.len() == given.len() && std::hint::black_box(differences) == 0
}

/// A failure as the service words it.
fn failed(problem: &Problem) -> Answer {
    use crate::app::problem::Kind;
    let status = match problem.kind {
        Kind::Usage => 400,
        Kind::Failed => 502,
        Kind::NotSignedIn | Kind::NotRunning => 503,
    };
    match &problem.hint {
        // What the user has to do first, such as starting the daemon.
        Some(hint) if status == 503 => Answer::Json(status, failure(&format!("{}; {hint}", problem.message))),
        Some(_) | None => Answer::Json(status, failure(&problem.message)),
    }
}
