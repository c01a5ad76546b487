//! The task that serves the HTTP API where the settings ask for it.
//!
//! Invariant: the status says why the API does not run although the settings ask for it.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::app::Problem;
use crate::app::e2ee::Reader;
use crate::app::http_api::{self, Condition, Parts, Process};
use crate::control::{self, Command, Filter, Selection};
use crate::daemon::shared::Shared;
use crate::domain::message::Entry;
use crate::domain::status::{Cause, Issue};
use crate::ports::{Notifier, SecretStore};

/// Serves the API until the daemon stops.
pub(in crate::daemon) async fn serve<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let Some(parts) = shared.parts.http.clone() else { return shared.stop().cancelled().await };
    let parts = Parts { rest: shared.rest().clone(), ..parts };
    let process = Arc::new(Daemon { shared: Arc::clone(&shared), parts: parts.clone() });
    let settings = shared.settings.subscribe();
    let serving = http_api::serve(process, parts, settings, |condition| {
        let cause = match condition {
            Condition::Off => None,
            Condition::Listening(address) => {
                tracing::info!("the HTTP API listens on {address}");
                None
            }
            Condition::Failed(problem) => Some(Cause { why: problem.message, hint: problem.hint }),
        };
        shared.issue(Issue::Http, cause);
        ControlFlow::Continue(())
    });
    shared.stop().run_until_cancelled(serving).await;
}

/// The daemon as the API sees it.
struct Daemon<N, S> {
    shared: Arc<Shared<N, S>>,
    parts: Parts,
}

impl<N: Notifier, S: SecretStore> Process for Daemon<N, S> {
    type Secrets = S;

    fn secrets(&self) -> &S {
        &self.shared.parts.secrets
    }

    async fn reader_for(&self, entries: &[Entry]) -> Reader {
        self.shared.reader_for(entries).await
    }

    async fn mark_read(&self, filter: Filter) -> Result<(), Problem> {
        let command = Command::MarkRead(Selection { filter: Some(filter), ..Selection::default() });
        control::ask(&self.parts.socket, &command).await?;
        Ok(())
    }
}
