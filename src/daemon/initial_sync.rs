//! Downloads the messages that wait for a newly registered device, in the running daemon or else in this process.
//!
//! Invariant: it uses the same message path as the daemon, under the same lock, so nothing is recorded twice.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::receive::MessagePath;
use super::shared::Shared;
use super::shared::parts::{Parts, desktop_opener};
use super::sync::outcome::{Failure, SyncOutcome};
use crate::app::context::Context;
use crate::app::instance::Instance;
use crate::app::{Problem, problem};
use crate::control::{self, Command};
use crate::domain::account::Credentials;
use crate::engine::fetch::Reason;
use crate::ports::{Notifier, SecretStore};

/// Who fetches the waiting messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// This process did, and recorded this many.
    Here(usize),
    /// The running daemon does; it continues with the new login.
    ByDaemon,
    /// They could not be fetched; the daemon will do it when it starts.
    Later(Problem),
}

/// Fetches the messages that wait for a newly registered device: in the daemon if one runs, else in this process, which
/// shows only open emergencies and leaves the rest to the daemon. Dropping the future ends it early and loses nothing.
pub async fn fetch_waiting(context: &Context, login: Credentials) -> Result<Fetched, Problem> {
    context.make_runtime_folder()?;
    let lock = &context.paths.lock;
    let instance = Instance::take(lock)
        .map_err(|error| Problem::of_system(&format!("{} cannot be used", lock.display()), &error))?;
    let Some(_instance) = instance else {
        control::ask(&context.paths.socket, &Command::LoginChanged).await?;
        return Ok(Fetched::ByDaemon);
    };
    let parts = Parts {
        settings: context.settings.clone(),
        store: Arc::new(context.open_store()?),
        rest: context.rest()?,
        notifier: context.notifier(),
        secrets: context.secrets(),
        media: None,
        control: None,
        settings_file: None,
        tray: None,
        power: None,
        presence: context.presence(),
        outbox: None,
        http: None,
        opener: desktop_opener(),
        steps: None,
        closes_notifications: false,
        stop: CancellationToken::new(),
    };
    Ok(sync_once(parts, login).await.map_or_else(Fetched::Later, Fetched::Here))
}

/// Downloads, records and deletes what is outstanding; the caller holds the instance lock.
async fn sync_once<N: Notifier, S: SecretStore>(
    parts: Parts<N, S>,
    login: Credentials,
) -> Result<usize, Problem> {
    let (shared, _receivers) = Shared::new(parts, Some(login));
    let what = "the outstanding messages could not be fetched";
    match MessagePath::leaving_the_rest(Arc::new(shared)).receive(Reason::Backlog).await {
        Ok(SyncOutcome::Completed { new, .. }) => Ok(new),
        Ok(SyncOutcome::Failed(failure)) | Err(failure) => Err(match failure {
            Failure::Service(error) | Failure::Undeleted(error) => problem::of_service(what, &error),
            Failure::Storage(error) => error.into(),
            Failure::Stopped | Failure::Outdated => Problem::new(what, "it was interrupted"),
        }),
    }
}
