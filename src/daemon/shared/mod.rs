//! What every task of the daemon may reach: the parts, what everybody reads, and the channels to the other tasks.
//!
//! Invariant: a piece of state that one task changes belongs to that task and is not here. What everybody reads is a
//! `watch`. Everything that has to survive a crash is in the message log.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OnceCell, oneshot, watch};
use tokio_util::sync::CancellationToken;

use self::channels::{AckCommand, AckOutcome, LinkCommand, PresenceCommand, Receivers, Senders, SyncCommand};
use self::e2ee_key::E2eeKey;
use self::parts::{Parts, Step};
use super::desktop::status_notification;
use crate::app::problem::wrong_clock;
use crate::domain::account::{Account, Credentials};
use crate::domain::notification::NotificationId;
use crate::domain::settings::Settings;
use crate::domain::status::{Cause, Issue, Status};
use crate::engine::announce::Announcer;
use crate::engine::{fetch, link};
use crate::ports::{Notifier, SecretStore};
use crate::pushover::Rest;
use crate::store::{self, Counts, PendingAck, Store};
use crate::system::clock;
use crate::system::off_thread::off_thread;

pub(super) mod channels;
pub(super) mod e2ee_key;
pub(super) mod parts;

/// What every task may reach.
pub(super) struct Shared<N, S> {
    pub(super) parts: Parts<N, S>,
    pub(super) status: watch::Sender<Status>,
    pub(super) login: watch::Sender<Option<Credentials>>,
    /// Whether the login was read, or found to be unreadable.
    pub(super) login_is_read: watch::Sender<bool>,
    pub(super) settings: watch::Sender<Arc<Settings>>,
    /// What the service last said about the account.
    pub(super) account: watch::Sender<Account>,
    /// Notified whenever the user pauses or resumes.
    pub(super) pause_changed: watch::Sender<()>,
    /// How many notification servers came since the start: each has to be shown what is still true.
    pub(super) notification_servers: watch::Sender<u64>,
    /// When the next unread message expires, unix seconds.
    pub(super) next_expiry: watch::Sender<Option<i64>>,
    /// Which notifications are on the screen. A mutex, because the message path changes it when it shows a notification, and
    /// the task that receives clicks when one is closed, and neither may wait until the other has finished its I/O. It is
    /// never held across an await.
    announcer: Mutex<Announcer>,
    /// Filled once the notifications that an earlier process left on the screen are known.
    pub(super) reattached: OnceCell<()>,
    /// Those of them that have to be replaced once, so that clicks on them are reported.
    pub(super) to_replace: Mutex<Vec<NotificationId>>,
    /// The notification that shows the status.
    pub(super) status_notification: status_notification::StatusNotification,
    /// The key of end-to-end encryption.
    pub(super) e2ee: E2eeKey,
    /// Notified when this program switched its start at login on or off.
    pub(super) autostart_changed: Notify,
    /// Notified whenever something new is on the screen, or the clock may have leapt.
    pub(super) on_screen: Notify,
    /// Notified whenever the message path has shown what it could: the status may be the same after a repeated emergency.
    pub(super) shown: Notify,
    /// Notified whenever messages were deleted from the message log.
    pub(super) deleted: Notify,
    pub(super) to: Senders,
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    pub(super) fn new(parts: Parts<N, S>, login: Option<Credentials>) -> (Self, Receivers) {
        let settings = Arc::new(parts.settings.clone());
        let (to, receivers) = channels::open();
        let shared = Self {
            parts,
            status: watch::Sender::default(),
            login_is_read: watch::Sender::new(login.is_some()),
            login: watch::Sender::new(login),
            settings: watch::Sender::new(settings),
            account: watch::Sender::default(),
            pause_changed: watch::Sender::default(),
            notification_servers: watch::Sender::default(),
            next_expiry: watch::Sender::default(),
            announcer: Mutex::default(),
            reattached: OnceCell::new(),
            to_replace: Mutex::default(),
            status_notification: status_notification::StatusNotification::default(),
            e2ee: E2eeKey::default(),
            autostart_changed: Notify::new(),
            on_screen: Notify::new(),
            shown: Notify::new(),
            deleted: Notify::new(),
            to,
        };
        (shared, receivers)
    }

