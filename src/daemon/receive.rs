//! The message path, in program order.
//!
//! Invariant: the order of [`pass`] is the promise. A message is recorded before it is announced, and
//! recorded before it is deleted on the server; whatever line the process dies at, the next pass finishes
//! the rest. Nothing else in the program records, announces or deletes.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::desktop::{hook, media};
use super::{Shared, Step, Unmarked, acknowledgements};
use crate::app::{Problem, problem};
use crate::domain::account::{Credentials, DeviceId};
use crate::domain::message::{Entry, Known, LONGEST_EMERGENCY, MessageId, Receipt, Seq};
use crate::domain::notification::NotificationId;
use crate::domain::pause::PausedUntil;
use crate::domain::status::Issue;
use crate::engine::announce::{Circumstances, Hearing, Held, Step as Announcement};
use crate::engine::fetch::Reason;
use crate::engine::{inbox, pause};
use crate::ports::{Notifier, SecretStore, ShowError};
use crate::pushover;
use crate::store::{self, OnScreen, PendingAck};
use crate::system::clock;

/// How a pass ended.
pub(super) enum SyncOutcome {
    /// To the end, with this many new messages; `waiting` when something could not be shown.
    Completed { new: usize, waiting: bool },
    /// It broke off.
    Failed(Failure),
}

/// The promise, line by line.
pub(super) async fn pass<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    reason: Reason,
) -> Result<SyncOutcome, Failure> {
    let Some(login) = shared.credentials() else { return Err(Failure::Outdated) };
    let device = &login.device_id;

    let download = unless_interrupted(shared, &login, shared.rest().download(&login)).await?;
    let ids: Vec<MessageId> = download.items.iter().map(|item| item.message.id).collect();
    *shared.account() = download.account;
    shared.step(Step::Received(ids.len()));

    let mut durable = shared.store().known(device, &ids)?;
    let sorted = inbox::sort(download.items, &durable);
    let new: Vec<MessageId> = sorted.new.iter().map(|item| item.message.id).collect();
    if !(sorted.new.is_empty() && sorted.repeated.is_empty()) {
        shared.store().record(device, reason.arrival(), &sorted.new, &sorted.repeated, clock::unix())?;
        shared.issue(Issue::Storage, None);
        shared.step(Step::Recorded(new.clone()));
        hook::offer(shared, device, &sorted.new);
        durable.extend(new.iter().map(|id| (*id, Known::default())));
    }
    settle(shared, sorted.settled).await?;
    // They are on disk, and a large backlog is not to be in memory twice.
    drop(sorted.new);

    let waiting = announce(shared, reason == Reason::Backlog).await?;
    if !shared.store().is_initial_sync_done(device)? {
        // Nothing was outstanding; what comes from now on is news.
        shared.store().mark_initial_sync_done(device, clock::unix())?;
    }

    if let Some(through) = inbox::deletable(&ids, |id| durable.contains_key(&id)) {
        delete(shared, &login, through).await?;
        shared.store().mark_deleted_through(device, through, clock::unix())?;
        shared.step(Step::Deleted(through));
    }
    Ok(SyncOutcome::Completed { new: new.len(), waiting })
}

/// One pass without a daemon; says how many messages were new.
pub(super) async fn pass_once<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> Result<usize, Problem> {
    let what = "the outstanding messages could not be fetched";
    match pass(shared, Reason::Backlog).await {
        Ok(SyncOutcome::Completed { new, .. }) => Ok(new),
        Ok(SyncOutcome::Failed(failure)) | Err(failure) => Err(match failure {
            Failure::Service(error) | Failure::Undeleted(error) => problem::of_service(what, &error),
            Failure::Storage(error) => error.into(),
            Failure::Stopped | Failure::Outdated => Problem::new(what, "it was interrupted"),
        }),
    }
}

/// Notes the emergencies that were acknowledged elsewhere, and takes their notifications off the screen.
async fn settle<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    settled: Vec<Receipt>,
) -> Result<(), store::Error> {
    for receipt in settled {
        shared.store().mark_acknowledged(&receipt, clock::unix())?;
        let notification = shared.announcer().notification_of(&receipt);
        if let Some(notification) = notification {
            shared.notifier().close(notification).await;
        }
    }
    Ok(())
}

