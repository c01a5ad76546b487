//! The task that sends queued messages.
//!
//! Invariant: only this task changes the state of a message in the outbox, so none is sent twice. What is under way when the daemon
//! stops counts as lost.

use std::sync::Arc;
use std::time::Duration;

use crate::app::send::Keys;
use crate::app::send::outbox::{self, Next, Outbox};
use crate::daemon::shared::Shared;
use crate::domain::status::{Cause, Issue, LinkState};
use crate::ports::{Notifier, SecretStore};
use crate::system::clock;

/// The longest time between two tries while the service cannot be reached.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// Sends what is queued until the daemon stops.
pub(in crate::daemon) async fn send<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let Some(outbox) = &shared.parts.outbox else { return shared.stop().cancelled().await };
    shared.stop().run_until_cancelled(send_until_dropped(&shared, outbox)).await;
}

async fn send_until_dropped<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, outbox: &Outbox) {
    if let Err(problem) = outbox::recover(outbox).await {
        tracing::warn!("{problem}");
    }
    let mut tried = 0_u32;
    loop {
        let settings = shared.settings();
        let keys = Keys { settings: &settings, secrets: &shared.parts.secrets };
        let next = outbox::send_waiting(outbox, shared.rest(), &keys).await;
        let cause = match &next {
            Ok(_) => outbox::complaint(outbox).await,
            Err(problem) => Some(Cause { why: problem.message.clone(), hint: problem.hint.clone() }),
        };
        shared.issue(Issue::Outbox, cause);
        match next {
            Ok(Next::Nothing) => {
                tried = 0;
                shared.queued.notified().await;
            }
            Ok(Next::After(wait)) => {
                let wait = wait.max((wait * 2_u32.pow(tried.min(6))).min(LONGEST_WAIT));
                tried += 1;
                tokio::select! {
                    () = clock::pause(wait) => {}
                    // The service can be reached again. What it asked for is waited for all the same.
                    () = connected(shared) => clock::pause(FIRST_WAIT).await,
                }
            }
            Err(_) => {
                tokio::select! {
                    () = clock::pause(LONGEST_WAIT) => {}
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
    // The sender is there as long as the daemon.
    drop(status.wait_for(|status| is_gone(status.link)).await);
    drop(status.wait_for(|status| !is_gone(status.link)).await);
}
