//! What the tasks of the daemon reach each other by.
//!
//! Invariant: all that matters across a crash is in the log, not here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OnceCell, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::desktop::{hook, media, status_notification};
use super::environment::{e2ee, presence, sign_in};
use super::{Parts, Step, acknowledgements, connection, sync};
use crate::domain::account::{Account, Credentials};
use crate::domain::message::MessageId;
use crate::domain::settings::Settings;
use crate::domain::status::{Cause, Issue, Status};
use crate::engine::announce::Announcer;
use crate::engine::{fetch, link};
use crate::ports::{Notifier, SecretStore};
use crate::pushover::Rest;
use crate::store::{PendingAck, Store};
use crate::system::clock;

/// What every task may reach: the parts, the state of the hour, and the others' mailboxes.
pub(super) struct Shared<N, S> {
    pub(super) parts: Parts<N, S>,
    pub(super) status: watch::Sender<Status>,
    pub(super) login: watch::Sender<Option<Credentials>>,
    pub(super) settings: watch::Sender<Arc<Settings>>,
    pub(super) announcer: Mutex<Announcer>,
    /// Filled once the notifications that an earlier process left on the screen are known.
    pub(super) adopted: OnceCell<()>,
    /// What the service last said of the account.
    pub(super) account: Mutex<Account>,
    /// The notification that says how things stand.
    pub(super) state_notification: status_notification::StateNotification,
    /// The key of end-to-end encryption.
    pub(super) cipher: e2ee::Cipher,
    /// The icons and sounds that are being fetched.
    pub(super) errands: media::UnderWay,
    /// Told whenever a whole pass ended well.
    pub(super) downloaded: Notify,
    /// Told whenever the link had to do something, and the computer is awake anyway.
    pub(super) awake: Notify,
    /// When the next unread message expires, unix seconds.
    pub(super) next_expiry: Mutex<Option<i64>>,
    /// Told whenever something new is on the screen or may expire, or the clock may have leapt.
    pub(super) on_screen: Notify,
    pub(super) to_login: mpsc::Sender<sign_in::LoginCommand>,
    pub(super) to_link: mpsc::UnboundedSender<connection::LinkCommand>,
    pub(super) to_sync: mpsc::Sender<sync::SyncCommand>,
    pub(super) to_acknowledge: mpsc::UnboundedSender<acknowledgements::AckCommand>,
    pub(super) to_presence: mpsc::UnboundedSender<presence::PresenceCommand>,
    pub(super) to_hook: mpsc::Sender<MessageId>,
    pub(super) to_media: mpsc::UnboundedSender<media::MediaCommand>,
}

/// The tasks' ends of the mailboxes.
pub(super) struct Mail {
    pub(super) login: mpsc::Receiver<sign_in::LoginCommand>,
    pub(super) link: mpsc::UnboundedReceiver<connection::LinkCommand>,
    pub(super) sync: mpsc::Receiver<sync::SyncCommand>,
    pub(super) acknowledge: mpsc::UnboundedReceiver<acknowledgements::AckCommand>,
    pub(super) presence: mpsc::UnboundedReceiver<presence::PresenceCommand>,
    pub(super) hook: mpsc::Receiver<MessageId>,
    pub(super) media: mpsc::UnboundedReceiver<media::MediaCommand>,
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    pub(super) fn new(parts: Parts<N, S>, login: Option<Credentials>) -> (Self, Mail) {
        let settings = Arc::new(parts.settings.clone());
        let (to_login, login_mail) = mpsc::channel(1);
        let (to_link, link) = mpsc::unbounded_channel();
        // Bounded, since the service can fill it; its reader never waits for anybody, so this cannot lock up.
        let (to_sync, sync) = mpsc::channel(16);
        let (to_acknowledge, acknowledge) = mpsc::unbounded_channel();
        let (to_presence, presence) = mpsc::unbounded_channel();
        let (to_hook, hook) = mpsc::channel(hook::LONGEST_QUEUE);
        let (to_media, media) = mpsc::unbounded_channel();
        let shared = Self {
            parts,
            status: watch::Sender::default(),
            login: watch::Sender::new(login),
            settings: watch::Sender::new(settings),
            announcer: Mutex::default(),
            adopted: OnceCell::new(),
            account: Mutex::default(),
            state_notification: status_notification::StateNotification::default(),
            cipher: e2ee::Cipher::default(),
            errands: media::UnderWay::default(),
            downloaded: Notify::new(),
            awake: Notify::new(),
            next_expiry: Mutex::default(),
            on_screen: Notify::new(),
            to_login,
            to_link,
            to_sync,
            to_acknowledge,
            to_presence,
            to_hook,
            to_media,
        };
        (shared, Mail { login: login_mail, link, sync, acknowledge, presence, hook, media })
    }

