//! The task that handles what the user does with notifications, and closes them when their messages expire.
//!
//! Invariant: only events of this program's own notifications count, shown by this process or an earlier one. Only the
//! `Acknowledge` button acknowledges, and clicking an emergency's notification does not close it while the user still
//! has to acknowledge it there.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use crate::control::{Command, Reply, Selection};
use crate::daemon::commands;
use crate::daemon::desktop::mute::{self, Span};
use crate::daemon::shared::Shared;
use crate::daemon::shared::channels::{AckCommand, LinkCommand, PresenceCommand, SyncCommand};
use crate::daemon::shared::circumstances::with_circumstances;
use crate::desktop::programs::browser;
use crate::domain::message::{Acknowledgement, Entry, LONGEST_EMERGENCY, Receipt, Seq};
use crate::domain::notification::{
    ActivationToken, Notification, NotificationAction, NotificationEvent, NotificationId,
};
use crate::domain::status::{Cause, Issue};
use crate::domain::text::capitalized;
use crate::engine::announce;
use crate::engine::policy::rules::ruled;
use crate::ports::{Notifier, Reattached, SecretStore};
use crate::store::{self, PendingAck, Store};
use crate::system::clock;

/// Handles events of notifications until the daemon stops.
pub(in crate::daemon) async fn handle_events<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    // A notification server that hangs must not keep the daemon from stopping.
    shared.stop().run_until_cancelled(listen(&shared)).await;
}

async fn listen<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>) -> ! {
    shared.reattach_notifications().await;
    let mut unread = shared.next_expiry.subscribe();
    let mut activation = None;
    // Until the service has responded, this computer's clock decides which emergencies are over.
    let began = (clock::unix(), clock::steady());
    // Whether the messages that expired while no daemon ran have been recorded as expired.
    let mut is_caught_up = false;
    loop {
        if !is_caught_up && shared.record_expired().await {
            is_caught_up = true;
            let assumed =
                began.0.saturating_add_unsigned((clock::steady().saturating_sub(began.1)).as_secs());
            shared.note_missing_if_clock_was_wrong(assumed).await;
        }
        let (next_expiry, next_due) = {
            let announcer = shared.announcer();
            (announcer.next_expiry(), announcer.next_due())
        };
        let next_expiry = [next_expiry, *shared.next_expiry.borrow()].into_iter().flatten().min();
        let next_due = next_due.map(|due| clock::next_check(due, clock::unix()));
        let next_expiry = next_expiry.map(|expiry| clock::next_check(expiry, shared.service_unix()));
        tokio::select! {
            biased;
            event = shared.notifier().next_event() => {
                shared.status_notification.follow(&event);
                handle(shared, event, &mut activation).await;
            }
            // The next expiry may have changed.
            () = shared.on_screen.notified() => {}
            // The sender is there as long as the daemon.
            _ = unread.changed() => {}
            () = clock::until(next_expiry) => {}
            () = clock::until(next_due) => {}
        }
        show_lost_again(shared).await;
        close_expired(shared).await;
        shared.note_expired().await;
    }
}

/// The activation token that arrived for the next click, and the notification it belongs to.
type Activation = Option<(NotificationId, ActivationToken)>;

