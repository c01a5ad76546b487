//! The task that listens to the notification server: what the user did with a notification, and when one, or a message, has had its time.
//!
//! Invariant: only notifications this program has shown are listened to, by this process or one before it. No click but
//! `Acknowledge` acknowledges, and no click on the notification itself takes an emergency off the screen that the user still
//! is to acknowledge there.

use std::sync::Arc;

use crate::daemon::shared::Shared;
use crate::daemon::shared::channels::{LinkCommand, PresenceCommand, SyncCommand};
use crate::desktop::{browser, terminal};
use crate::domain::message::{LONGEST_EMERGENCY, Message, Receipt, Seq};
use crate::domain::notification::{Notification, NotificationAction, NotificationEvent, NotificationId};
use crate::domain::status::{Cause, Issue};
use crate::engine::{announce, link};
use crate::ports::{Notifier, SecretStore};
use crate::store::PendingAck;
use crate::system::clock;

/// Attends to notifications until the daemon stops.
pub(in crate::daemon) async fn attend<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    // A notification server that hangs keeps nobody from ending.
    shared.stop().run_until_cancelled(listen(&shared)).await;
}

async fn listen<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>) -> ! {
    shared.adopt_notifications().await;
    let mut unread = shared.next_expiry.subscribe();
    loop {
        let expiries = [shared.announcer().next_expiry(), *shared.next_expiry.borrow()];
        let next_expiry = expiries.into_iter().flatten().min().map(clock::look_for);
        tokio::select! {
            biased;
            event = shared.notifier().next_event() => {
                shared.state_notification.follow(event);
                take(shared, event).await;
            }
            // What expires first may be another one now.
            () = shared.on_screen.notified() => {}
            // The sender is there as long as the daemon.
            _ = unread.changed() => {}
            () = clock::until(next_expiry) => {}
        }
        close_expired(shared).await;
        shared.count_out_expired();
    }
}

async fn take<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>, event: NotificationEvent) {
    match event {
        NotificationEvent::ActionInvoked(_, NotificationAction::SignIn) => {
            // The notification stays until the sign-in is done, and says how else to do it.
            if let Err(error) = terminal::open(&["setup"]) {
                tracing::warn!("no terminal could be opened: {error}");
            }
        }
        NotificationEvent::ActionInvoked(_, NotificationAction::TakeBack) => {
            shared.send_link(link::Input::TakenBack)
        }
        NotificationEvent::ActionInvoked(id, NotificationAction::Default) => {
            see_to(shared, id, Click::Notification).await
        }
        NotificationEvent::ActionInvoked(id, NotificationAction::OpenLink) => {
            see_to(shared, id, Click::OpenLink).await
        }
        NotificationEvent::ActionInvoked(id, NotificationAction::MarkRead) => {
            see_to(shared, id, Click::MarkRead).await
        }
        NotificationEvent::ActionInvoked(id, NotificationAction::Acknowledge) => {
            let (seqs, receipt) = shared.messages_for(id);
            shared.mark_read(&seqs).await;
            if let Some(receipt) = receipt {
                pending(shared, receipt);
            }
        }
        NotificationEvent::Dismissed(id) => {
            let (seqs, receipt) = shared.messages_for(id);
            shared.announcer().gone(id);
            shared.mark_read(&seqs).await;
            handled(shared, receipt);
        }
        NotificationEvent::Closed(id) => {
            shared.announcer().gone(id);
            shared.to.presence(PresenceCommand::Changed);
        }
        NotificationEvent::ServerAvailable => {
            shared.announcer().forget_all();
            shared.to.presence(PresenceCommand::Changed);
            shared.to.link(LinkCommand::NotificationsReturned);
            shared.to.sync(SyncCommand::Announcement).await;
        }
    }
}

/// Where the user clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Click {
    /// On the notification itself: it opens the link, if there is one that may be opened.
    Notification,
    OpenLink,
    MarkRead,
}

/// Does what a click asks for; the user has seen to the messages then, and the notification goes, unless it is there for an
/// emergency to be acknowledged.
async fn see_to<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>, id: NotificationId, click: Click) {
    let (seqs, receipt) = shared.messages_for(id);
    let is_one_message = receipt.is_some() || seqs.len() == 1;
    let message = seqs.last().copied().filter(|_| is_one_message && click != Click::MarkRead);
    let entry = message.and_then(|seq| match shared.store().entry(seq) {
        Ok(entry) => entry.map(|entry| shared.reader_now().open(entry)),
        Err(error) => {
            tracing::warn!("the message of a notification cannot be read: {error}");
            None
        }
    });
    shared.mark_read(&seqs).await;
    handled(shared, receipt);
    let emergency = shared.settings().emergency;
    let is_done = entry.as_ref().is_none_or(|entry| !announce::is_to_acknowledge(entry, emergency));
    if let Some(link) = entry.and_then(|entry| link_to_open(shared, &entry.message, click)) {
        // It waits for another program, and other notifications are not to wait for that.
        tokio::spawn(open(Arc::clone(shared), link));
    }
    if is_done {
        shared.announcer().gone(id);
        shared.notifier().close(id).await;
    }
}

