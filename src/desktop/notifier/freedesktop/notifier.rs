//! The handle of the actor that speaks with the notification server.
//!
//! Invariant: the actor starts with the first notification, in a task of its own; before that there is no connection, no
//! task and no timer.

use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::actor::{NotifierActor, NotifierCommand};
use super::bus::KnownServer;
use super::protocol;
use super::timeouts::Timeouts;
use crate::desktop::sound::Player;
use crate::domain::notification::{Notification, NotificationEvent, NotificationId, SCREENFUL};
use crate::ports::{Notifier, Reattached, ShowError};

/// Shows notifications through `org.freedesktop.Notifications`.
pub struct FreedesktopNotifier {
    timeouts: Timeouts,
    commands: mpsc::UnboundedSender<NotifierCommand>,
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<NotificationEvent>>,
    server: watch::Receiver<KnownServer>,
    /// The actor until it starts with the first command, since it needs a runtime.
    idle_actor: Mutex<Option<Box<NotifierActor>>>,
}

impl FreedesktopNotifier {
    /// A notifier on the bus at this address, in D-Bus syntax; `None` is the session bus of the environment.
    pub fn new(address: Option<String>) -> Self {
        Self::with_timeouts(address, Timeouts::default())
    }

    /// A notifier on the session bus of the environment, which plays sounds with an installed program where
    /// the server plays none.
    pub fn of_session() -> Self {
        Self::new(None).playing_with(Player::of_session())
    }

    /// A notifier with these time limits.
    pub fn with_timeouts(address: Option<String>, timeouts: Timeouts) -> Self {
        let (commands, command_receiver) = mpsc::unbounded_channel();
        let (event_sender, events) = mpsc::unbounded_channel();
        let (server_sender, server) = watch::channel(KnownServer::default());
        let actor = NotifierActor::new(address, timeouts, command_receiver, event_sender, server_sender);
        Self {
            timeouts,
            commands,
            server,
            events: tokio::sync::Mutex::new(events),
            idle_actor: Mutex::new(Some(Box::new(actor))),
        }
    }

    /// Plays sounds with this where the server plays none; call it before the first notification.
    #[must_use]
    pub fn playing_with(self, player: Player) -> Self {
        if let Some(actor) = self.idle_actor().as_mut() {
            actor.play_with(player);
        }
        self
    }

    fn idle_actor(&self) -> MutexGuard<'_, Option<Box<NotifierActor>>> {
        self.idle_actor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a command to the actor and waits for its reply.
    async fn ask<T>(
        &self,
        command: NotifierCommand,
        reply: oneshot::Receiver<T>,
        limit: Duration,
    ) -> Result<T, ShowError> {
        let actor = self.idle_actor().take();
        if let Some(actor) = actor {
            tokio::spawn(actor.run());
        }
        // If the actor has ended, the command is dropped, and its reply channel with it.
        drop(self.commands.send(command));
        match timeout(limit, reply).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) => Err(protocol::bus_lost()),
            Err(_) => Err(protocol::server_timed_out()),
        }
    }
}

impl Notifier for FreedesktopNotifier {
    async fn show(&self, notification: &Notification) -> Result<NotificationId, ShowError> {
        let (sender, reply) = oneshot::channel();
        let show = NotifierCommand::Show(Box::new(notification.clone()), sender);
        self.ask(show, reply, self.timeouts.show).await?
    }

    async fn update(&self, id: NotificationId, notification: &Notification) -> bool {
        let (sender, reply) = oneshot::channel();
        let update = NotifierCommand::Update(id, Box::new(notification.clone()), sender);
        // Without an answer the old notification may still be there.
        self.ask(update, reply, self.timeouts.reply).await.unwrap_or(true)
    }

    fn standing_limit(&self) -> Option<usize> {
        self.server.borrow().standing_limit
    }

    fn text_limit(&self) -> usize {
        self.server.borrow().text_limit.unwrap_or(SCREENFUL)
    }

    fn server_name(&self) -> Option<String> {
        self.server.borrow().name.clone()
    }

    async fn reattach(&self, server_name: &str, notifications: &[NotificationId]) -> Reattached {
        let (sender, reply) = oneshot::channel();
        let command = NotifierCommand::Reattach(server_name.to_owned(), notifications.to_vec(), sender);
        self.ask(command, reply, self.timeouts.reply).await.unwrap_or(Reattached::No)
    }

    async fn close(&self, id: NotificationId) {
        let (sender, reply) = oneshot::channel();
        // There is nothing else to try when it cannot be closed.
        drop(self.ask(NotifierCommand::Close(id, sender), reply, self.timeouts.reply).await);
    }

    async fn next_event(&self) -> NotificationEvent {
        match self.events.lock().await.recv().await {
            Some(event) => event,
            None => pending().await,
        }
    }
}
