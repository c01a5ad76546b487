//! The message path: what happens to a message, from the service to the screen, in program order.
//!
//! Invariant: the order of the steps in [`MessagePath::receive`] keeps the promise. A message is recorded before it is
//! shown, and before it is deleted from the service; wherever the process dies, the next run of the path does the rest.
//! Only a message that cannot be recorded is shown first, and it is neither acknowledged nor deleted until it is
//! recorded. Nothing else in the program records messages, shows their notifications, or deletes them from the service.

use std::mem;
use std::sync::Arc;

use tokio::sync::watch;

use self::page::Position;
use self::plan::{HeldCheck, Pages, PlannedStep, Recorded, RefusedDeletion, ShowOutcome, ToShow, Unmarked};
use self::record::{NotRecorded, record};
use self::unsaved::Unsaved;
use crate::daemon::desktop::showing::Showing;
use crate::daemon::desktop::{hook, media};
use crate::daemon::shared::Shared;
use crate::daemon::shared::channels::{AckCommand, PresenceCommand};
use crate::daemon::shared::parts::Step;
use crate::daemon::sync::outcome::{Failure, SyncOutcome};
use crate::domain::account::{Credentials, DeviceId};
use crate::domain::media::MediaFile;
use crate::domain::message::{MessageId, Receipt, Received, Seq};
use crate::domain::notification::NotificationId;
use crate::domain::status::Issue;
use crate::engine::fetch::Reason;
use crate::ports::{Notifier, SecretStore, ShowError};
use crate::pushover::{self, Part};
use crate::store::{self, OnScreen, PendingAck, Store};
use crate::system::clock;

mod decide;
mod held;
mod leftovers;
mod page;
pub(super) mod plan;
mod record;
mod unsaved;
mod without_log;

/// The path, and its state from one run to the next.
pub(super) struct MessagePath<N, S> {
    shared: Arc<Shared<N, S>>,
    showing: Showing,
    /// Notifications on the screen whose messages could not be marked as announced yet.
    unmarked: Vec<Unmarked>,
    unsaved: Unsaved,
    /// Messages that the user read and that could not be marked as read yet.
    read: Vec<Seq>,
    /// The latest check of the held messages, if all of them were handled as it said.
    held: Option<HeldCheck>,
    refused_deletion: Option<RefusedDeletion>,
    /// The device whose initial sync is known to be done.
    synced: Option<DeviceId>,
    /// The icons and sounds of the messages recorded last.
    media: media::Lookup,
    /// Whether the counts in the status are up to date.
    is_counted: bool,
    /// Whether everything but open emergencies is left to the next process.
    only_emergencies: bool,
}

impl<N: Notifier, S: SecretStore> MessagePath<N, S> {
    pub(super) fn new(shared: Arc<Shared<N, S>>) -> Self {
        Self {
            shared,
            showing: Showing::default(),
            unmarked: Vec::new(),
            unsaved: Unsaved::default(),
            read: Vec::new(),
            held: None,
            refused_deletion: None,
            synced: None,
            media: media::Lookup::default(),
            is_counted: false,
            only_emergencies: false,
        }
    }

    /// A path that shows only open emergencies, for a process that ends soon and cannot react to clicks. If there are
    /// other messages, the initial sync is left open, so that the daemon shows them in one summary.
    pub(super) fn leaving_the_rest(shared: Arc<Shared<N, S>>) -> Self {
        Self { only_emergencies: true, ..Self::new(shared) }
    }