fn link_to_open<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    message: &Message,
    click: Click,
) -> Option<String> {
    let settings = shared.settings();
    let open_links: Vec<_> = settings.open_links.iter().map(String::as_str).collect();
    match click {
        Click::MarkRead => None,
        Click::Notification => announce::link_of(message, &open_links),
        // The user asked for it, and is told when the settings forbid it now.
        Click::OpenLink => announce::any_link_of(message),
    }
}

/// Opens a link by the settings as they are now; when that fails, a notification shows the address.
async fn open<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>, link: String) {
    let Err(error) = shared.open_link(link).await else { return };
    let notification = Notification::about_handover("A link was not opened", &error.to_string());
    if let Err(error) = shared.notifier().show(&notification).await {
        tracing::warn!("that cannot be shown: {error}");
    }
}

/// Takes off the screen what is not worth showing any more.
async fn close_expired<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) {
    let expired = shared.announcer().expire(clock::unix());
    for id in expired {
        shared.notifier().close(id).await;
    }
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    /// Takes over the notifications that an earlier process left on the screen; done once, whoever asks first.
    pub(in crate::daemon) async fn adopt_notifications(&self) {
        self.adopted.get_or_init(|| self.adopt_what_is_left()).await;
    }

    async fn adopt_what_is_left(&self) {
        let left = match self.store().leftover_notifications() {
            Ok(left) => left,
            Err(error) => return tracing::warn!("the notifications on the screen are not known: {error}"),
        };
        let Some((server, left)) = left.filter(|(_, left)| !left.is_empty()) else { return };
        let ids: Vec<_> = left.iter().map(|notification| notification.id).collect();
        if self.notifier().reattach(&server, &ids).await {
            self.announcer().restore(left);
        }
    }

    /// The messages a notification stands for, and the emergency it is about.
    pub(in crate::daemon) fn messages_for(&self, id: NotificationId) -> (Vec<Seq>, Option<Receipt>) {
        let announcer = self.announcer();
        let (seqs, receipt) = announcer.messages_for(id);
        (seqs.to_vec(), receipt.cloned())
    }

    /// Opens a link by the settings as they are now; it waits for another program.
    pub(in crate::daemon) async fn open_link(&self, link: String) -> Result<(), browser::NotOpened> {
        let (settings, open) = (self.settings(), Arc::clone(&self.parts.opener));
        let outcome = tokio::task::spawn_blocking(move || open(&link, &settings.open_links)).await;
        outcome.unwrap_or(Ok(())).inspect_err(|_address| {
            // The error holds the address: it is for the user's eyes only.
            tracing::warn!("the link of a message was not opened");
        })
    }

    /// Takes off the screen what stands for this message that was just read, and for no other that is still unread.
    pub(in crate::daemon) async fn close_notifications_of_read(&self, seq: Seq) {
        let notifications = self.announcer().notifications_with(seq);
        for notification in notifications {
            let (seqs, _) = self.messages_for(notification);
            // A log that cannot be asked leaves a notification too many.
            if seqs == [seq] || self.store().are_read(&seqs).unwrap_or(false) {
                self.announcer().gone(notification);
                self.notifier().close(notification).await;
            }
        }
    }

    /// Counts what is unread anew when one of it has expired.
    fn count_out_expired(&self) {
        // Taken, so that a log that cannot be read is not asked again at once.
        let unix = clock::unix();
        if self.next_expiry.send_if_modified(|next| next.take_if(|expiry| *expiry <= unix).is_some()) {
            self.refresh_counts();
        }
    }

    /// Marks messages as read by the user, later when it cannot be done now.
    pub(in crate::daemon) async fn mark_read(&self, seqs: &[Seq]) {
        if seqs.is_empty() {
            return;
        }
        match self.store().mark_read(seqs, clock::unix()) {
            Ok(()) => self.refresh_counts(),
            Err(error) => {
                tracing::warn!("what was read is marked later: {error}");
                self.to.sync(SyncCommand::MarkReadLater(seqs.to_vec())).await;
            }
        }
    }
}

/// A person dealt with the notification of this emergency, so somebody is here.
fn handled<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, receipt: Option<Receipt>) {
    if let Some(receipt) = receipt {
        shared.to.presence(PresenceCommand::Handled(receipt));
    }
}

fn pending<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, receipt: Receipt) {
    let expires = clock::unix().saturating_add(LONGEST_EMERGENCY);
    if let Err(error) = shared.request_acknowledgement(PendingAck { receipt, expires }, None) {
        // The notification is gone, but status and `handover acknowledge` still offer it.
        shared.issue(Issue::Acknowledgement, Some(Cause::from(&error)));
    }
}
