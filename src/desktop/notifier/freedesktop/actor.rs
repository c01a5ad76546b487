//! The task that owns the connection to the bus: it sends notifications to the server and reports events.
//!
//! Invariant: all state about the bus belongs to this task, so there is no lock; it reads replies and signals in the order
//! in which the bus sent them, so the id of a notification is known before a click on it is read; and every wait has a
//! limit.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use zbus::names::OwnedUniqueName;
use zbus::{Connection, Message};

use super::banners::Banners;
use super::bus::{Bus, KnownServer, next_message};
use super::calls::{Call, Purpose, ShowResult};
use super::column::Column;
use super::protocol::{self, BusMessage, Capabilities, CloseReason};
use super::retry::{Retry, due};
use super::timeouts::Timeouts;
use crate::desktop::sound::{self, Player};
use crate::domain::notification::{Notification, NotificationEvent, NotificationId, Urgency};
use crate::ports::{Reattached, ShowError};

/// More notifications than any screen holds. Beyond it the oldest are dropped from memory, since some servers never report
/// that a notification was closed.
const MAX_SHOWN: usize = 1_000;
/// Calls without a reply. Beyond it those are dropped whose caller has given up.
const MAX_CALLS: usize = 100;

/// A command to the actor, with the channel for its reply.
pub(super) enum NotifierCommand {
    /// Show a notification.
    Show(Box<Notification>, oneshot::Sender<ShowResult>),
    /// Replace a notification that is on the screen; replies whether it was there.
    Update(NotificationId, Box<Notification>, oneshot::Sender<bool>),
    /// Close a notification, if this process showed it.
    Close(NotificationId, oneshot::Sender<()>),
    /// Receive the events of these notifications too.
    Reattach(String, Vec<NotificationId>, oneshot::Sender<Reattached>),
}

/// The actor; it ends when its notifier is dropped.
pub(super) struct NotifierActor {
    address: Option<String>,
    timeouts: Timeouts,
    commands: mpsc::UnboundedReceiver<NotifierCommand>,
    events: mpsc::UnboundedSender<NotificationEvent>,
    server: watch::Sender<KnownServer>,
    bus: Option<Bus>,
    /// The next attempt to reconnect to a lost bus.
    retry: Option<Retry>,
    /// Whether a notification may have failed because there was no server.
    was_unavailable: bool,
    /// Calls without a reply, by the serial of their message.
    calls: BTreeMap<NonZeroU32, Call>,
    /// Notifications on the screen.
    shown: BTreeSet<NotificationId>,
    /// Those of them that an emergency must not wait for.
    banners: Banners,
    /// All of them, where the server shows only the newest.
    column: Column,
    /// Plays the sounds where the server plays none.
    player: Player,
}

impl NotifierActor {
    /// An actor that has not started.
    pub(super) fn new(
        address: Option<String>,
        timeouts: Timeouts,
        commands: mpsc::UnboundedReceiver<NotifierCommand>,
        events: mpsc::UnboundedSender<NotificationEvent>,
        server: watch::Sender<KnownServer>,
    ) -> Self {
        Self {
            address,
            timeouts,
            commands,
            events,
            server,
            bus: None,
            retry: None,
            was_unavailable: false,
            calls: BTreeMap::new(),
            shown: BTreeSet::new(),
            banners: Banners::default(),
            column: Column::default(),
            player: Player::default(),
        }
    }

    /// Plays sounds with this player.
    pub(super) fn play_with(&mut self, player: Player) {
        self.player = player;
    }

    /// Runs until the notifier is dropped.
    pub(super) async fn run(mut self) {
        loop {
            tokio::select! {
                biased;
                message = next_message(&mut self.bus) => match message {
                    Some(message) => self.read(&message).await,
                    None => self.lose_bus(),
                },
                command = self.commands.recv() => match command {
                    Some(command) => self.handle(command).await,
                    None => return,
                },
                () = due(&mut self.retry) => self.reconnect().await,
            }
        }
    }