    /// The whole path.
    pub(super) async fn receive(&mut self, reason: Reason) -> Result<SyncOutcome, Failure> {
        let login = self.shared.credentials().ok_or(Failure::Outdated)?;
        let mut recorded = Recorded::default();
        let failure = self.download(&login, reason, &mut recorded).await.err();
        self.shared.check_clock();
        if let Some(why) = recorded.not_saved {
            self.show_unsaved(&login.device_id, &why).await?;
            return Err(Failure::Storage(why));
        }
        // Messages that were recorded before the failure are shown anyway.
        let is_worth_announcing = failure.is_none() || recorded.new > 0;
        let (only_emergencies, first) = (self.only_emergencies, recorded.first_page.take());
        let pages = Pages { only_emergencies, first, ..Pages::default() };
        let waiting = if is_worth_announcing { self.announce_pages(pages).await? } else { false };
        if let Some(failure) = failure {
            // Nothing is deleted after an incomplete download: the service deletes everything up to an id and promises
            // no order, so the missing part may hold lower ids.
            return Err(failure);
        }
        self.finish_initial_sync(&login.device_id).await?;
        self.delete(&login, recorded.deletable.through()).await?;
        Ok(SyncOutcome::Completed { new: recorded.new, waiting })
    }

    /// The part that needs no network: shows messages that are recorded and not announced. Returns whether some could
    /// not be shown.
    pub(super) async fn announce(&mut self) -> Result<bool, Failure> {
        let waiting = self.announce_pages(Pages::default()).await?;
        self.replace_leftovers().await;
        Ok(waiting)
    }

    /// Shows only the emergencies, and decides nothing about other messages.
    async fn announce_emergencies(
        &mut self,
        device: &DeviceId,
        not_saved: Option<&store::Error>,
    ) -> Result<(), Failure> {
        if let Some(why) = not_saved {
            return self.show_unsaved(device, why).await;
        }
        self.announce_pages(Pages { only_emergencies: true, ..Pages::default() }).await.map(drop)
    }

    async fn announce_pages(&mut self, mut pages: Pages) -> Result<bool, Failure> {
        self.is_counted = false;
        self.finish_marks().await?;
        self.take_late_answer().await?;
        let mut outcome = ShowOutcome::AllShown;
        pages.held = self.held.take();
        loop {
            let plan = self.decide(&mut pages).await?;
            match self.show_all(plan.steps, &plan.pause_changes).await? {
                ShowOutcome::AllShown => {}
                // If the server refuses one notification, the others are still shown.
                refused @ ShowOutcome::Refused(_) => outcome = refused,
                rest_waits @ (ShowOutcome::NoServer(_) | ShowOutcome::PauseChanged) => {
                    return Ok(self.report(&rest_waits).await);
                }
            }
            if plan.has_more {
                continue;
            }
            if outcome == ShowOutcome::AllShown && !pages.only_emergencies {
                self.held = pages.held;
            }
            return Ok(self.report(&outcome).await);
        }
    }