    /// The settings as they are now.
    pub(super) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.borrow())
    }

    pub(super) fn store(&self) -> &Store {
        &self.parts.store
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

    pub(super) fn announcer(&self) -> MutexGuard<'_, Announcer> {
        self.announcer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn next_expiry(&self) -> MutexGuard<'_, Option<i64>> {
        self.next_expiry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn step(&self, step: Step) {
        tracing::debug!(?step);
        if let Some(steps) = &self.parts.steps {
            // Whoever listened may have gone.
            drop(steps.send(step));
        }
    }

    pub(super) fn tell_link(&self, input: link::Input) {
        self.tell_link_task(connection::LinkCommand::Input(input));
    }

    pub(super) fn tell_link_task(&self, letter: connection::LinkCommand) {
        // The link task ends only when all do.
        let _ = self.to_link.send(letter);
    }

    pub(super) fn tell_acknowledge(&self, letter: acknowledgements::AckCommand) {
        // Likewise.
        drop(self.to_acknowledge.send(letter));
    }

    pub(super) fn tell_presence(&self, command: presence::PresenceCommand) {
        // The task ends only when all do.
        drop(self.to_presence.send(command));
    }

    pub(super) async fn want(&self, wanted: sync::SyncCommand) {
        // Likewise.
        drop(self.to_sync.send(wanted).await);
    }

    pub(super) async fn want_download(&self, reason: fetch::Reason) {
        self.want(sync::SyncCommand::Download(reason)).await;
    }

    /// Notes a issue in the status, or (`None`) its end.
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
    pub(super) fn refresh_counts(&self) {
        self.note_licence();
        let counts = match self.store().counts(clock::unix()) {
            Ok(counts) => counts,
            // What cannot be read now is counted after the next write, and that one tells of the issue.
            Err(error) => return tracing::warn!("the messages cannot be counted: {error}"),
        };
        let next_expiry = counts.next_expiry;
        if std::mem::replace(&mut *self.next_expiry(), next_expiry) != next_expiry {
            self.on_screen.notify_one();
        }
        let device = self.login.borrow().as_ref().map(|login| login.device_name.clone());
        self.status.send_if_modified(|status| {
            let before = status.clone();
            status.unread = counts.unread;
            status.unacknowledged = counts.unacknowledged;
            status.last_message = counts.last_recorded;
            status.device = device;
            *status != before
        });
    }

    /// Says in the status what the service last said of the licence.
    pub(super) fn note_licence(&self) {
        let registered = self.login.borrow().as_ref().map(|login| login.registered);
        let licence =
            registered.and_then(|registered| self.account().missing_licence(registered, clock::unix()));
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

    /// Makes the request to acknowledge durable and sends it on its way; `told` hears how it ended.
    pub(super) fn request_acknowledgement(
        &self,
        pending: PendingAck,
        told: Option<oneshot::Sender<acknowledgements::Outcome>>,
    ) -> Result<(), crate::store::Error> {
        self.store().request_acknowledgement(&pending, clock::unix())?;
        self.tell_acknowledge(acknowledgements::AckCommand::PendingAck(pending, told));
        self.tell_presence(presence::PresenceCommand::Changed);
        self.refresh_counts();
        Ok(())
    }
}