    async fn handle(&mut self, command: NotifierCommand) {
        match command {
            NotifierCommand::Show(_, reply) if reply.is_closed() => (),
            NotifierCommand::Update(_, _, reply) if reply.is_closed() => (),
            NotifierCommand::Show(notification, reply) => {
                self.show(&notification, Purpose::Show(reply)).await;
            }
            NotifierCommand::Update(id, notification, reply) => {
                let id = self.banners.current(id);
                if self.shown.contains(&id) && !self.banners.is_making_way(id) {
                    let notification = Notification { replaces: Some(id), ..*notification };
                    self.show(&notification, Purpose::Update(id, reply)).await;
                } else {
                    let _: Result<(), bool> = reply.send(false);
                }
            }
            NotifierCommand::Close(id, reply) => {
                let id = self.banners.current(id);
                self.banners.close_later(id);
                if self.shown.contains(&id) {
                    self.player.stop(id);
                    self.close(id).await;
                }
                let _: Result<(), ()> = reply.send(());
            }
            NotifierCommand::Reattach(server_name, notifications, reply) => {
                let reattached = self.reattach(&server_name).await;
                if reattached != Reattached::No && !reply.is_closed() {
                    self.shown.extend(notifications);
                }
                let _: Result<(), Reattached> = reply.send(reattached);
            }
        }
    }

    async fn show(&mut self, notification: &Notification, purpose: Purpose) {
        // What is in front is closed first: the server looks for what is next when it gets the emergency.
        let making_way = if notification.urgency == Urgency::Critical {
            self.clear_banners(notification.replaces).await
        } else {
            Vec::new()
        };
        self.call(notification, purpose, None).await;
        for (id, again) in making_way {
            self.call(&again, Purpose::Again, Some(id)).await;
        }
    }

    /// Closes every notification of this program that may have its banner in front, except the one that is replaced; returns
    /// them as they are to be shown again.
    async fn clear_banners(
        &mut self,
        replaced: Option<NotificationId>,
    ) -> Vec<(NotificationId, Box<Notification>)> {
        if let Some(replaced) = replaced {
            self.banners.forget_banner(self.banners.current(replaced));
        }
        let making_way = self.banners.make_way();
        for (id, _) in &making_way {
            self.close(*id).await;
        }
        making_way
    }

    /// Sends the call for a notification. `before` was closed for it.
    async fn call(&mut self, notification: &Notification, purpose: Purpose, before: Option<NotificationId>) {
        let replaced = self.replaced_by(notification);
        let is_anew = self.capabilities().is_some_and(|server| server.is_shown_anew(notification));
        let (replaced, before) = match replaced {
            Some(replaced) if is_anew => {
                self.banners.begin_move(replaced);
                self.close(replaced).await;
                (None, Some(replaced))
            }
            replaced => (replaced, before),
        };
        match self.send_notification(notification, replaced).await {
            Ok((call, sound)) => {
                if self.calls.len() >= MAX_CALLS {
                    self.calls.retain(|_, call| !call.purpose.is_abandoned());
                }
                let is_known_later = self.capabilities().is_some_and(Capabilities::hides_others);
                let notification = is_known_later.then(|| Box::new(notification.clone()));
                self.calls.insert(call, Call { purpose, before, sound, notification });
            }
            Err(error) => {
                self.was_unavailable |= error.is_unavailable();
                self.fail(purpose, before, error);
            }
        }
    }

    fn fail(&mut self, purpose: Purpose, before: Option<NotificationId>, error: ShowError) {
        if let Some(before) = before {
            self.shown.remove(&before);
            if self.banners.finish(before, None) {
                // An emergency is shown again for that.
                self.report(NotificationEvent::Expired(before));
            }
        }
        match purpose {
            // The caller may have given up.
            Purpose::Show(reply) => drop(reply.send(Err(error))),
            Purpose::Update(_, reply) => drop(reply.send(false)),
            Purpose::Again => (),
        }
    }

    /// The notification on the screen that is to be replaced. The id of a closed one may belong to another program by now.
    fn replaced_by(&self, notification: &Notification) -> Option<NotificationId> {
        let replaced = notification.replaces.map(|id| self.banners.current(id));
        replaced.filter(|id| self.shown.contains(id) && !self.banners.is_making_way(*id))
    }

    fn capabilities(&self) -> Option<Capabilities> {
        self.bus.as_ref()?.capabilities
    }

    /// Whether the server of this name still runs, and reports events to this process. It starts no server, and schedules no
    /// retry.
    async fn reattach(&mut self, name: &str) -> Reattached {
        if self.bus.is_none() {
            self.bus = Bus::open(self.address.as_deref(), self.timeouts.reply).await.ok();
        }
        let Some(bus) = &mut self.bus else { return Reattached::No };
        if bus.owner.is_none() {
            bus.find_owner().await;
        }
        if bus.server_name().is_none_or(|there| there != name) {
            return Reattached::No;
        }
        if bus.capabilities.is_none() {
            // Without them it is treated as a server that is not known.
            drop(bus.ask_capabilities().await);
        }
        self.note_server();
        self.capabilities().map_or(Reattached::Yes, Capabilities::reattached)
    }