async fn handle<N: Notifier, S: SecretStore>(
    shared: &Arc<Shared<N, S>>,
    event: NotificationEvent,
    activation: &mut Activation,
) {
    match event {
        NotificationEvent::Activated(id, token) => *activation = Some((id, token)),
        NotificationEvent::ActionInvoked(id, action) => {
            if let Some(span) = Span::of(action) {
                return mute_application(shared, id, span).await;
            }
            let token = activation.take().filter(|(of, _)| *of == id).map(|(_, token)| token);
            let (command, is_done) = command(shared, id, action, token).await;
            let (seqs, receipt) = shared.messages_for(id);
            if action == NotificationAction::Acknowledge && seqs.iter().all(|seq| seq.0 < 0) {
                acknowledge_unsaved(shared, receipt.clone());
            }
            if is_done {
                forget(shared, id);
            }
            // It may wait for another program or the service, which must not delay other notifications.
            tokio::spawn(carry_out(Arc::clone(shared), command));
            if action != NotificationAction::Acknowledge {
                report_handled(shared, receipt);
            }
            if is_done {
                shared.notifier().close(id).await;
            }
        }
        NotificationEvent::Dismissed(id) => {
            let (_, receipt) = shared.messages_for(id);
            let read = read_by_dismissing(shared, id).await;
            forget(shared, id);
            carry_out(Arc::clone(shared), mark_read(&read)).await;
            report_handled(shared, receipt);
        }
        NotificationEvent::Closed(id) => forget(shared, id),
        NotificationEvent::Expired(id) => {
            shared.announcer().lost(id, clock::unix());
            shared.to.presence(PresenceCommand::Changed);
        }
        NotificationEvent::Moved(before, now) => {
            shared.announcer().moved(before, now);
            let moved = shared.log(move |log| log.move_notification(before, now)).await;
            if let Err(error) = moved {
                tracing::warn!("a notification has another id, which could not be saved: {error}");
            }
        }
        NotificationEvent::ServerAvailable => {
            shared.announcer().forget_all(clock::unix());
            shared.to.presence(PresenceCommand::Changed);
            shared.notification_servers.send_modify(|servers| *servers += 1);
            shared.to.link(LinkCommand::NotificationsReturned);
            shared.to.sync(SyncCommand::Announcement).await;
        }
    }
}

/// The messages that count as read when the user dismisses a notification: by default those it showed whole; the
/// setting says all or none.
async fn read_by_dismissing<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    id: NotificationId,
) -> Vec<Seq> {
    let (seqs, receipt) = shared.messages_for(id);
    let settings = shared.settings();
    if let Some(marks_read) = settings.dismiss_marks_read {
        return if marks_read { seqs } else { Vec::new() };
    }
    if let Some(whole) = shared.announcer().shown_whole(id) {
        return whole.to_vec();
    }
    let is_one_message = receipt.is_some() || seqs.len() == 1 || shared.announcer().shows_latest(id);
    let Some(seq) = seqs.last().copied().filter(|_| is_one_message) else {
        return Vec::new();
    };
    match shared.log(move |log| log.entry(seq)).await {
        Ok(Some(entry)) => {
            let is_whole = !is_cut(shared, &shared.reader_now().open(entry));
            if is_whole { seqs } else { Vec::new() }
        }
        // The message is not saved yet; it is marked once it is.
        Ok(None) => seqs,
        Err(error) => {
            tracing::warn!("the message of a notification cannot be read: {error}");
            Vec::new()
        }
    }
}

/// Whether the notification of a message shows only part of its text.
fn is_cut<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, entry: &Entry) -> bool {
    let settings = shared.settings();
    let open_links: Vec<_> = settings.open_links.iter().map(String::as_str).collect();
    announce::reading::is_cut(&entry.message, shared.notifier().text_limit(), &open_links)
}