    /// Downloads everything and records it as it comes.
    async fn download(
        &mut self,
        login: &Credentials,
        reason: Reason,
        recorded: &mut Recorded,
    ) -> Result<(), Failure> {
        let shared = Arc::clone(&self.shared);
        let mut download = self.unless_interrupted(login, shared.rest().download(login)).await?;
        loop {
            match self.unless_interrupted(login, download.next()).await? {
                Part::Messages(messages) => {
                    self.shared.step(Step::Received(messages.len()));
                    let is_urgent = messages.iter().any(|item| item.message.is_open_emergency());
                    self.media = self.shared.look_up_media(&messages);
                    let next = if download.is_over() { self.first_position() } else { None };
                    let receipts = self.record(login, reason, messages, next, recorded).await?;
                    self.amend_acknowledged_elsewhere(&receipts).await?;
                    let is_large = recorded.not_saved.is_some() && self.unsaved.is_large();
                    if (is_urgent || is_large) && !download.is_over() {
                        // The rest of the download may take hours on a slow line.
                        self.announce_emergencies(&login.device_id, recorded.not_saved.as_ref()).await?;
                    }
                }
                Part::End { account, skipped } => {
                    self.shared.account.send_replace(account);
                    if skipped > 0 {
                        tracing::warn!("{skipped} items of a download are too large to be messages");
                        recorded.deletable.note_unknown();
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Records new messages, and reads the `next` page in the same transaction. The messages are then dropped from
    /// memory, because a backlog may be large. Returns the emergencies that were acknowledged elsewhere.
    async fn record(
        &mut self,
        Credentials { device_id: device, .. }: &Credentials,
        reason: Reason,
        downloaded: Vec<Received>,
        next: Option<Position>,
        recorded: &mut Recorded,
    ) -> Result<Vec<Receipt>, Failure> {
        let (to, arrival) = (device.clone(), reason.arrival());
        let (live, gave_up) = (self.unsaved.live(), recorded.not_saved.is_some());
        let outcome = self.shared.log(move |log| {
            let batch = record(log, &to, arrival, &live, gave_up, downloaded);
            let is_final = batch.as_ref().is_ok_and(|batch| batch.acknowledged_elsewhere.is_empty());
            // If this fails, the page is read when it is needed.
            let page = next.filter(|_| is_final).and_then(|next| next.read(log).ok());
            Ok(batch.map(|batch| (batch, page)))
        });
        let batch = match outcome.await? {
            Ok((batch, page)) => {
                recorded.first_page = page;
                batch
            }
            Err(NotRecorded { why, ids, new }) => {
                recorded.deletable.add(&ids, |_| false);
                recorded.not_saved = recorded.not_saved.take().or(why);
                self.unsaved.add(device, arrival, clock::unix(), new);
                return Ok(Vec::new());
            }
        };
        self.take_saved(&batch).await?;
        recorded.deletable.add(&batch.ids, |id| batch.durable.contains_key(&id));
        recorded.new += batch.new.len();
        if batch.is_changed {
            self.shared.issue(Issue::Storage, None);
            self.shared.step(Step::Recorded(batch.new.iter().map(|(id, _)| *id).collect()));
            let skipped = hook::offer(&self.shared, batch.is_initial_sync_done, &batch.new);
            recorded.skipped_by_hook += skipped;
            if skipped > 0 {
                hook::report_skipped(&self.shared, recorded.skipped_by_hook);
            }
        }
        Ok(batch.acknowledged_elsewhere)
    }

    /// Makes the marks that an earlier run could not make. This comes before anything is shown; otherwise a full disk
    /// would make the same notification appear at every attempt.
    async fn finish_marks(&mut self) -> Result<(), Failure> {
        while let Some(shown) = self.unmarked.first() {
            self.mark(shown.clone(), self.unmarked.len() == 1).await?;
            let shown = self.unmarked.remove(0);
            self.request_acknowledgement(shown.pending_ack);
            self.shared.to.presence(PresenceCommand::Changed);
        }
        if !self.read.is_empty() {
            let read = self.read.clone();
            self.shared.log(move |log| log.mark_read(&read, clock::unix())).await?;
            self.read.clear();
        }
        Ok(())
    }

    /// Remembers messages that the user read while the message log could not be written.
    pub(super) fn mark_read_later(&mut self, seqs: Vec<Seq>) {
        self.unsaved.note_read(&seqs);
        self.read.extend(seqs.into_iter().filter(|seq| !Unsaved::holds(&[*seq])));
    }

    /// Carries out the steps of a plan in order; stops early if the rest has to wait.
    async fn show_all(
        &mut self,
        steps: Vec<PlannedStep>,
        pause_changes: &watch::Receiver<()>,
    ) -> Result<ShowOutcome, Failure> {
        let mut budget = media::WaitBudget::new();
        let mut outcome = ShowOutcome::AllShown;
        for step in steps {
            match step {
                PlannedStep::Skip { seqs, read } => {
                    let skipped = seqs.clone();
                    self.shared.log(move |log| log.skip(&skipped, read, clock::unix())).await?;
                    self.is_counted = false;
                    self.shared.step(Step::Skipped(seqs));
                }
                PlannedStep::Hold { seqs } => {
                    let held = seqs.clone();
                    self.shared.log(move |log| log.hold(&held, clock::unix())).await?;
                    self.is_counted = false;
                    self.shared.step(Step::Held(seqs));
                }
                PlannedStep::Show(to_show) => match self.show(to_show, pause_changes, &mut budget).await? {
                    ShowOutcome::AllShown => {}
                    // If the server refuses one notification, the others are still shown.
                    refused @ ShowOutcome::Refused(_) => outcome = refused,
                    rest_waits @ (ShowOutcome::NoServer(_) | ShowOutcome::PauseChanged) => {
                        return Ok(rest_waits);
                    }
                },
            }
        }
        Ok(outcome)
    }

    /// Shows one notification, marks its messages as announced, and requests the acknowledgement of an emergency.
    async fn show(
        &mut self,
        mut to_show: Box<ToShow>,
        pause_changes: &watch::Receiver<()>,
        budget: &mut media::WaitBudget,
    ) -> Result<ShowOutcome, Failure> {
        let media = mem::take(&mut to_show.media);
        let found = self.media.found().await;
        let missing_icon = self.shared.attach_media(&mut to_show.notification, media, found, budget).await;
        if self.shared.stop().is_cancelled() {
            return Err(Failure::Stopped);
        }
        // If the user paused or resumed while the previous notification was being shown, a new plan is needed.
        if pause_changes.has_changed().unwrap_or(false) {
            return Ok(ShowOutcome::PauseChanged);
        }
        self.close_counted(&mut to_show).await;
        match self.showing.show(&self.shared, to_show).await {
            Ok((id, shown)) => self.note_shown(id, *shown, missing_icon).await?,
            Err(why @ ShowError::Refused(_)) => return Ok(ShowOutcome::Refused(why)),
            Err(why @ (ShowError::NoServer(_) | ShowError::NoSession(_))) => {
                return Ok(ShowOutcome::NoServer(why));
            }
        }
        Ok(ShowOutcome::AllShown)
    }

    /// Closes the notifications that this one replaces with a count. Their messages stay unread, so nothing is lost if
    /// this one cannot be shown.
    async fn close_counted(&self, to_show: &mut ToShow) {
        if self.showing.is_waiting() {
            // The notification will not be sent now.
            return;
        }
        for id in to_show.tracking.take_counted(to_show.notification.replaces) {
            let id = {
                let mut announcer = self.shared.announcer();
                let id = announcer.current(id);
                announcer.gone(id);
                id
            };
            self.shared.notifier().close(id).await;
        }
    }

    /// Remembers a notification that is on the screen, and its messages.
    async fn note_shown(
        &mut self,
        id: NotificationId,
        shown: ToShow,
        missing_icon: Option<MediaFile>,
    ) -> Result<(), Failure> {
        let ToShow { seqs, notification, original, media: _, receipt, pending_ack, read, tracking } = shown;
        let replaces = notification.replaces;
        let superseded = self.shared.announcer().shown(id, &seqs, receipt.as_ref(), tracking, clock::unix());
        self.shared.on_screen.notify_one();
        if let Some(mut original) = original {
            original.icon.clone_from(&notification.icon);
            self.unsaved.note_shown(&seqs, id, &original, pending_ack.as_ref(), &read);
        }
        self.shared.add_icon_later(id, notification, missing_icon);
        if !Unsaved::holds(&seqs) {
            let on_screen = self.on_screen(id);
            self.unmarked.push(Unmarked { seqs: seqs.clone(), on_screen, pending_ack, read });
            self.finish_marks().await?;
        }
        self.shared.step(Step::Shown(id, seqs));
        // A notification that it replaced may have the same id.
        for notification in superseded.into_iter().filter(|superseded| Some(*superseded) != replaces) {
            self.shared.notifier().close(notification).await;
        }
        Ok(())
    }

    /// Remembers a notification whose reply came late.
    async fn take_late_answer(&mut self) -> Result<(), Failure> {
        match self.showing.take_answer() {
            Some((id, shown)) => self.note_shown(id, *shown, None).await,
            None => Ok(()),
        }
    }

    fn on_screen(&self, notification: NotificationId) -> Option<OnScreen> {
        let server = self.shared.notifier().server_name()?;
        let (seqs, _) = self.shared.messages_for(notification);
        Some(OnScreen { server, notification, seqs })
    }

    /// Marks messages as announced, and saves the request to acknowledge them in the same transaction; with `count`,
    /// refreshes the counts.
    async fn mark(&mut self, shown: Unmarked, count: bool) -> Result<(), Failure> {
        let Unmarked { seqs, on_screen, pending_ack, read } = shown;
        let unix = self.shared.service_unix();
        let mark = move |log: &Store| {
            log.mark_announced(&seqs, on_screen.as_ref(), pending_ack.as_ref(), &read, clock::unix())?;
            Ok(count.then(|| log.counts(unix)))
        };
        if let Some(counts) = self.shared.log(mark).await? {
            self.shared.take_counts(counts);
            self.is_counted = true;
        }
        Ok(())
    }

    /// Passes on the saved request to acknowledge. The path does not wait for the reply.
    fn request_acknowledgement(&self, pending_ack: Option<PendingAck>) {
        if let Some(pending_ack) = pending_ack {
            self.shared.to.acknowledge(AckCommand::PendingAck(pending_ack, None));
        }
    }

    /// Reports the outcome in the status, and returns whether some messages could not be shown.
    async fn report(&self, outcome: &ShowOutcome) -> bool {
        if !self.is_counted {
            self.shared.refresh_counts().await;
        }
        self.shared.shown.notify_one();
        match outcome {
            ShowOutcome::AllShown => self.shared.issue(Issue::Notifications, None),
            ShowOutcome::Refused(why) | ShowOutcome::NoServer(why) => {
                self.shared.issue(Issue::Notifications, Some(why.into()));
            }
            ShowOutcome::PauseChanged => {}
        }
        *outcome != ShowOutcome::AllShown
    }

    /// Ends the initial sync, also if nothing was outstanding, so that later messages count as new.
    async fn finish_initial_sync(&mut self, device: &DeviceId) -> Result<(), Failure> {
        if self.synced.as_ref() == Some(device) {
            return Ok(());
        }
        let (synced, leaves_the_rest) = (device.clone(), self.only_emergencies);
        let unix = self.shared.service_unix();
        let finish = move |log: &Store| {
            let is_rest = leaves_the_rest && log.counts(unix)?.unannounced > 0;
            if !is_rest && !log.is_initial_sync_done(&synced)? {
                log.mark_initial_sync_done(&synced, clock::unix())?;
            }
            Ok(())
        };
        self.shared.log(finish).await?;
        self.synced = Some(device.clone());
        Ok(())
    }

    /// Deletes from the service, unless it refused exactly this deletion before.
    async fn delete(&mut self, login: &Credentials, through: Option<MessageId>) -> Result<(), Failure> {
        let Some(through) = through else { return Ok(()) };
        if let Some(refused) = &self.refused_deletion
            && (&refused.login, refused.through) == (login, through)
        {
            return Err(Failure::Undeleted(refused.why.clone()));
        }
        let deletion = self.shared.rest().delete_through(login, through);
        match self.unless_interrupted(login, deletion).await {
            // The download with the same login just succeeded, so the refusal is not about the login.
            Err(Failure::Service(why)) if why.is_final() => {
                self.refused_deletion =
                    Some(RefusedDeletion { login: login.clone(), through, why: why.clone() });
                return Err(Failure::Undeleted(why));
            }
            deleted => deleted?,
        }
        let device = login.device_id.clone();
        self.shared.log(move |log| log.mark_deleted_through(&device, through, clock::unix())).await?;
        self.shared.step(Step::Deleted(through));
        Ok(())
    }

    /// Waits for the service, but only while the daemon runs and this login is in use. The request is repeated later,
    /// and a reply to an earlier login says nothing about the current one.
    async fn unless_interrupted<T>(
        &self,
        login: &Credentials,
        answer: impl Future<Output = Result<T, pushover::Error>>,
    ) -> Result<T, Failure> {
        let mut changes = self.shared.login.subscribe();
        if self.shared.credentials().as_ref() != Some(login) {
            return Err(Failure::Outdated);
        }
        tokio::select! {
            biased;
            () = self.shared.stop().cancelled() => Err(Failure::Stopped),
            _ = changes.changed() => Err(Failure::Outdated),
            answer = answer => Ok(answer?),
        }
    }
}