    /// Sends the call for a notification; the serial that its reply will have, and the sound to play here.
    async fn send_notification(
        &mut self,
        notification: &Notification,
        replaced: Option<NotificationId>,
    ) -> Result<(NonZeroU32, Option<(PathBuf, Urgency)>), ShowError> {
        let (connection, capabilities) = self.connect_to_server().await?;
        let call = protocol::notify(notification, replaced, capabilities);
        let call = call.map_err(|error| protocol::show_error(&error))?;
        self.send(&connection, &call).await?;
        let plays_here = !notification.silent && !capabilities.has_sound() && self.player.is_available();
        let sound = plays_here.then(|| notification.sound.clone().or_else(sound::theme_file)).flatten();
        Ok((call.primary_header().serial_num(), sound.map(|file| (file, notification.urgency))))
    }

    async fn close(&mut self, id: NotificationId) {
        let Some(bus) = &self.bus else { return };
        let connection = bus.connection.clone();
        if let Ok(call) = protocol::close(id) {
            // There is nothing else to try when it cannot be closed.
            drop(self.send(&connection, &call).await);
        }
    }

    async fn send(&mut self, connection: &Connection, call: &Message) -> Result<(), ShowError> {
        let Ok(sent) = timeout(self.timeouts.reply, connection.send(call)).await else {
            // Half a message may have been written, so the connection cannot be used any longer.
            self.lose_bus();
            return Err(protocol::bus_lost());
        };
        sent.map_err(|error| protocol::show_error(&error))
    }

    /// The connection and the capabilities of the server; both are established once and reused.
    async fn connect_to_server(&mut self) -> Result<(Connection, Capabilities), ShowError> {
        let bus = match &mut self.bus {
            Some(bus) => bus,
            None => match Bus::open(self.address.as_deref(), self.timeouts.reply).await {
                Ok(bus) => {
                    self.retry = None;
                    self.bus.insert(bus)
                }
                Err(error) => {
                    self.retry.get_or_insert_with(|| Retry::after(self.timeouts.first_retry));
                    return Err(ShowError::NoSession(error.to_string()));
                }
            },
        };
        let capabilities = match bus.capabilities {
            Some(capabilities) => capabilities,
            None => bus.ask_capabilities().await.map_err(|error| protocol::show_error(&error))?,
        };
        let connection = bus.connection.clone();
        if std::mem::take(&mut self.was_unavailable) {
            self.report(NotificationEvent::ServerAvailable);
        }
        Ok((connection, capabilities))
    }

    async fn reconnect(&mut self) {
        let delay = self.retry.take().map_or(self.timeouts.first_retry, |retry| retry.delay * 2);
        // This reports a server that is available again. If only the bus is back, the bus will send a signal when a
        // server starts.
        drop(self.connect_to_server().await);
        if self.bus.is_none() {
            self.retry = Some(Retry::after(delay.min(self.timeouts.longest_retry)));
        }
    }

    fn lose_bus(&mut self) {
        self.bus = None;
        self.retry = Some(Retry::after(self.timeouts.first_retry));
        // Their callers learn that the connection was lost.
        self.calls.clear();
        self.lose_server();
    }

    async fn read(&mut self, message: &Message) {
        match self.bus.as_ref().and_then(|bus| bus.read(message)) {
            Some(BusMessage::Reply(call, result)) => self.finish_call(call, result).await,
            Some(BusMessage::Activated(sender, id, token)) if self.is_ours(&sender, id) => {
                self.report(NotificationEvent::Activated(id, token));
            }
            Some(BusMessage::ActionInvoked(sender, id, action)) if self.is_ours(&sender, id) => {
                self.report(NotificationEvent::ActionInvoked(id, action));
            }
            Some(BusMessage::Closed(sender, id, CloseReason::ByProgram))
                if self.is_ours(&sender, id) && self.banners.is_making_way(id) =>
            {
                self.shown.remove(&id);
            }
            Some(BusMessage::Closed(sender, id, reason)) if self.is_ours(&sender, id) => {
                self.shown.remove(&id);
                self.banners.remove(id);
                self.column.remove(id);
                // The user closed it before it could make way.
                self.banners.close_later(id);
                if reason == CloseReason::Dismissed {
                    self.player.stop(id);
                }
                self.report(match reason {
                    CloseReason::Dismissed => NotificationEvent::Dismissed(id),
                    CloseReason::ByProgram => NotificationEvent::Closed(id),
                    CloseReason::Expired => NotificationEvent::Expired(id),
                });
            }
            Some(BusMessage::Owner(owner)) => self.change_server(owner),
            // The server broadcasts the signals of every program's notifications.
            Some(BusMessage::Activated(..) | BusMessage::ActionInvoked(..) | BusMessage::Closed(..))
            | None => (),
        }
    }

