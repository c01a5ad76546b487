//! The task that maintains the message log: it holds this computer's lease, completes the index of words, deletes
//! messages that the settings do not keep, and frees their disk space.
//!
//! Invariant: a step takes a few milliseconds, and other work is done between two steps. Work that is unfinished when
//! the process ends continues after the next start.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::restart;
use super::shared::Shared;
use crate::domain::settings::Keep;
use crate::domain::status::{Cause, Issue, LinkState};
use crate::ports::{Notifier, SecretStore};
use crate::store::{self, Store};
use crate::system::clock;

/// How long this waits for the connection, so as not to slow down the start.
const DELAY: Duration = Duration::from_secs(30);

/// The pause between two steps.
const PAUSE: Duration = Duration::from_millis(20);

/// How often to look for messages that are too old.
const INTERVAL: Duration = Duration::from_hours(1);

/// How often the lease is renewed: a third of the time after which another computer may take it.
const RENEWAL: Duration = Duration::from_mins(5);

/// After how many events new messages are put into the index of words: a few dozen messages.
const UNINDEXED_EVENTS: i64 = 64;

/// How long a stopping daemon waits for the lease to be released.
const LAST_RELEASE: Duration = Duration::from_millis(300);

/// The most messages that one step deletes.
pub(super) const DELETED_PER_STEP: usize = 10;

/// Works until the daemon stops.
pub(super) async fn run<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let work = async {
        let mut status = shared.status.subscribe();
        let connected = status.wait_for(|status| status.link == LinkState::Connected);
        // Continue either way, connected or not; the sender lives as long as the daemon.
        drop(timeout(DELAY, connected).await);
        tokio::join!(hold_lease(&shared), keep_index_complete(&shared), keep_tidy(&shared))
    };
    shared.stop().run_until_cancelled(async { tokio::join!(work, restart_to_repair(&shared)) }).await;
    // A disk that hangs must not keep the daemon from stopping.
    match timeout(LAST_RELEASE, shared.log(Store::release_lease)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("other computers have to wait until the lease ends: {error}"),
        Err(_elapsed) => tracing::debug!("other computers have to wait until the lease ends"),
    }
}

/// Starts the program again when the message log turns out to be damaged, so that the start repairs it. If that is not
/// possible or would be of no use, messages are shown without being saved.
async fn restart_to_repair<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) {
    // The sender is there as long as the daemon.
    drop(shared.parts.store.damage().wait_for(|is_damaged| *is_damaged).await);
    match shared.log(Store::request_check).await {
        Ok(true) => restart::restart(&"the message log is damaged", "messages are shown without being saved"),
        Ok(false) => {}
        Err(error) => tracing::warn!("the message log cannot be repaired: {error}"),
    }
}

/// Keeps the lease, which tells other computers that share the folder that this one uses the message log.
async fn hold_lease<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) {
    loop {
        match shared.log(|log| log.renew_lease(clock::unix())).await {
            Ok(()) => {}
            Err(error @ store::Error::InUse { .. }) => {
                shared.issue(Issue::Storage, Some(Cause::from(&error)));
            }
            Err(error) => tracing::warn!("other computers cannot be told that this one is running: {error}"),
        }
        clock::pause(RENEWAL).await;
    }
}

/// Adds new messages to the index of words; recording them does not wait for that.
async fn keep_index_complete<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) {
    let mut events = shared.latest_event();
    loop {
        let latest = *events.borrow_and_update();
        if let Err(error) = complete_index(shared).await {
            tracing::warn!("searches are slower, because the index could not be completed: {error}");
            clock::pause(INTERVAL).await;
        } else if events.wait_for(|event| *event >= latest + UNINDEXED_EVENTS).await.is_err() {
            return;
        }
    }
}

async fn complete_index<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> Result<(), store::Error> {
    while shared.log(Store::complete_index).await? {
        clock::pause(PAUSE).await;
    }
    Ok(())
}

async fn keep_tidy<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) {
    let mut settings = shared.settings.subscribe();
    loop {
        let keep = settings.borrow_and_update().keep;
        if let Err(error) = tidy_up(shared, keep).await {
            tracing::warn!("the message log could not be tidied up yet: {error}");
        }
        tokio::select! {
            () = clock::pause(INTERVAL), if keep != Keep::Forever => {}
            () = shared.deleted.notified() => {}
            _ = settings.changed() => {}
        }
    }
}

async fn tidy_up<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, keep: Keep) -> Result<(), store::Error> {
    delete_outdated(shared, keep).await?;
    while shared.log(Store::shrink).await? {
        clock::pause(PAUSE).await;
    }
    Ok(())
}

async fn delete_outdated<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    keep: Keep,
) -> Result<(), store::Error> {
    let outdated = shared.log(move |log| log.outdated(keep, clock::unix())).await?;
    let Some(mut outdated) = outdated else { return Ok(()) };
    let mut deleted = 0;
    loop {
        let next = shared.log(move |log| {
            let seqs = log.next_outdated(&mut outdated, clock::unix())?;
            Ok((seqs, outdated))
        });
        let (seqs, rest) = next.await?;
        outdated = rest;
        let Some(seqs) = seqs else { break };
        for seqs in seqs.chunks(DELETED_PER_STEP) {
            let step = seqs.to_vec();
            deleted += shared.log(move |log| log.delete_messages(&step, clock::unix())).await?;
            shared.close_notifications_of_read(&seqs.iter().copied().collect::<BTreeSet<_>>()).await;
            clock::pause(PAUSE).await;
        }
    }
    if deleted > 0 {
        tracing::info!("{deleted} messages were deleted, as the setting `keep` says");
        shared.refresh_counts().await;
    }
    Ok(())
}