/// Deletes on the service, unless it refused to delete exactly this.
///
/// A refusal right after a download with the same login is no verdict on the login, whatever its words.
async fn delete<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    login: &Credentials,
    through: MessageId,
) -> Result<(), Failure> {
    let asked = (login.clone(), through);
    let refused = shared.refused_deletion().clone().filter(|(refused, _)| *refused == asked);
    if let Some((_, why)) = refused {
        return Err(Failure::Undeleted(why));
    }
    let deleted = unless_interrupted(shared, login, shared.rest().delete_through(login, through)).await;
    if let Err(Failure::Service(why)) = &deleted
        && why.is_definite()
    {
        *shared.refused_deletion() = Some((asked, why.clone()));
        return Err(Failure::Undeleted(why.clone()));
    }
    deleted
}

/// Shows what is recorded and not yet announced, what a pause held back first; says whether something is left that
/// could not be shown.
pub(super) async fn announce<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    backlog: bool,
) -> Result<bool, Failure> {
    shared.finish_marks()?;
    shared.adopt_notifications().await;
    let pause = pause_under_way(shared)?;
    let settings = shared.settings();
    let paused = pause.map(|_| settings.break_through);
    let open_links: Vec<_> = settings.open_links.iter().map(String::as_str).collect();
    let circumstances = |first_flush| Circumstances {
        unix: clock::unix(),
        backlog,
        first_flush,
        quiet_hours: shared.account().quiet_hours,
        backlog_policy: settings.backlog,
        emergency: settings.emergency,
        paused,
        open_links: &open_links,
    };
    let preferences = shared.account().sounds.clone();
    shared.announcer().listen(Hearing { setting: shared.settings().sound, preferences });
    let mut refused = None;

    // During a pause what is held back is gone through once for each setting of what breaks through.
    if pause.is_none() || *shared.broken_through() != paused {
        let held = if pause.is_none() { Held::new } else { Held::breaking_through };
        let mut held = held(circumstances(false));
        let reader = shared.reader_for_held().await?;
        shared.store().each_held(|entry| held.add(reader.open(entry)))?;
        let plan = shared.announcer().plan_held(held);
        if follow(shared, plan, &[], pause, &mut refused).await?.is_break() {
            return Ok(true);
        }
        if refused.is_none() {
            *shared.broken_through() = paused;
        }
    }
    let mut by_device: BTreeMap<DeviceId, Vec<Entry>> = BTreeMap::new();
    let waiting = shared.store().unannounced()?;
    let reader = shared.reader_for(&waiting).await;
    for entry in waiting {
        by_device.entry(entry.device.clone()).or_default().push(reader.open(entry));
    }
    for (device, waiting) in by_device {
        let first_flush = !shared.store().is_initial_sync_done(&device)?;
        if first_flush {
            // Before anything is passed over: a crash from here on shows too much rather than too little.
            shared.store().mark_initial_sync_done(&device, clock::unix())?;
        }
        let plan = shared.announcer().plan(&waiting, &circumstances(first_flush));
        if follow(shared, plan, &waiting, pause, &mut refused).await?.is_break() {
            return Ok(true);
        }
    }
    shared.refresh_counts();
    if let Some(refused) = refused {
        return Ok(left_waiting(shared, &refused));
    }
    shared.issue(Issue::Notifications, None);
    Ok(false)
}

/// The pause that there is now; one whose time is over ends here, before what it held back is shown.
fn pause_under_way<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
) -> Result<Option<PausedUntil>, store::Error> {
    let pause = shared.store().pause()?;
    if pause.is_some_and(|until| pause::is_over(until, clock::unix())) {
        shared.store().end_pause()?;
        return Ok(None);
    }
    Ok(pause)
}