    async fn finish_call(&mut self, call: NonZeroU32, result: ShowResult) {
        let Some(Call { purpose, before, sound, notification }) = self.calls.remove(&call) else { return };
        self.was_unavailable |= result.as_ref().is_err_and(ShowError::is_unavailable);
        let id = match result {
            Ok(id) => id,
            Err(error) => return self.fail(purpose, before, error),
        };
        self.note_server();
        let was_closed = before.is_some_and(|before| {
            self.shown.remove(&before);
            let stays = self.banners.finish(before, Some(id));
            if stays {
                self.report(NotificationEvent::Moved(before, id));
            }
            !stays
        });
        let is_new = matches!(purpose, Purpose::Show(_));
        let stays = match purpose {
            // If the user has closed that notification, the server shows the update under another id or (dunst) under the
            // same one, and it must not stay. If the caller gave up, the notification is still the one of its messages.
            Purpose::Update(updated, reply) => {
                let was_there = before.is_some() || (id == updated && self.shown.contains(&updated));
                // The caller may have given up.
                let _: Result<(), bool> = reply.send(was_there);
                was_there && !was_closed
            }
            // If the caller gave up, it is shown again.
            Purpose::Show(reply) => reply.send(Ok(id)).is_ok(),
            Purpose::Again => !was_closed,
        };
        if stays {
            if let Some((file, urgency)) = sound {
                self.player.play(id, &file, urgency);
            }
            self.shown.insert(id);
            if let Some(notification) = notification {
                self.take_place(id, notification, is_new).await;
            }
            if self.shown.len() > MAX_SHOWN {
                self.shown.pop_first();
            }
        } else {
            self.close(id).await;
        }
    }

    /// Takes note of where a notification is on the screen. What is new may have hidden an emergency, which is then shown again.
    async fn take_place(&mut self, id: NotificationId, notification: Box<Notification>, is_new: bool) {
        let Some(server) = self.capabilities() else { return };
        if let Some(limit) = server.newest_shown() {
            self.column.add(id, &notification);
            for (hidden, again) in if is_new { self.column.take_hidden(limit) } else { Vec::new() } {
                self.banners.begin_move(hidden);
                self.close(hidden).await;
                self.call(&again, Purpose::Again, Some(hidden)).await;
            }
        } else if Banners::has_one(&notification) {
            self.banners.add(id, notification);
        } else {
            self.banners.forget_banner(id);
        }
    }

    fn note_server(&self) {
        let known = self.bus.as_ref().map(Bus::known_server).unwrap_or_default();
        self.server.send_if_modified(|before| std::mem::replace(before, known.clone()) != known);
    }

    fn change_server(&mut self, owner: Option<OwnedUniqueName>) {
        let Some(bus) = &mut self.bus else { return };
        // The signal of the bus may arrive after the first reply of the same server.
        if owner.is_some() && bus.owner == owner {
            return;
        }
        let is_available = owner.is_some();
        bus.owner = owner;
        bus.capabilities = None;
        self.lose_server();
        if is_available {
            self.was_unavailable = false;
            self.report(NotificationEvent::ServerAvailable);
        }
    }

    /// The notifications disappeared with the server that showed them, and calls to it remain unanswered.
    fn lose_server(&mut self) {
        self.was_unavailable = true;
        for (_, call) in std::mem::take(&mut self.calls) {
            if let Purpose::Show(reply) = call.purpose {
                // The caller may have given up.
                drop(reply.send(Err(protocol::server_timed_out())));
            }
        }
        (self.banners, self.column) = (Banners::default(), Column::default());
        for id in std::mem::take(&mut self.shown) {
            self.report(NotificationEvent::Expired(id));
        }
    }

    fn is_ours(&self, sender: &OwnedUniqueName, id: NotificationId) -> bool {
        self.shown.contains(&id) && self.bus.as_ref().is_some_and(|bus| bus.owner.as_ref() == Some(sender))
    }

    fn report(&self, event: NotificationEvent) {
        // It fails once the notifier is dropped, which ends the loop.
        drop(self.events.send(event));
    }
}
