//! Runs the API as the settings say, and follows their changes.
//!
//! Invariant: without `[http]` in the settings nothing listens and nothing wakes up; a token that is no longer in the settings is
//! refused at once, also on a connection that is open.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{Api, Parts, Process, Tokens};
use crate::app::Problem;
use crate::app::send::Keys;
use crate::control::http::{Access, HttpServer};
use crate::domain::sending::settings::HttpApi;
use crate::domain::settings::Settings;
use crate::system::clock;

/// The time after which an API that could not be started is tried again.
const RETRY: Duration = Duration::from_mins(1);

/// The state of the API.
#[derive(Debug)]
pub enum Condition {
    /// The settings have no `[http]`.
    Off,
    /// It listens at this address.
    Listening(SocketAddr),
    /// It does not listen, or refuses all requests; it is tried again later.
    Failed(Problem),
}

/// Serves the API. `report` is called when its condition changes, and may end it.
pub async fn serve<P: Process>(
    process: Arc<P>,
    parts: Parts,
    mut settings: watch::Receiver<Arc<Settings>>,
    mut report: impl FnMut(Condition) -> ControlFlow<Problem>,
) -> Problem {
    let (state, in_use) = watch::channel(None);
    loop {
        let now = Arc::clone(&settings.borrow_and_update());
        let Some(http) = now.http.clone() else {
            state.send_replace(None);
            if let ControlFlow::Break(problem) = report(Condition::Off) {
                return problem;
            }
            // The sender lives as long as the process.
            drop(settings.changed().await);
            continue;
        };
        let started = start(&*process, &now, &http).await;
        let (condition, running) = match started {
            Ok((server, address, tokens)) => (Condition::Listening(address), Some((server, tokens))),
            Err(problem) => (Condition::Failed(problem), None),
        };
        if let ControlFlow::Break(problem) = report(condition) {
            return problem;
        }
        if let Some((server, tokens)) = running {
            state.send_replace(Some(Arc::new(((*now).clone(), tokens))));
            let api = Api::new(in_use.clone(), Arc::clone(&process), parts.clone());
            let access = Access { hosts: http.hosts.clone() };
            tokio::select! {
                () = server.serve(access, api) => {}
                () = follow(&*process, &mut settings, &http, &state) => {}
            }
        } else {
            state.send_replace(None);
            tokio::select! {
                _ = settings.changed() => {}
                () = clock::pause(RETRY) => {}
            }
        }
    }
}

async fn start(
    process: &impl Process,
    settings: &Settings,
    http: &HttpApi,
) -> Result<(HttpServer, SocketAddr, Tokens), Problem> {
    let tokens = Tokens::read(&Keys { settings, secrets: process.secrets() }).await?;
    let unusable = |error| Problem::of_system(&format!("{} cannot be used", http.listen), &error);
    let server = HttpServer::bind(http.listen).await.map_err(unusable)?;
    let address = server.address().map_err(unusable)?;
    Ok((server, address, tokens))
}

/// Puts changed settings into use; returns when the API has to be started again.
async fn follow(
    process: &impl Process,
    settings: &mut watch::Receiver<Arc<Settings>>,
    http: &HttpApi,
    state: &watch::Sender<Option<Arc<(Settings, Tokens)>>>,
) {
    while settings.changed().await.is_ok() {
        let now = Arc::clone(&settings.borrow_and_update());
        let listens_alike =
            now.http.as_ref().is_some_and(|new| new.listen == http.listen && new.hosts == http.hosts);
        let has_other_tokens = state.borrow().as_ref().is_some_and(|in_use| {
            let before = &in_use.0;
            before.channels != now.channels
                || before.http.as_ref().map(|http| &http.token) != now.http.as_ref().map(|http| &http.token)
        });
        if has_other_tokens {
            // Reading the new tokens may take a while, and an old one may have been revoked.
            state.send_replace(None);
        }
        let tokens = if listens_alike {
            Tokens::read(&Keys { settings: &now, secrets: process.secrets() }).await.ok()
        } else {
            None
        };
        let Some(tokens) = tokens else {
            // A token that is no longer valid must not be accepted meanwhile. The start reports what is wrong.
            state.send_replace(None);
            settings.mark_changed();
            return;
        };
        state.send_replace(Some(Arc::new(((*now).clone(), tokens))));
    }
}