/// The command for a click, and whether to close the notification: not while it waits for an acknowledgement, nor if it
/// is about this program.
async fn command<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    notification: NotificationId,
    action: NotificationAction,
    token: Option<ActivationToken>,
) -> (Command, bool) {
    let activation_token = token.map(|token| token.as_str().to_owned());
    match action {
        // The notification stays until the sign-in is done: it also says how to sign in without a terminal.
        NotificationAction::SignIn => return (Command::SignIn { activation_token }, false),
        NotificationAction::TakeBack => return (Command::TakeBack, false),
        NotificationAction::Default
        | NotificationAction::OpenLink
        | NotificationAction::ShowText
        | NotificationAction::MarkRead
        | NotificationAction::MuteForAnHour
        | NotificationAction::Mute
        | NotificationAction::Acknowledge => {}
    }
    let (seqs, receipt) = shared.messages_for(notification);
    let is_one_message =
        receipt.is_some() || seqs.len() == 1 || shared.announcer().shows_latest(notification);
    let is_for_reading = shared.announcer().shown_whole(notification).is_some();
    let lists = match action {
        NotificationAction::ShowText => true,
        NotificationAction::Default => !is_for_reading,
        NotificationAction::OpenLink
        | NotificationAction::Acknowledge
        | NotificationAction::MarkRead
        | NotificationAction::SignIn
        | NotificationAction::MuteForAnHour
        | NotificationAction::Mute
        | NotificationAction::TakeBack => false,
    };
    if lists && !is_one_message && !seqs.is_empty() {
        return (show_messages(&seqs), true);
    }
    let found = match seqs.last().copied().filter(|_| is_one_message) {
        Some(seq) => shared.log(move |log| log.entry(seq)).await,
        None => Ok(None),
    };
    let entry = match found {
        Ok(entry) => entry.map(|entry| shared.reader_now().open(entry)),
        Err(error) if action == NotificationAction::Acknowledge => {
            shared.issue(Issue::Acknowledgement, Some(Cause::from(&error)));
            None
        }
        Err(error) => {
            tracing::warn!("the message of a notification cannot be read: {error}");
            None
        }
    };
    let Some(entry) = entry else { return (mark_read(&seqs), action != NotificationAction::Acknowledge) };
    let settings = shared.settings();
    let is_to_acknowledge = with_circumstances(shared, false, None, |circumstances| {
        announce::is_to_acknowledge(&entry, circumstances)
    });
    let is_done = !is_to_acknowledge;
    let open = |explicit| Command::Open { id: entry.message.id.to_string(), explicit, activation_token };
    match action {
        NotificationAction::Acknowledge if is_acknowledged(&entry) => (mark_read(&seqs), false),
        NotificationAction::Acknowledge => (Command::acknowledge(entry.message.id), false),
        // The link was allowed when the button was shown; the user learns that the settings forbid it now.
        NotificationAction::OpenLink => (open(true), is_done),
        NotificationAction::ShowText => (show_messages(&[entry.seq]), is_done),
        NotificationAction::Default if !is_for_reading && is_cut(shared, &entry) => {
            (show_messages(&[entry.seq]), is_done)
        }
        NotificationAction::Default => {
            let open_links: Vec<_> = settings.open_links.iter().map(String::as_str).collect();
            let opens = announce::link_of(&entry.message, &open_links).is_some();
            (if opens { open(false) } else { mark_read(&seqs) }, is_done)
        }
        NotificationAction::MarkRead
        | NotificationAction::SignIn
        | NotificationAction::MuteForAnHour
        | NotificationAction::Mute
        | NotificationAction::TakeBack => (mark_read(&seqs), true),
    }
}

fn is_acknowledged(entry: &Entry) -> bool {
    entry.message.acknowledged || entry.acknowledgement == Acknowledgement::Confirmed
}

fn mark_read(seqs: &[Seq]) -> Command {
    let rows = seqs.iter().map(|seq| seq.0).collect();
    Command::MarkRead(Selection { rows, ..Selection::default() })
}

fn show_messages(seqs: &[Seq]) -> Command {
    let rows = seqs.iter().map(|seq| seq.0).collect();
    Command::ShowMessages(Selection { rows, ..Selection::default() })
}

/// Carries out the command of a click. A link that could not be opened is shown in a notification, so that the user can
/// copy it; other failures are in the status.
async fn carry_out<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>, command: Command) {
    let opens = matches!(command, Command::Open { .. });
    let Reply::Failed { message, .. } = commands::execute(&shared, command).await.into_reply() else {
        return;
    };
    if !opens {
        return tracing::warn!("a click on a notification had no effect: {message}");
    }
    let (what, why) = message.split_once(": ").unwrap_or((&message, ""));
    let notification = Notification::about_handover(&capitalized(what), &capitalized(why));
    if let Err(error) = shared.notifier().show(&notification).await {
        tracing::warn!("the notification about a link that was not opened cannot be shown: {error}");
    }
}

/// Mutes the application of a notification and closes it. Its messages stay unread: nobody has read them.
async fn mute_application<N: Notifier, S: SecretStore>(
    shared: &Arc<Shared<N, S>>,
    id: NotificationId,
    span: Span,
) {
    let (seqs, _) = shared.messages_for(id);
    forget(shared, id);
    shared.notifier().close(id).await;
    if let Some(seq) = seqs.last().copied() {
        // It writes a file and shows a notification, and other clicks are not to wait for that.
        tokio::spawn(mute::mute(Arc::clone(shared), seq, span));
    }
}

