//! Shows notifications through the notification server of a Linux desktop, over one connection to the session bus.
//!
//! Invariant: no call waits longer than [`WaitBudget::answer`]; an event is reported only for a notification that
//! this program showed and that its own server speaks of; and no click is missed, since the signals are
//! subscribed to before the first notification and read in the order the bus sent them, answers included.
//!
//! The actor beside it does the work, in a task of its own that starts with the first notification; without one there is
//! no connection, no task and no timer.

use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::actor::{NotifierActor, PendingAck};
use super::protocol;
use crate::desktop::sound::Player;
use crate::domain::notification::{Notification, NotificationEvent, NotificationId};
use crate::ports::{Notifier, ShowError};

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct WaitBudget {
    /// For the bus or the server to answer a call.
    pub answer: Duration,
    /// Before the first attempt to reach a bus that is gone; doubled with each failure.
    pub first_retry: Duration,
    /// Between two such attempts at most.
    pub longest_retry: Duration,
}

impl Default for WaitBudget {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(5),
            first_retry: Duration::from_secs(5),
            longest_retry: Duration::from_mins(1),
        }
    }
}

/// Shows notifications through `org.freedesktop.Notifications`.
pub struct FreedesktopNotifier {
    patience: WaitBudget,
    pending: mpsc::UnboundedSender<PendingAck>,
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<NotificationEvent>>,
    /// The server that took the latest notification.
    server: watch::Receiver<Option<String>>,
    /// The actor until it sets out with the first pending; it needs a runtime for that.
    waiting: Mutex<Option<Box<NotifierActor>>>,
}

impl FreedesktopNotifier {
    /// A notifier on the bus at this address, in D-Bus syntax; `None` is the session bus of the environment.
    pub fn new(address: Option<String>) -> Self {
        Self::with_timeout(address, WaitBudget::default())
    }

    /// A notifier on the session bus of the environment, which plays with what is installed where the server plays no
    /// sounds.
    pub fn of_session() -> Self {
        Self::new(None).playing_with(Player::of_session())
    }

    /// A notifier with its own idea of how long to wait.
    pub fn with_timeout(address: Option<String>, patience: WaitBudget) -> Self {
        let (pending, granted) = mpsc::unbounded_channel();
        let (reported, events) = mpsc::unbounded_channel();
        let (named, server) = watch::channel(None);
        let actor = NotifierActor::new(address, patience, granted, reported, named);
        Self {
            patience,
            pending,
            server,
            events: tokio::sync::Mutex::new(events),
            waiting: Mutex::new(Some(Box::new(actor))),
        }
    }

    /// Plays with this what the server cannot play; to be said before the first notification.
    #[must_use]
    pub fn playing_with(self, player: Player) -> Self {
        if let Some(actor) = self.actor().as_mut() {
            actor.play_with(player);
        }
        self
    }

    fn actor(&self) -> MutexGuard<'_, Option<Box<NotifierActor>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a request to the actor and waits for what becomes of it.
    async fn ask<T>(&self, pending: PendingAck, answer: oneshot::Receiver<T>) -> Result<T, ShowError> {
        let actor = self.actor().take();
        if let Some(actor) = actor {
            tokio::spawn(actor.run());
        }
        // A actor that is gone drops the pending, and the way back with it.
        drop(self.pending.send(pending));
        match timeout(self.patience.answer, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(protocol::lost_bus()),
            Err(_) => Err(protocol::silent_server()),
        }
    }
}

impl Notifier for FreedesktopNotifier {
    async fn show(&self, notification: &Notification) -> Result<NotificationId, ShowError> {
        let (reply, answer) = oneshot::channel();
        self.ask(PendingAck::Show(Box::new(notification.clone()), reply), answer).await?
    }

    async fn update(&self, id: NotificationId, notification: &Notification) {
        let (reply, answer) = oneshot::channel();
        let notification = Notification { replaces: Some(id), ..notification.clone() };
        let amended = self.ask(PendingAck::Amend(id, Box::new(notification), reply), answer).await;
        // The user closed it while this was on its way: then it is not to come back.
        if let Ok(Ok(other)) = amended
            && other != id
        {
            self.close(other).await;
        }
    }

    fn server_name(&self) -> Option<String> {
        self.server.borrow().clone()
    }

    async fn reattach(&self, server: &str, notifications: &[NotificationId]) -> bool {
        let (reply, answer) = oneshot::channel();
        let pending = PendingAck::Adopt(server.to_owned(), notifications.to_vec(), reply);
        self.ask(pending, answer).await.unwrap_or(false)
    }

    async fn close(&self, id: NotificationId) {
        let (reply, answer) = oneshot::channel();
        // What cannot be closed stays on the screen: there is nothing else to try.
        drop(self.ask(PendingAck::Close(id, reply), answer).await);
    }

    async fn next_event(&self) -> NotificationEvent {
        match self.events.lock().await.recv().await {
            Some(event) => event,
            None => pending().await,
        }
    }
}
