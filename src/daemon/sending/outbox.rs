//! The task that sends queued messages.
//!
//! Invariant: it sleeps until something is queued, unless something waits for the service.

use std::sync::Arc;
use std::time::Duration;

use crate::app::send::Keys;
use crate::app::send::outbox::{self, Next, Outbox, Pace};
use crate::daemon::shared::Shared;
use crate::domain::status::{Cause, Issue, LinkState};
use crate::ports::{Notifier, SecretStore};
use crate::system::clock;

/// Sends what is queued until the daemon stops.
pub(in crate::daemon) async fn send<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let Some(outbox) = &shared.parts.outbox else { return shared.stop().cancelled().await };
    shared.stop().run_until_cancelled(send_until_dropped(&shared, outbox)).await;
}

async fn send_until_dropped<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, outbox: &Outbox) {
    let mut pace = Pace::default();
    loop {
        let settings = shared.settings();
        let keys = Keys { settings: &settings, secrets: &shared.parts.secrets };
        let next = outbox::send_waiting(outbox, shared.rest(), &keys).await;
        let cause = match &next {
            Ok(_) => outbox::cause(outbox).await,
            Err(problem) => Some(Cause { why: problem.message.clone(), hint: problem.hint.clone() }),
        };
        shared.issue(Issue::Outbox, cause);
        match (pace.wait_after(&next), next) {
            (None, _) => shared.queued.notified().await,
            (Some(wait), Ok(Next::After(_))) => {
                tokio::select! {
                    () = clock::pause(wait) => {}
                    // The service can be reached again. The pause that it asks for after an outage is still kept.
                    () = connected(shared) => clock::pause(FIRST_WAIT).await,
                }
            }
            (Some(wait), Ok(Next::Nothing) | Err(_)) => {
                tokio::select! {
                    () = clock::pause(wait) => {}
                    () = shared.queued.notified() => {}
                }
            }
        }
    }
}

/// The time after an outage that the service asks for.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// Waits until the connection is made again.
async fn connected<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) {
    let mut status = shared.status.subscribe();
    let is_gone = |link: LinkState| link != LinkState::Connected;
    // The sender lives as long as the daemon.
    drop(status.wait_for(|status| is_gone(status.link)).await);
    drop(status.wait_for(|status| !is_gone(status.link)).await);
}