/// Forgets a notification that left the screen, and wakes the tasks that wait for a free place there.
fn forget<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, id: NotificationId) {
    shared.announcer().gone(id);
    shared.to.presence(PresenceCommand::Changed);
}

/// Requests that emergencies which the notification server dropped are shown again.
async fn show_lost_again<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) {
    let is_due = shared.announcer().note_due(clock::unix());
    if is_due {
        shared.to.sync(SyncCommand::Announcement).await;
    }
}

/// Closes the notifications of expired messages.
async fn close_expired<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) {
    let expired = shared.announcer().expire(shared.service_unix());
    for id in expired {
        shared.notifier().close(id).await;
    }
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    /// Takes over the notifications that an earlier process left on the screen. Only the first call has an effect.
    pub(in crate::daemon) async fn reattach_notifications(&self) {
        self.reattached.get_or_init(|| self.reattach_leftovers()).await;
    }

    async fn reattach_leftovers(&self) {
        self.restore_leftovers().await;
        self.note_missing_emergencies().await;
        self.on_screen.notify_one();
    }

    async fn restore_leftovers(&self) {
        let left = match self.log(Store::leftover_notifications).await {
            Ok(left) => left,
            Err(error) => return tracing::warn!("the notifications on the screen are not known: {error}"),
        };
        let Some((server, left)) = left.filter(|(_, left)| !left.is_empty()) else { return };
        let ids: Vec<_> = left.iter().map(|notification| notification.id).collect();
        let to_replace = match self.notifier().reattach(&server, &ids).await {
            Reattached::No => return,
            Reattached::Yes => Vec::new(),
            Reattached::OnceReplaced { revives_closed: false } => ids,
            // Showing an emergency again is fine, since it is still open. Anything else the user closed must stay
            // closed.
            Reattached::OnceReplaced { revives_closed: true } => {
                let emergencies = left.iter().filter(|left| left.receipt.is_some());
                emergencies.map(|left| left.id).collect()
            }
        };
        let of_messages: Vec<_> = left
            .iter()
            .filter(|left| left.receipt.is_none())
            .map(|left| (left.id, left.seqs.clone()))
            .collect();
        self.announcer().restore(left);
        self.restore_groups(of_messages).await;
        *self.to_replace.lock().unwrap_or_else(PoisonError::into_inner) = to_replace;
    }

    /// Finds out which of these notifications show the latest message of a group, so that the next one replaces them.
    async fn restore_groups(&self, left: Vec<(NotificationId, Vec<Seq>)>) {
        if !self.settings().rules.iter().any(|rule| rule.then.group.is_some()) {
            return;
        }
        for (id, seqs) in left {
            let read =
                move |log: &Store| seqs.iter().map(|seq| log.entry(*seq)).collect::<Result<Vec<_>, _>>();
            let Ok(entries) = self.log(read).await else { continue };
            let (reader, entries) = (self.reader_now(), entries.into_iter().flatten());
            let mut groups = with_circumstances(self, false, None, |circumstances| {
                let group = |entry| ruled(&reader.open(entry), circumstances).group;
                entries.map(group).collect::<BTreeSet<_>>()
            });
            // A summary is about several groups, or about messages without one.
            if let Some(Some(group)) = groups.pop_first().filter(|_| groups.is_empty()) {
                self.announcer().restore_group(id, group);
            }
        }
    }

    /// The messages of a notification, and the receipt if it is an emergency.
    pub(in crate::daemon) fn messages_for(&self, id: NotificationId) -> (Vec<Seq>, Option<Receipt>) {
        let announcer = self.announcer();
        let (seqs, receipt) = announcer.messages_for(id);
        (seqs.to_vec(), receipt.cloned())
    }

    /// Opens a link if the current settings allow it. Waits for the program that opens it.
    pub(in crate::daemon) async fn open_link(
        &self,
        link: String,
        token: Option<ActivationToken>,
    ) -> Result<(), browser::OpenError> {
        let (settings, open) = (self.settings(), Arc::clone(&self.parts.opener));
        let opening = move || open(&link, &settings.open_links, token.as_ref());
        let outcome = tokio::task::spawn_blocking(opening).await;
        outcome.unwrap_or(Ok(())).inspect_err(|_address| {
            // The error contains the address, so it is not logged.
            tracing::warn!("the link in a message was not opened");
        })
    }

    /// Closes the notifications of messages that were just read, except those that also hold unread messages.
    pub(in crate::daemon) async fn close_notifications_of_read(&self, read: &BTreeSet<Seq>) {
        let notifications = self.announcer().notifications_with(read);
        for notification in notifications {
            let (seqs, _) = self.messages_for(notification);
            // When the message log cannot be read, the notification stays.
            let are_read = seqs.iter().all(|seq| read.contains(seq))
                || self.log(move |log| log.are_read(&seqs)).await.unwrap_or(false);
            if are_read {
                self.announcer().gone(notification);
                self.notifier().close(notification).await;
            }
        }
    }

    /// Counts the unread messages again when one of them has expired, and records that it did.
    async fn note_expired(&self) {
        // The expiry is taken out, so that a message log that cannot be read is not tried again at once.
        let unix = self.service_unix();
        if self.next_expiry.send_if_modified(|next| next.take_if(|expiry| *expiry <= unix).is_some()) {
            self.record_expired().await;
            self.refresh_counts().await;
        }
    }

    /// Records which messages expired. Returns `false` if the service's time is not known yet: this computer's clock
    /// may be wrong.
    async fn record_expired(&self) -> bool {
        let Some(unix) = self.rest().service_time() else { return false };
        if let Err(error) = self.log(move |log| log.record_expired(unix)).await {
            tracing::warn!("the events of expired messages could not be recorded yet: {error}");
        }
        true
    }

    /// Marks messages as read and closes their notifications; an emergency that is not acknowledged keeps its notification.
    pub(in crate::daemon) async fn mark_read_and_close(&self, seqs: &[Seq]) -> Result<(), store::Error> {
        let marked = self.mark_read(seqs).await;
        let chosen = seqs.to_vec();
        let unacknowledged = self.log(move |log| log.unacknowledged(&chosen)).await?;
        let closable = seqs.iter().copied().filter(|seq| !unacknowledged.contains(seq)).collect();
        self.close_notifications_of_read(&closable).await;
        marked
    }

    /// Marks messages as read. If that fails, it is tried again later.
    pub(in crate::daemon) async fn mark_read(&self, seqs: &[Seq]) -> Result<(), store::Error> {
        if seqs.is_empty() {
            return Ok(());
        }
        let (unsaved, chosen): (Vec<_>, Vec<_>) = seqs.iter().copied().partition(|seq| seq.0 < 0);
        if !unsaved.is_empty() {
            self.to.sync(SyncCommand::MarkReadLater(unsaved)).await;
        }
        let marked = self.log(move |log| log.mark_read(&chosen, clock::unix())).await;
        match &marked {
            Ok(()) => self.refresh_counts().await,
            Err(error) => {
                tracing::warn!("messages could not be marked as read yet: {error}");
                self.to.sync(SyncCommand::MarkReadLater(seqs.to_vec())).await;
            }
        }
        marked
    }
}

/// Acknowledges an emergency that could not be saved. The request cannot be saved either, but it is sent so that the
/// alarm stops.
fn acknowledge_unsaved<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, receipt: Option<Receipt>) {
    if let Some(receipt) = receipt {
        let expires = shared.service_unix().saturating_add(LONGEST_EMERGENCY);
        shared.to.acknowledge(AckCommand::PendingAck(PendingAck { receipt, expires }, None));
    }
}

/// Reports that the user dealt with the notification of this emergency, which shows that somebody is at the computer.
fn report_handled<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, receipt: Option<Receipt>) {
    if let Some(receipt) = receipt {
        shared.to.presence(PresenceCommand::Handled(receipt));
    }
}
