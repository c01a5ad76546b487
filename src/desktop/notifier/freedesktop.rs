//! Shows notices through the notification server of a Linux desktop, over one connection to the session bus.
//!
//! Invariant: no call waits longer than [`Patience::answer`]; an event is reported only for a notice that
//! this program showed and that its own server speaks of; and no click is missed, since the signals are
//! subscribed to before the first notice and read in the order the bus sent them, answers included.
//!
//! The courier beside it does the work, in a task of its own that starts with the first notice; without one there is
//! no connection, no task and no timer.

use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::courier::{Courier, Wish};
use super::protocol;
use crate::desktop::sound::Player;
use crate::domain::notice::{Notice, NoticeEvent, NoticeId};
use crate::ports::{NotShown, Notifier};

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the bus or the server to answer a call.
    pub answer: Duration,
    /// Before the first attempt to reach a bus that is gone; doubled with each failure.
    pub first_retry: Duration,
    /// Between two such attempts at most.
    pub longest_retry: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(5),
            first_retry: Duration::from_secs(5),
            longest_retry: Duration::from_mins(1),
        }
    }
}

/// Shows notices through `org.freedesktop.Notifications`.
pub struct FreedesktopNotifier {
    patience: Patience,
    wishes: mpsc::UnboundedSender<Wish>,
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<NoticeEvent>>,
    /// The server that took the latest notice.
    server: watch::Receiver<Option<String>>,
    /// The courier until it sets out with the first wish; it needs a runtime for that.
    waiting: Mutex<Option<Box<Courier>>>,
}

impl FreedesktopNotifier {
    /// A notifier on the bus at this address, in D-Bus syntax; `None` is the session bus of the environment.
    pub fn new(address: Option<String>) -> Self {
        Self::with_patience(address, Patience::default())
    }

    /// A notifier on the session bus of the environment, which plays with what is installed where the server plays no
    /// sounds.
    pub fn of_session() -> Self {
        Self::new(None).playing_with(Player::of_session())
    }

    /// A notifier with its own idea of how long to wait.
    pub fn with_patience(address: Option<String>, patience: Patience) -> Self {
        let (wishes, granted) = mpsc::unbounded_channel();
        let (reported, events) = mpsc::unbounded_channel();
        let (named, server) = watch::channel(None);
        let courier = Courier::new(address, patience, granted, reported, named);
        Self {
            patience,
            wishes,
            server,
            events: tokio::sync::Mutex::new(events),
            waiting: Mutex::new(Some(Box::new(courier))),
        }
    }

    /// Plays with this what the server cannot play; to be said before the first notice.
    #[must_use]
    pub fn playing_with(self, player: Player) -> Self {
        if let Some(courier) = self.courier().as_mut() {
            courier.play_with(player);
        }
        self
    }

    fn courier(&self) -> MutexGuard<'_, Option<Box<Courier>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a wish to the courier and waits for what becomes of it.
    async fn ask<T>(&self, wish: Wish, answer: oneshot::Receiver<T>) -> Result<T, NotShown> {
        let courier = self.courier().take();
        if let Some(courier) = courier {
            tokio::spawn(courier.run());
        }
        // A courier that is gone drops the wish, and the way back with it.
        drop(self.wishes.send(wish));
        match timeout(self.patience.answer, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(protocol::lost_bus()),
            Err(_) => Err(protocol::silent_server()),
        }
    }
}

impl Notifier for FreedesktopNotifier {
    async fn show(&self, notice: &Notice) -> Result<NoticeId, NotShown> {
        let (reply, answer) = oneshot::channel();
        self.ask(Wish::Show(Box::new(notice.clone()), reply), answer).await?
    }

    async fn amend(&self, id: NoticeId, notice: &Notice) {
        let (reply, answer) = oneshot::channel();
        let notice = Notice { replaces: Some(id), ..notice.clone() };
        let amended = self.ask(Wish::Amend(id, Box::new(notice), reply), answer).await;
        // The user closed it while this was on its way: then it is not to come back.
        if let Ok(Ok(other)) = amended
            && other != id
        {
            self.close(other).await;
        }
    }

    fn server(&self) -> Option<String> {
        self.server.borrow().clone()
    }

    async fn adopt(&self, server: &str, notices: &[NoticeId]) -> bool {
        let (reply, answer) = oneshot::channel();
        let wish = Wish::Adopt(server.to_owned(), notices.to_vec(), reply);
        self.ask(wish, answer).await.unwrap_or(false)
    }

    async fn close(&self, id: NoticeId) {
        let (reply, answer) = oneshot::channel();
        // What cannot be closed stays on the screen: there is nothing else to try.
        drop(self.ask(Wish::Close(id, reply), answer).await);
    }

    async fn next_event(&self) -> NoticeEvent {
        match self.events.lock().await.recv().await {
            Some(event) => event,
            None => pending().await,
        }
    }
}
