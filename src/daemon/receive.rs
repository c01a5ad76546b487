//! The message path: what happens to a message, from the service to the screen, in program order.
//!
//! Invariant: the order of the steps in [`MessagePath::receive`] is the promise. A message is recorded before it is
//! shown, and recorded before it is deleted from the service; wherever the process dies, the next run of the path does
//! the rest. Nothing else in the program records a message, shows the notification of one, or deletes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::desktop::showing::Showing;
use super::desktop::{hook, media};
use super::pause::current_pause;
use super::plan::{Plan, PlannedStep, Recorded, RefusedDeletion, ShowOutcome, ToShow, Unmarked};
use super::shared::Shared;
use super::shared::channels::{AckCommand, LateIcon, PresenceCommand};
use super::shared::parts::Step;
use super::sync::outcome::{Failure, SyncOutcome};
use crate::domain::account::{Credentials, DeviceId};
use crate::domain::media::MediaFile;
use crate::domain::message::{Entry, KnownMessage, MessageId, Priority, Receipt, Received, Seq};
use crate::domain::notification::NotificationId;
use crate::domain::pause::PausedUntil;
use crate::domain::status::Issue;
use crate::engine::announce::HeldMessages;
use crate::engine::fetch::Reason;
use crate::engine::inbox;
use crate::engine::policy::Circumstances;
use crate::ports::{Notifier, SecretStore, ShowError};
use crate::pushover::{self, Part};
use crate::store::{OnScreen, PendingAck};
use crate::system::clock;

/// The path, and what it remembers from one run to the next.
pub(super) struct MessagePath<N, S> {
    shared: Arc<Shared<N, S>>,
    showing: Showing,
    /// Notifications on the screen whose messages could not be marked as announced yet.
    unmarked: Vec<Unmarked>,
    /// Messages that the user read and that could not be marked as read yet.
    read: Vec<Seq>,
    /// The lowest priority that broke through the pause when the held messages were last checked.
    broke_through: Option<Priority>,
    refused_deletion: Option<RefusedDeletion>,
}

impl<N: Notifier, S: SecretStore> MessagePath<N, S> {
    pub(super) fn new(shared: Arc<Shared<N, S>>) -> Self {
        Self {
            shared,
            showing: Showing::default(),
            unmarked: Vec::new(),
            read: Vec::new(),
            broke_through: None,
            refused_deletion: None,
        }
    }

    /// The whole path.
    pub(super) async fn receive(&mut self, reason: Reason) -> Result<SyncOutcome, Failure> {
        let login = self.shared.credentials().ok_or(Failure::Outdated)?;
        let mut recorded = Recorded::default();
        let failure = self.download(&login, reason, &mut recorded).await.err();
        self.shared.check_clock();
        // What came whole before the failure is shown all the same.
        let is_worth_announcing = failure.is_none() || recorded.new > 0;
        let waiting = if is_worth_announcing { self.announce().await? } else { false };
        if let Some(failure) = failure {
            return Err(failure);
        }
        self.finish_initial_sync(&login.device_id)?;
        self.delete(&login, recorded.deletable.through()).await?;
        Ok(SyncOutcome::Completed { new: recorded.new, waiting })
    }

    /// The part that needs no network: shows messages that are recorded and not announced. Returns whether some of them could
    /// not be shown.
    pub(super) async fn announce(&mut self) -> Result<bool, Failure> {
        self.finish_marks()?;
        if let Some((id, shown)) = self.showing.take_answer() {
            self.note_shown(id, *shown, None).await?;
        }
        let plan = self.decide().await?;
        let outcome = self.show_all(plan.pause, plan.steps).await?;
        if outcome == ShowOutcome::AllShown {
            self.broke_through = plan.breaks_through;
        }
        Ok(self.report(&outcome))
    }