    /// The settings as they are now.
    pub(super) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.borrow())
    }

    /// Reads or changes the message log, on a thread that may wait for the disk or for another process: nothing else in
    /// the daemon is held up meanwhile. Not cancelled when it is dropped: what has begun is finished.
    pub(super) async fn log<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, store::Error> {
        let store = Arc::clone(&self.parts.store);
        off_thread(move || work(&store)).await
    }

    /// The number of the latest event in the message log, as it changes.
    pub(super) fn latest_event(&self) -> watch::Receiver<i64> {
        self.parts.store.latest_event()
    }

    pub(super) fn rest(&self) -> &Rest {
        &self.parts.rest
    }

    pub(super) fn notifier(&self) -> &N {
        &self.parts.notifier
    }

    pub(super) fn stop(&self) -> &CancellationToken {
        &self.parts.stop
    }

    pub(super) fn credentials(&self) -> Option<Credentials> {
        self.login.borrow().clone()
    }

    /// The same for a command, which may come before the login was read.
    pub(super) async fn credentials_once_read(&self) -> Option<Credentials> {
        // The sender is there as long as the daemon.
        drop(self.login_is_read.subscribe().wait_for(|is_read| *is_read).await);
        self.credentials()
    }

    pub(super) fn announcer(&self) -> MutexGuard<'_, Announcer> {
        self.announcer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn step(&self, step: Step) {
        tracing::debug!(?step);
        if let Some(steps) = &self.parts.steps {
            // The listener may have gone.
            drop(steps.send(step));
        }
    }

    pub(super) fn send_link(&self, input: link::Input) {
        self.to.link(LinkCommand::Input(input));
    }

    pub(super) async fn request_download(&self, reason: fetch::Reason) {
        self.to.sync(SyncCommand::Download(reason)).await;
    }

    /// The time by the service's clock, unix seconds: what expires and how old an emergency is goes by it. Until the service
    /// responds, this computer's clock has to do.
    pub(super) fn service_unix(&self) -> i64 {
        self.rest().service_time().unwrap_or_else(clock::unix)
    }

    /// Says in the status how far this computer's clock is off, or that it is right (again).
    pub(super) fn check_clock(&self) {
        if let Some(service_time) = self.rest().service_time() {
            self.issue(Issue::Clock, wrong_clock(clock::unix().saturating_sub(service_time)));
            // What expires next goes by it.
            self.on_screen.notify_one();
        }
    }

    /// Sets an issue in the status, or (`None`) removes it.
    pub(super) fn issue(&self, issue: Issue, cause: Option<Cause>) {
        self.status.send_if_modified(|status| {
            let before = status.issues.clone();
            if let Some(cause) = &cause
                && !before.iter().any(|known| known.0 == issue && known.1 == *cause)
            {
                tracing::warn!("{}", issue.sentence(&cause.why));
            }
            status.set_issue(issue, cause);
            status.issues != before
        });
    }

    /// Counts again what waits for the user, and the days that a missing licence leaves.
    pub(super) async fn refresh_counts(&self) {
        let unix = self.service_unix();
        let counts = self.log(move |log| log.counts(unix)).await;
        self.take_counts(counts);
    }

    /// Shows in the status what was counted.
    pub(super) fn take_counts(&self, counts: Result<Counts, store::Error>) {
        self.note_licence();
        let counts = match counts {
            Ok(counts) => counts,
            // What cannot be read now is counted after the next write, and that one reports the issue.
            Err(error) => return tracing::warn!("the messages cannot be counted: {error}"),
        };
        let next_expiry = counts.next_expiry;
        self.next_expiry.send_if_modified(|next| std::mem::replace(next, next_expiry) != next_expiry);
        let device = self.login.borrow().as_ref().map(|login| login.device_name.clone());
        self.status.send_if_modified(|status| {
            let before = status.clone();
            status.unread = counts.unread;
            status.unacknowledged = counts.unacknowledged;
            status.pending_acks = counts.pending_acks;
            status.last_message = counts.last_recorded;
            status.device = device;
            *status != before
        });
    }

    /// Shows in the status what the service last said about the licence.
    pub(super) fn note_licence(&self) {
        let registered = self.login.borrow().as_ref().map(|login| login.registered);
        let licence = registered
            .and_then(|registered| self.account.borrow().missing_licence(registered, clock::unix()));
        self.status.send_if_modified(|status| {
            let before = std::mem::replace(&mut status.licence, licence);
            if before.is_none()
                && let Some(licence) = licence
            {
                tracing::warn!("{licence}");
            }
            before != licence
        });
    }

    /// Makes the request to acknowledge durable and has it sent.
    pub(super) async fn request_acknowledgement(&self, pending: PendingAck) -> Result<(), store::Error> {
        let request = pending.clone();
        self.log(move |log| log.request_acknowledgement(&request, clock::unix())).await?;
        self.send_acknowledgement(pending, None).await;
        Ok(())
    }

    /// Has a request sent that the user made; `caller` gets the outcome. It is durable, unless the disk does not take it.
    pub(super) async fn send_acknowledgement(
        &self,
        pending: PendingAck,
        caller: Option<oneshot::Sender<AckOutcome>>,
    ) {
        self.to.acknowledge(AckCommand::PendingAck(pending, caller));
        self.to.presence(PresenceCommand::Changed);
        self.refresh_counts().await;
    }
}