/// Does what a plan says, step by step, and marks each; breaks off when the rest has to wait.
async fn follow<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    plan: Vec<Announcement>,
    waiting: &[Entry],
    pause: Option<PausedUntil>,
    refused: &mut Option<ShowError>,
) -> Result<ControlFlow<()>, Failure> {
    let mut patience = media::WaitBudget::new();
    for step in plan {
        let (seqs, mut notification, media, receipt, acknowledge, ticket) = match step {
            Announcement::PassOver { seqs, read } => {
                shared.store().pass_over(&seqs, read, clock::unix())?;
                shared.step(Step::PassedOver(seqs));
                continue;
            }
            Announcement::Hold { seqs } => {
                shared.store().hold(&seqs, clock::unix())?;
                shared.step(Step::Held(seqs));
                continue;
            }
            Announcement::Show { seqs, notification, media, receipt, acknowledge, ticket } => {
                (seqs, notification, media, receipt, acknowledge, ticket)
            }
        };
        let missing = shared.furnish(&mut notification, media, &mut patience).await;
        if shared.stop().is_cancelled() {
            return Err(Failure::Stopped);
        }
        // While the notification before was being shown the user may have paused or resumed: there is a new plan to make.
        if shared.store().pause()? != pause {
            shared.refresh_counts();
            return Ok(ControlFlow::Break(()));
        }
        let id = match shared.notifier().show(&notification).await {
            Ok(id) => id,
            Err(ShowError::Refused(cause)) => {
                // One notification that the server does not like must not hide the others.
                *refused = Some(ShowError::Refused(cause));
                continue;
            }
            Err(absence @ (ShowError::NoServer(_) | ShowError::NoSession(_))) => {
                left_waiting(shared, &absence);
                return Ok(ControlFlow::Break(()));
            }
        };
        let gathered = shared.announcer().shown(id, &seqs, receipt.as_ref(), ticket, clock::unix());
        shared.on_screen.notify_one();
        shared.furnish_later(id, notification, missing);
        let pending = receipt.filter(|_| acknowledge).map(|receipt| pending_ack_for(receipt, waiting));
        shared.mark_shown(id, seqs.clone(), pending)?;
        shared.step(Step::Shown(id, seqs));
        for notification in gathered {
            shared.notifier().close(notification).await;
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn left_waiting<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, failure: &ShowError) -> bool {
    shared.issue(Issue::Notifications, Some(failure.into()));
    shared.refresh_counts();
    true
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    /// Marks what is on the screen as announced, with the request to acknowledge it in the same transaction.
    ///
    /// When the log cannot be written, the mark is kept in memory and made before anything else is shown:
    /// a full disk must not show the same notification at every attempt.
    fn mark_shown(
        &self,
        notification: NotificationId,
        seqs: Vec<Seq>,
        pending: Option<PendingAck>,
    ) -> Result<(), store::Error> {
        let on_screen = self.notifier().server_name().map(|server| {
            let (seqs, _) = self.messages_for(notification);
            OnScreen { server, notification, seqs }
        });
        self.unmarked().push(Unmarked { seqs, on_screen, pending });
        self.finish_marks()
    }

    fn finish_marks(&self) -> Result<(), store::Error> {
        let mut unmarked = self.unmarked();
        while let Some(Unmarked { seqs, on_screen, pending }) = unmarked.first() {
            self.store().mark_announced(seqs, on_screen.as_ref(), pending.as_ref(), clock::unix())?;
            if let Some(pending) = pending.clone() {
                self.tell_acknowledge(acknowledgements::AckCommand::PendingAck(pending, None));
            }
            unmarked.remove(0);
        }
        drop(unmarked);
        let mut unread = self.read_later();
        if !unread.is_empty() {
            self.store().mark_read(&unread, clock::unix())?;
            unread.clear();
        }
        Ok(())
    }
}

/// The request to acknowledge one emergency, good for as long as the service would repeat it.
fn pending_ack_for(receipt: Receipt, waiting: &[Entry]) -> PendingAck {
    let copies = waiting.iter().filter(|entry| entry.message.receipt.as_ref() == Some(&receipt));
    let sent = copies.map(|entry| entry.recorded).max().unwrap_or_else(clock::unix);
    PendingAck { receipt, expires: sent.saturating_add(LONGEST_EMERGENCY) }
}

/// Why a pass broke off.
pub(super) enum Failure {
    Service(pushover::Error),
    /// The service will not delete; the same request is not repeated, so until there is something new.
    Undeleted(pushover::Error),
    Storage(store::Error),
    /// The daemon is stopping.
    Stopped,
    /// The login was changed meanwhile, so that the answer says nothing of the one in use.
    Outdated,
}

impl From<pushover::Error> for Failure {
    fn from(error: pushover::Error) -> Self {
        Self::Service(error)
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Storage(error)
    }
}

/// Waits for the service, but no longer than the daemon runs and the login is in use: whatever was asked is
/// asked again, and an answer to an earlier login says nothing of the one in use.
async fn unless_interrupted<N: Notifier, S: SecretStore, T>(
    shared: &Shared<N, S>,
    login: &Credentials,
    answer: impl Future<Output = Result<T, pushover::Error>>,
) -> Result<T, Failure> {
    let mut changes = shared.login.subscribe();
    if shared.credentials().as_ref() != Some(login) {
        return Err(Failure::Outdated);
    }
    tokio::select! {
        biased;
        () = shared.stop().cancelled() => Err(Failure::Stopped),
        _ = changes.changed() => Err(Failure::Outdated),
        answer = answer => Ok(answer?),
    }
}