    /// Downloads everything and records it as it comes.
    async fn download(
        &self,
        login: &Credentials,
        reason: Reason,
        recorded: &mut Recorded,
    ) -> Result<(), Failure> {
        let mut download = self.unless_interrupted(login, self.shared.rest().download(login)).await?;
        loop {
            match self.unless_interrupted(login, download.next()).await? {
                Part::Messages(messages) => {
                    self.shared.step(Step::Received(messages.len()));
                    let receipts = self.record(&login.device_id, reason, messages, recorded)?;
                    self.close_acknowledged_elsewhere(&receipts).await?;
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

    /// Makes what is new durable. The messages themselves are dropped then: they are on disk, and a large backlog must
    /// not be in memory. Returns the emergencies that were acknowledged elsewhere.
    fn record(
        &self,
        device: &DeviceId,
        reason: Reason,
        downloaded: Vec<Received>,
        recorded: &mut Recorded,
    ) -> Result<Vec<Receipt>, Failure> {
        let ids: Vec<MessageId> = downloaded.iter().map(|item| item.message.id).collect();
        let mut durable = self.shared.store().known(device, &ids)?;
        let sorted = inbox::sort(downloaded, &durable);
        let new: Vec<MessageId> = sorted.new.iter().map(|item| item.message.id).collect();
        recorded.new += new.len();
        if !(sorted.new.is_empty() && sorted.repeated.is_empty()) {
            let arrival = reason.arrival();
            self.shared.store().record(device, arrival, &sorted.new, &sorted.repeated, clock::unix())?;
            self.shared.issue(Issue::Storage, None);
            durable.extend(new.iter().map(|id| (*id, KnownMessage::default())));
            self.shared.step(Step::Recorded(new));
            hook::offer(&self.shared, device, &sorted.new);
        }
        recorded.deletable.add(&ids, |id| durable.contains_key(&id));
        Ok(sorted.acknowledged_elsewhere)
    }

    /// Closes the notifications of emergencies that were acknowledged on another device.
    async fn close_acknowledged_elsewhere(&self, receipts: &[Receipt]) -> Result<(), Failure> {
        for receipt in receipts {
            self.shared.store().mark_acknowledged(receipt, clock::unix())?;
            let notification = self.shared.announcer().notification_of(receipt);
            if let Some(notification) = notification {
                self.shared.notifier().close(notification).await;
            }
        }
        Ok(())
    }

    /// Makes the marks that an earlier run could not make, before anything is shown: a full disk must not show the same
    /// notification at every attempt.
    fn finish_marks(&mut self) -> Result<(), Failure> {
        while let Some(shown) = self.unmarked.first() {
            self.mark(shown)?;
            let shown = self.unmarked.remove(0);
            self.request_acknowledgement(shown.pending_ack);
            self.shared.to.presence(PresenceCommand::Changed);
        }
        if !self.read.is_empty() {
            self.shared.store().mark_read(&self.read, clock::unix())?;
            self.read.clear();
        }
        Ok(())
    }

    /// Takes note of messages that the user read while the message log could not be written.
    pub(super) fn mark_read_later(&mut self, mut seqs: Vec<Seq>) {
        self.read.append(&mut seqs);
    }

    /// Decides what becomes of each message that was not announced: what a pause held back comes first.
    async fn decide(&self) -> Result<Plan, Failure> {
        let shared = &self.shared;
        shared.reattach_notifications().await;
        let pause = current_pause(shared)?;
        let settings = shared.settings();
        let account = shared.account.borrow().clone();
        let breaks_through = pause.map(|_| settings.pause.break_through);
        let open_links: Vec<_> = settings.open_links.iter().map(String::as_str).collect();
        let circumstances = |initial_sync| Circumstances {
            unix: clock::unix(),
            service_unix: shared.service_unix(),
            initial_sync,
            quiet_hours: account.quiet_hours,
            paused: breaks_through,
            backlog: settings.backlog,
            emergency: settings.emergency,
            sound: settings.sound,
            sound_preferences: &account.sounds,
            open_links: &open_links,
        };

        let mut steps = Vec::new();
        // During a pause the held messages are checked once for each value of `break_through`.
        if pause.is_none() || self.broke_through != breaks_through {
            let held = if pause.is_none() { HeldMessages::new } else { HeldMessages::breaking_through };
            let mut held = held(circumstances(false));
            let reader = shared.reader_for_held().await?;
            shared.store().each_held(|entry| {
                if !self.expiry_is_uncertain(&entry) {
                    held.add(reader.open(entry));
                }
            })?;
            let plan = shared.announcer().plan_held(held);
            steps.extend(plan.into_iter().map(|step| PlannedStep::new(step, &[])));
        }
        for (device, unannounced) in self.unannounced_by_device().await? {
            let initial_sync = !shared.store().is_initial_sync_done(&device)?;
            if initial_sync {
                // This comes before anything is skipped: a crash from here on shows too much rather than too little.
                shared.store().mark_initial_sync_done(&device, clock::unix())?;
            }
            let plan = shared.announcer().plan(&unannounced, &circumstances(initial_sync));
            steps.extend(plan.into_iter().map(|step| PlannedStep::new(step, &unannounced)));
        }
        Ok(Plan { steps, pause, breaks_through })
    }

    async fn unannounced_by_device(&self) -> Result<BTreeMap<DeviceId, Vec<Entry>>, Failure> {
        let mut by_device: BTreeMap<DeviceId, Vec<Entry>> = BTreeMap::new();
        let unannounced = self.shared.store().unannounced()?;
        let reader = self.shared.reader_for(&unannounced).await;
        for entry in unannounced.into_iter().filter(|entry| !self.expiry_is_uncertain(entry)) {
            by_device.entry(entry.device.clone()).or_default().push(reader.open(entry));
        }
        Ok(by_device)
    }

    /// Whether a message is expired by this computer's clock alone, which may be wrong: it waits until the service responded.
    fn expiry_is_uncertain(&self, entry: &Entry) -> bool {
        self.shared.rest().service_time().is_none() && entry.message.is_expired(clock::unix())
    }

    /// Takes the steps of a plan in order; ends early when the rest has to wait.
    async fn show_all(
        &mut self,
        pause: Option<PausedUntil>,
        steps: Vec<PlannedStep>,
    ) -> Result<ShowOutcome, Failure> {
        let mut budget = media::WaitBudget::new();
        let mut outcome = ShowOutcome::AllShown;
        for step in steps {
            match step {
                PlannedStep::Skip { seqs, read } => {
                    self.shared.store().skip(&seqs, read, clock::unix())?;
                    self.shared.step(Step::Skipped(seqs));
                }
                PlannedStep::Hold { seqs } => {
                    self.shared.store().hold(&seqs, clock::unix())?;
                    self.shared.step(Step::Held(seqs));
                }
                PlannedStep::Show(to_show) => match self.show(to_show, pause, &mut budget).await? {
                    ShowOutcome::AllShown => {}
                    // One notification that the server refuses must not hide the others.
                    refused @ ShowOutcome::Refused(_) => outcome = refused,
                    rest_waits @ (ShowOutcome::NoServer(_) | ShowOutcome::PauseChanged) => {
                        return Ok(rest_waits);
                    }
                },
            }
        }
        Ok(outcome)
    }

    /// Shows one notification, marks its messages as announced and requests the acknowledgement.
    async fn show(
        &mut self,
        mut to_show: Box<ToShow>,
        pause: Option<PausedUntil>,
        budget: &mut media::WaitBudget,
    ) -> Result<ShowOutcome, Failure> {
        let media = std::mem::take(&mut to_show.media);
        let missing_icon = self.shared.attach_media(&mut to_show.notification, media, budget).await;
        if self.shared.stop().is_cancelled() {
            return Err(Failure::Stopped);
        }
        // The user may have paused or resumed while the notification before was being shown: that takes a new plan.
        if self.shared.store().pause()? != pause {
            return Ok(ShowOutcome::PauseChanged);
        }
        match self.showing.show(&self.shared, to_show).await {
            Ok((id, shown)) => self.note_shown(id, *shown, missing_icon).await?,
            Err(why @ ShowError::Refused(_)) => return Ok(ShowOutcome::Refused(why)),
            Err(why @ (ShowError::NoServer(_) | ShowError::NoSession(_))) => {
                return Ok(ShowOutcome::NoServer(why));
            }
        }
        Ok(ShowOutcome::AllShown)
    }

    /// Takes note of a notification that is on the screen, and of the messages in it.
    async fn note_shown(
        &mut self,
        id: NotificationId,
        shown: ToShow,
        missing_icon: Option<MediaFile>,
    ) -> Result<(), Failure> {
        let ToShow { seqs, notification, media: _, receipt, pending_ack, tracking } = shown;
        let replaced = self.shared.announcer().shown(id, &seqs, receipt.as_ref(), tracking, clock::unix());
        self.shared.on_screen.notify_one();
        self.shared.add_icon_later(id, notification, missing_icon);
        self.unmarked.push(Unmarked { seqs: seqs.clone(), on_screen: self.on_screen(id), pending_ack });
        self.finish_marks()?;
        self.shared.step(Step::Shown(id, seqs));
        for notification in replaced {
            self.shared.notifier().close(notification).await;
        }
        Ok(())
    }

    fn on_screen(&self, notification: NotificationId) -> Option<OnScreen> {
        let server = self.shared.notifier().server_name()?;
        let (seqs, _) = self.shared.messages_for(notification);
        Some(OnScreen { server, notification, seqs })
    }

    /// Marks messages as announced, with the request to acknowledge them in the same transaction.
    fn mark(&self, shown: &Unmarked) -> Result<(), Failure> {
        let Unmarked { seqs, on_screen, pending_ack } = shown;
        let store = self.shared.store();
        Ok(store.mark_announced(seqs, on_screen.as_ref(), pending_ack.as_ref(), clock::unix())?)
    }

    /// Has the durable request sent; the path does not wait for the answer.
    fn request_acknowledgement(&self, pending_ack: Option<PendingAck>) {
        if let Some(pending_ack) = pending_ack {
            self.shared.to.acknowledge(AckCommand::PendingAck(pending_ack, None));
        }
    }

    /// Reports the outcome in the status, and returns whether some messages could not be shown.
    fn report(&self, outcome: &ShowOutcome) -> bool {
        self.shared.refresh_counts();
        match outcome {
            ShowOutcome::AllShown => self.shared.issue(Issue::Notifications, None),
            ShowOutcome::Refused(why) | ShowOutcome::NoServer(why) => {
                self.shared.issue(Issue::Notifications, Some(why.into()));
            }
            ShowOutcome::PauseChanged => {}
        }
        *outcome != ShowOutcome::AllShown
    }

    /// If nothing was outstanding, the initial sync is done too: what comes from now on is new.
    fn finish_initial_sync(&self, device: &DeviceId) -> Result<(), Failure> {
        if !self.shared.store().is_initial_sync_done(device)? {
            self.shared.store().mark_initial_sync_done(device, clock::unix())?;
        }
        Ok(())
    }

    /// Deletes from the service, unless it refused to delete exactly this before.
    async fn delete(&mut self, login: &Credentials, through: Option<MessageId>) -> Result<(), Failure> {
        let Some(through) = through else { return Ok(()) };
        if let Some(refused) = &self.refused_deletion
            && (&refused.login, refused.through) == (login, through)
        {
            return Err(Failure::Undeleted(refused.why.clone()));
        }
        let deletion = self.shared.rest().delete_through(login, through);
        match self.unless_interrupted(login, deletion).await {
            // Right after a download with the same login, no answer to a deletion is about the login.
            Err(Failure::Service(why)) if why.is_final() => {
                self.refused_deletion =
                    Some(RefusedDeletion { login: login.clone(), through, why: why.clone() });
                return Err(Failure::Undeleted(why));
            }
            deleted => deleted?,
        }
        self.shared.store().mark_deleted_through(&login.device_id, through, clock::unix())?;
        self.shared.step(Step::Deleted(through));
        Ok(())
    }

    /// Waits for the service, but only while the daemon runs and the login is in use: the request is repeated later, and
    /// the answer to an earlier login says nothing about the one in use.
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

    /// Shows a notification once more, silently, now that its icon is here; unless it left the screen or shows other messages
    /// by now.
    pub(super) async fn add_icon(&self, late: LateIcon) {
        let LateIcon { id, notification, seqs } = late;
        if !seqs.is_empty() && self.shared.messages_for(id).0 == seqs {
            self.shared.notifier().update(id, &notification).await;
        }
    }
}
