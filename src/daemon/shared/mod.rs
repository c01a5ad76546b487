//! What all tasks of the daemon share: the parts, the state that every task reads, and the channels to the other tasks.
//!
//! Invariant: state that only one task needs belongs to that task and is not here. State that every task reads is a
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
use crate::domain::status::{Cause, Issue, LinkState, Status};
use crate::engine::announce::Announcer;
use crate::engine::{fetch, link};
use crate::ports::{Notifier, SecretStore};
use crate::pushover::Rest;
use crate::store::{self, Counts, PendingAck, Store};
use crate::system::clock;
use crate::system::off_thread::off_thread;

pub(super) mod channels;
pub(super) mod circumstances;
pub(super) mod e2ee_key;
pub(super) mod parts;

/// What all tasks share.
pub(super) struct Shared<N, S> {
    pub(super) parts: Parts<N, S>,
    pub(super) status: watch::Sender<Status>,
    pub(super) login: watch::Sender<Option<Credentials>>,
    /// Whether the login has been read, or found to be unreadable.
    pub(super) login_is_read: watch::Sender<bool>,
    pub(super) settings: watch::Sender<Arc<Settings>>,
    /// What the service last said about the account.
    pub(super) account: watch::Sender<Account>,
    /// Notified whenever the user pauses or resumes.
    pub(super) pause_changed: watch::Sender<()>,
    /// How many notification servers have appeared since the start; each one is shown the current reports again.
    pub(super) notification_servers: watch::Sender<u64>,
    /// When the next unread message expires, unix seconds.
    pub(super) next_expiry: watch::Sender<Option<i64>>,
    /// Which notifications are on the screen. A mutex, because both the message path and the task that receives clicks
    /// change it, and neither may wait for the other's I/O. It is never held across an await.
    announcer: Mutex<Announcer>,
    /// Filled once the notifications that an earlier process left on the screen are known.
    pub(super) reattached: OnceCell<()>,
    /// Those of them that have to be replaced once, so that the server reports clicks on them.
    pub(super) to_replace: Mutex<Vec<NotificationId>>,
    /// The notification that shows the status.
    pub(super) status_notification: status_notification::StatusNotification,
    /// The key of end-to-end encryption.
    pub(super) e2ee: E2eeKey,
    /// Notified when autostart was switched on or off.
    pub(super) autostart_changed: Notify,
    /// Notified when something new is on the screen, or the clock may have jumped.
    pub(super) on_screen: Notify,
    /// Notified when the message path has shown something, which the status alone does not tell after a repeated
    /// emergency.
    pub(super) shown: Notify,
    /// Notified when messages were deleted from the message log.
    pub(super) deleted: Notify,
    /// Notified whenever a message was queued, to be sent later.
    pub(super) queued: Notify,
    pub(super) to: Senders,
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    pub(super) fn new(parts: Parts<N, S>, login: Option<Credentials>) -> (Self, Receivers) {
        let settings = Arc::new(parts.settings.clone());
        let (to, receivers) = channels::open();
        let shared = Self {
            parts,
            // The login may still have to be read, so it is not known yet that nobody is signed in.
            status: watch::Sender::new(Status {
                link: LinkState::Connecting,
                since: clock::unix(),
                ..Status::default()
            }),
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
            queued: Notify::new(),
            to,
        };
        (shared, receivers)
    }

    /// The current settings.
    pub(super) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.borrow())
    }

    /// Reads or changes the message log on a helper thread, so that a slow disk or another process holds up nothing
    /// else. Dropping the future does not cancel the work.
    pub(super) async fn log<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, store::Error> {
        let store = Arc::clone(&self.parts.store);
        off_thread(move || work(&store)).await
    }

    /// Follows the number of the latest event in the message log.
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

    /// The login, for a command that may come before it was read: waits until it is.
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
            // The listener may be gone.
            drop(steps.send(step));
        }
    }

    pub(super) fn send_link(&self, input: link::Input) {
        self.to.link(LinkCommand::Input(input));
    }

    pub(super) async fn request_download(&self, reason: fetch::Reason) {
        self.to.sync(SyncCommand::Download(reason)).await;
    }

    /// The service's time, in unix seconds, which decides what is expired and how old an emergency is. Before the
    /// service's first response, this is this computer's time.
    pub(super) fn service_unix(&self) -> i64 {
        self.rest().service_time().unwrap_or_else(clock::unix)
    }

    /// Updates the issue in the status that this computer's clock is off.
    pub(super) fn check_clock(&self) {
        if let Some(service_time) = self.rest().service_time() {
            self.issue(Issue::Clock, wrong_clock(clock::unix().saturating_sub(service_time)));
            // The next expiry depends on it.
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

    /// Refreshes the counts in the status, and the days left without a licence.
    pub(super) async fn refresh_counts(&self) {
        let unix = self.service_unix();
        let counts = self.log(move |log| log.counts(unix)).await;
        self.take_counts(counts);
    }

    /// Shows the counts in the status.
    pub(super) fn take_counts(&self, counts: Result<Counts, store::Error>) {
        self.note_licence();
        let counts = match counts {
            Ok(counts) => counts,
            // They are counted again after the next write, which also reports the issue.
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

    /// Saves the request to acknowledge, then passes it on to be sent.
    pub(super) async fn request_acknowledgement(&self, pending: PendingAck) -> Result<(), store::Error> {
        let request = pending.clone();
        self.log(move |log| log.request_acknowledgement(&request, clock::unix())).await?;
        self.send_acknowledgement(pending, None).await;
        Ok(())
    }

    /// Passes on a request of the user to be sent; `caller` gets the outcome. The request is saved, unless the disk
    /// cannot be written.
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
