//! The task that serves the HTTP API where the settings ask for it.
//!
//! Invariant: without `[http]` in the settings nothing listens and nothing wakes up; a token that is no longer in the settings is
//! refused at once, also on a connection that is open.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::Problem;
use crate::app::e2ee::Reader;
use crate::app::http_api::{Api, Parts, Process, Tokens};
use crate::app::send::Keys;
use crate::control::http::{Access, HttpServer};
use crate::daemon::shared::Shared;
use crate::domain::message::Entry;
use crate::domain::sending::settings::HttpApi;
use crate::domain::settings::Settings;
use crate::domain::status::{Cause, Issue};
use crate::ports::{Notifier, SecretStore};
use crate::system::clock;

/// The time after which an API that could not be started is tried again.
const RETRY: Duration = Duration::from_mins(1);

/// Serves the API until the daemon stops.
pub(in crate::daemon) async fn serve<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let Some(parts) = shared.parts.http.clone() else { return shared.stop().cancelled().await };
    let parts = Parts { rest: shared.rest().clone(), ..parts };
    shared.stop().run_until_cancelled(serve_until_dropped(&shared, parts)).await;
}

async fn serve_until_dropped<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>, parts: Parts) {
    let (state, in_use) = watch::channel(None);
    let mut settings = shared.settings.subscribe();
    loop {
        let now = Arc::clone(&settings.borrow_and_update());
        let Some(http) = now.http.clone() else {
            state.send_replace(None);
            shared.issue(Issue::Http, None);
            // The sender is there as long as the daemon.
            drop(settings.changed().await);
            continue;
        };
        match start(shared, &now, &http).await {
            Ok((server, tokens)) => {
                shared.issue(Issue::Http, None);
                state.send_replace(Some(Arc::new(((*now).clone(), tokens))));
                let process = Arc::new(Daemon(Arc::clone(shared)));
                let api = Api::new(in_use.clone(), process, parts.clone());
                let access = Access { hosts: http.hosts.clone() };
                tokio::select! {
                    () = server.serve(access, api) => {}
                    () = follow(shared, &mut settings, &http, &state) => {}
                }
            }
            Err(problem) => {
                state.send_replace(None);
                shared.issue(Issue::Http, Some(Cause { why: problem.message, hint: problem.hint }));
                tokio::select! {
                    _ = settings.changed() => {}
                    () = clock::pause(RETRY) => {}
                }
            }
        }
    }
}

async fn start<N: Notifier, S: SecretStore>(
    shared: &Arc<Shared<N, S>>,
    settings: &Settings,
    http: &HttpApi,
) -> Result<(HttpServer, Tokens), Problem> {
    let tokens = Tokens::read(&Keys { settings, secrets: &shared.parts.secrets }).await?;
    let server = HttpServer::bind(http.listen).await;
    let server =
        server.map_err(|error| Problem::of_system(&format!("{} cannot be used", http.listen), &error))?;
    tracing::info!("the HTTP API listens on {}", http.listen);
    Ok((server, tokens))
}

/// Puts changed settings into use; returns when the API has to listen in another way.
async fn follow<N: Notifier, S: SecretStore>(
    shared: &Arc<Shared<N, S>>,
    settings: &mut watch::Receiver<Arc<Settings>>,
    http: &HttpApi,
    state: &watch::Sender<Option<Arc<(Settings, Tokens)>>>,
) {
    while settings.changed().await.is_ok() {
        let now = Arc::clone(&settings.borrow_and_update());
        let listens_alike =
            now.http.as_ref().is_some_and(|new| new.listen == http.listen && new.hosts == http.hosts);
        if !listens_alike {
            settings.mark_changed();
            return;
        }
        match Tokens::read(&Keys { settings: &now, secrets: &shared.parts.secrets }).await {
            Ok(tokens) => drop(state.send_replace(Some(Arc::new(((*now).clone(), tokens))))),
            Err(problem) => {
                state.send_replace(None);
                shared.issue(Issue::Http, Some(Cause { why: problem.message, hint: problem.hint }));
            }
        }
    }
}

/// The daemon as the API sees it.
struct Daemon<N, S>(Arc<Shared<N, S>>);

impl<N: Notifier, S: SecretStore> Process for Daemon<N, S> {
    type Secrets = S;

    fn secrets(&self) -> &S {
        &self.0.parts.secrets
    }

    async fn reader_for(&self, entries: &[Entry]) -> Reader {
        self.0.reader_for(entries).await
    }
}
