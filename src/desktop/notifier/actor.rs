//! Carries notifications to the notification server and events back, as one task that owns the connection.
//!
//! Invariant: everything known about the bus is known to this task alone, so there is no lock; it reads what
//! the bus sent in the bus's order, answers and signals alike, so the id of a notification is known before a click
//! on it is read; and what it waits for has an end.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Sleep, sleep, timeout};
use zbus::names::OwnedUniqueName;
use zbus::{Connection, Message, MessageStream, connection};

use super::freedesktop::WaitBudget;
use super::protocol::{self, Capabilities, Heard};
use crate::desktop::sound::{self, Player};
use crate::domain::notification::{Notification, NotificationEvent, NotificationId, Urgency};
use crate::ports::ShowError;

/// More notifications than any screen holds: the oldest are forgotten beyond it, for servers that never say when
/// a notification is gone.
const MAX_SHOWN: usize = 1_000;
/// Calls of which the answer is still awaited; those that everybody gave up on are forgotten beyond it.
const MAX_CALLS: usize = 100;

/// What becomes of a notification.
pub(super) type Outcome = Result<NotificationId, ShowError>;

/// What the actor is asked for, with the way back.
pub(super) enum PendingAck {
    /// Show this.
    Show(Box<Notification>, oneshot::Sender<Outcome>),
    /// Show this in the place of one that was shown here; the way back is dropped when it is gone.
    Amend(NotificationId, Box<Notification>, oneshot::Sender<Outcome>),
    /// Close this, if it was shown here.
    Close(NotificationId, oneshot::Sender<()>),
    /// Attend to these from now on too, if the server that showed them is still there; says whether it is.
    Adopt(String, Vec<NotificationId>, oneshot::Sender<bool>),
}

/// Carries pending to the server and events back; ends with the notifier.
pub(super) struct NotifierActor {
    address: Option<String>,
    patience: WaitBudget,
    pending: mpsc::UnboundedReceiver<PendingAck>,
    events: mpsc::UnboundedSender<NotificationEvent>,
    /// The server that took the latest notification.
    server: watch::Sender<Option<String>>,
    bus: Option<Bus>,
    /// The next attempt to reach a bus that is gone.
    retry: Option<Retry>,
    /// Whether a notification may have been missed because there was no server.
    was_away: bool,
    /// Notifications on their way, by the serial of their call.
    calls: BTreeMap<NonZeroU32, Call>,
    /// Notifications on the screen.
    shown: BTreeSet<NotificationId>,
    /// Plays what the server does not.
    player: Player,
}

/// A notification on its way.
struct Call {
    reply: oneshot::Sender<Outcome>,
    /// What is to be played here once it is shown.
    sound: Option<(PathBuf, Urgency)>,
    /// The notification on the screen that it changes, and without which it is not to be there.
    amends: Option<NotificationId>,
}

impl NotifierActor {
    /// A actor that has not set out yet.
    pub(super) fn new(
        address: Option<String>,
        patience: WaitBudget,
        pending: mpsc::UnboundedReceiver<PendingAck>,
        events: mpsc::UnboundedSender<NotificationEvent>,
        server: watch::Sender<Option<String>>,
    ) -> Self {
        Self {
            address,
            patience,
            pending,
            events,
            server,
            bus: None,
            retry: None,
            was_away: false,
            calls: BTreeMap::new(),
            shown: BTreeSet::new(),
            player: Player::default(),
        }
    }

    /// Plays sounds with this from now on.
    pub(super) fn play_with(&mut self, player: Player) {
        self.player = player;
    }

    /// Works until the notifier is dropped.
    pub(super) async fn run(mut self) {
        loop {
            tokio::select! {
                biased;
                message = next_message(&mut self.bus) => match message {
                    Some(message) => self.read(&message).await,
                    None => self.lose_bus(),
                },
                pending = self.pending.recv() => match pending {
                    Some(pending) => self.grant(pending).await,
                    None => return,
                },
                () = due(&mut self.retry) => self.return_to_bus().await,
            }
        }
    }

    async fn grant(&mut self, pending: PendingAck) {
        match pending {
            PendingAck::Show(_, reply) | PendingAck::Amend(_, _, reply) if reply.is_closed() => (),
            PendingAck::Amend(id, _, _) if !self.shown.contains(&id) => (),
            PendingAck::Show(notification, reply) => self.show(&notification, None, reply).await,
            PendingAck::Amend(id, notification, reply) => self.show(&notification, Some(id), reply).await,
            PendingAck::Close(id, reply) => {
                if self.shown.contains(&id) {
                    self.player.stop(id);
                    self.close(id).await;
                }
                let _: Result<(), ()> = reply.send(());
            }
            PendingAck::Adopt(server, notifications, reply) => {
                let is_there = self.meet_again(&server).await;
                if is_there && !reply.is_closed() {
                    self.shown.extend(notifications);
                }
                // Who has given up does not listen to them, and they are not listened to here.
                let _: Result<(), bool> = reply.send(is_there);
            }
        }
    }

    async fn show(
        &mut self,
        notification: &Notification,
        amends: Option<NotificationId>,
        reply: oneshot::Sender<Outcome>,
    ) {
        match self.send_notification(notification).await {
            Ok((call, sound)) => {
                if self.calls.len() >= MAX_CALLS {
                    self.calls.retain(|_, call| !call.reply.is_closed());
                }
                self.calls.insert(call, Call { reply, sound, amends });
            }
            Err(cause) => {
                self.was_away |= cause.is_unavailable();
                // An error means nothing to somebody who has given up.
                drop(reply.send(Err(cause)));
            }
        }
    }

    /// Whether the server of this name is there; starts none, and plans no other attempt.
    async fn meet_again(&mut self, name: &str) -> bool {
        if self.bus.is_none() {
            self.bus = Bus::open(self.address.as_deref(), self.patience.answer).await.ok();
        }
        let Some(bus) = &mut self.bus else { return false };
        if bus.owner.is_none() {
            bus.find_owner().await;
        }
        bus.server_name().is_some_and(|there| there == name)
    }

    /// Sends the call for a notification; its serial, to know the answer by, and what is to be played here.
    async fn send_notification(
        &mut self,
        notification: &Notification,
    ) -> Result<(NonZeroU32, Option<(PathBuf, Urgency)>), ShowError> {
        let (connection, capabilities) = self.meet_server().await?;
        // An id that is not on the screen any more may be another program's by now.
        let replaces = notification.replaces.filter(|id| self.shown.contains(id));
        let call = protocol::notify(notification, replaces, capabilities);
        let call = call.map_err(|error| protocol::not_shown(&error))?;
        self.send(&connection, &call).await?;
        let is_ours = !notification.silent && !capabilities.has_sound() && self.player.is_there();
        let sound = is_ours.then(|| notification.sound.clone().or_else(sound::of_theme)).flatten();
        Ok((call.primary_header().serial_num(), sound.map(|file| (file, notification.urgency))))
    }

    async fn close(&mut self, id: NotificationId) {
        let Some(bus) = &self.bus else { return };
        let connection = bus.connection.clone();
        if let Ok(call) = protocol::close(id) {
            // What cannot be closed stays on the screen: there is nothing else to try.
            drop(self.send(&connection, &call).await);
        }
    }

    async fn send(&mut self, connection: &Connection, call: &Message) -> Result<(), ShowError> {
        let Ok(sent) = timeout(self.patience.answer, connection.send(call)).await else {
            // Half a message may be written, so nothing more can be said on this connection.
            self.lose_bus();
            return Err(protocol::lost_bus());
        };
        sent.map_err(|error| protocol::not_shown(&error))
    }

    /// The connection and what the server can do: from memory, or else by connecting and asking.
    async fn meet_server(&mut self) -> Result<(Connection, Capabilities), ShowError> {
        let bus = match &mut self.bus {
            Some(bus) => bus,
            None => match Bus::open(self.address.as_deref(), self.patience.answer).await {
                Ok(bus) => {
                    self.retry = None;
                    self.bus.insert(bus)
                }
                Err(cause) => {
                    self.retry.get_or_insert_with(|| Retry::after(self.patience.first_retry));
                    return Err(cause);
                }
            },
        };
        let capabilities = match bus.capabilities {
            Some(capabilities) => capabilities,
            None => bus.ask_capabilities().await.map_err(|error| protocol::not_shown(&error))?,
        };
        let connection = bus.connection.clone();
        if std::mem::take(&mut self.was_away) {
            self.report(NotificationEvent::ServerAvailable);
        }
        Ok((connection, capabilities))
    }

    async fn return_to_bus(&mut self) {
        let delay = self.retry.take().map_or(self.patience.first_retry, |retry| retry.delay * 2);
        // It reports by itself when the server is back; when the bus is back without a server, the bus will
        // tell when there is one.
        drop(self.meet_server().await);
        if self.bus.is_none() {
            self.retry = Some(Retry::after(delay.min(self.patience.longest_retry)));
        }
    }

    fn lose_bus(&mut self) {
        self.bus = None;
        self.retry = Some(Retry::after(self.patience.first_retry));
        self.calls.clear();
        self.lose_server();
    }

    async fn read(&mut self, message: &Message) {
        match protocol::hear(message) {
            Some(Heard::Answer(call, outcome)) => self.answer(call, outcome).await,
            Some(Heard::Chosen(sender, id, action)) if self.is_ours(&sender, id) => {
                self.report(NotificationEvent::ActionInvoked(id, action));
            }
            Some(Heard::Closed(sender, id, by_user)) if self.is_ours(&sender, id) => {
                self.shown.remove(&id);
                if by_user {
                    self.player.stop(id);
                }
                self.report(if by_user {
                    NotificationEvent::Dismissed(id)
                } else {
                    NotificationEvent::Closed(id)
                });
            }
            Some(Heard::Owner(owner)) => self.change_server(owner),
            // Notifications of other programs share the signals.
            Some(Heard::Chosen(..) | Heard::Closed(..)) | None => (),
        }
    }

    async fn answer(&mut self, call: NonZeroU32, outcome: Outcome) {
        let Some(Call { reply, sound, amends }) = self.calls.remove(&call) else { return };
        self.was_away |= outcome.as_ref().is_err_and(ShowError::is_unavailable);
        let id = outcome.as_ref().ok().copied();
        if id.is_some() {
            let name = self.bus.as_ref().and_then(Bus::server_name);
            self.server.send_if_modified(|before| std::mem::replace(before, name.clone()) != name);
        }
        let is_known = reply.send(outcome).is_ok();
        let Some(id) = id else { return };
        // The user closed it while its change was on its way: some servers, dunst for one, show it again then under
        // the id it had.
        let is_unwanted = amends.is_some_and(|amended| !self.shown.contains(&amended));
        if is_known && !is_unwanted {
            if let Some((file, urgency)) = sound {
                self.player.play(id, &file, urgency);
            }
            self.shown.insert(id);
            if self.shown.len() > MAX_SHOWN {
                self.shown.pop_first();
            }
        } else {
            // Shown after all, but too late: one that was reported as not shown will come again.
            self.close(id).await;
        }
    }

    fn change_server(&mut self, owner: Option<OwnedUniqueName>) {
        let Some(bus) = &mut self.bus else { return };
        // The bus may tell of a server after the server itself has answered.
        if owner.is_some() && bus.owner == owner {
            return;
        }
        let is_back = owner.is_some();
        bus.owner = owner;
        bus.capabilities = None;
        self.lose_server();
        if is_back {
            self.was_away = false;
            self.report(NotificationEvent::ServerAvailable);
        }
    }

    /// The notifications went with the server that showed them.
    fn lose_server(&mut self) {
        self.was_away = true;
        for id in std::mem::take(&mut self.shown) {
            self.report(NotificationEvent::Closed(id));
        }
    }

    fn is_ours(&self, sender: &OwnedUniqueName, id: NotificationId) -> bool {
        self.shown.contains(&id) && self.bus.as_ref().is_some_and(|bus| bus.owner.as_ref() == Some(sender))
    }

    fn report(&self, event: NotificationEvent) {
        // It fails once the notifier is dropped: then the actor ends with the next turn of its loop.
        let _: Result<(), _> = self.events.send(event);
    }
}

/// A connection to the bus, and the server that is on it.
struct Bus {
    connection: Connection,
    messages: MessageStream,
    /// The program that is the notification server, once it is known.
    owner: Option<OwnedUniqueName>,
    /// What it said it can do.
    capabilities: Option<Capabilities>,
}

impl Bus {
    /// Connects, and subscribes to what happens to notifications.
    async fn open(address: Option<&str>, deadline: Duration) -> Result<Self, ShowError> {
        let opening = async {
            let builder = match address {
                Some(address) => connection::Builder::address(address)?,
                None => connection::Builder::session()?,
            };
            // Everything the bus sends, unfiltered: answers and signals stay in one order, and a stream
            // without a match rule of its own may be dropped anywhere.
            let connection = builder.method_timeout(deadline).build().await?;
            let messages = MessageStream::from(&connection);
            for rule in protocol::MATCH_RULES {
                let bus = Some(protocol::BUS);
                connection.call_method(bus, "/org/freedesktop/DBus", bus, "AddMatch", &rule).await?;
            }
            Ok(Self { connection, messages, owner: None, capabilities: None })
        };
        match timeout(deadline, opening).await {
            Ok(Ok(bus)) => Ok(bus),
            Ok(Err(cause)) => Err(protocol::no_bus(&cause)),
            Err(_) => Err(ShowError::NoSession("the session bus does not answer".into())),
        }
    }

    /// Asks the bus who the server is; starts none.
    async fn find_owner(&mut self) {
        let bus = Some(protocol::BUS);
        let place = "/org/freedesktop/DBus";
        let asked = self.connection.call_method(bus, place, bus, "GetNameOwner", &protocol::SERVER);
        if let Ok(answer) = asked.await {
            self.owner = answer.body().deserialize().ok();
        }
    }

    /// The server that is there, under a name that no other and no later life of it has: the bus gives a name of
    /// its own to every connection, and has one to itself.
    fn server_name(&self) -> Option<String> {
        let owner = self.owner.as_ref()?;
        Some(format!("{} {owner}", self.connection.server_guid()))
    }

    /// Asks the server what it can do, which starts it where the bus knows how to.
    async fn ask_capabilities(&mut self) -> zbus::Result<Capabilities> {
        let server = Some(protocol::SERVER);
        let ask =
            async |question| self.connection.call_method(server, protocol::PATH, server, question, &()).await;
        let answer = ask("GetCapabilities").await?;
        let words: Vec<String> = answer.body().deserialize()?;
        // A server that will not say who it is shows notifications all the same.
        let name = match ask("GetServerInformation").await {
            Ok(answer) => answer.body().deserialize().unwrap_or_default(),
            Err(_) => <(String, String, String, String)>::default(),
        };
        let capabilities = Capabilities::new(&words, &name.0);
        self.owner = answer.header().sender().map(|sender| sender.to_owned().into());
        self.capabilities = Some(capabilities);
        Ok(capabilities)
    }
}

/// A time to try again.
struct Retry {
    delay: Duration,
    due: Pin<Box<Sleep>>,
}

impl Retry {
    fn after(delay: Duration) -> Self {
        Self { delay, due: Box::pin(sleep(delay)) }
    }
}

/// The next message; `None` when the bus is gone. Waits for ever without one.
async fn next_message(bus: &mut Option<Bus>) -> Option<Message> {
    match bus {
        Some(bus) => bus.messages.next().await?.ok(),
        None => pending().await,
    }
}

/// Waits until it is time to try again; for ever without a plan to.
async fn due(retry: &mut Option<Retry>) {
    match retry {
        Some(retry) => retry.due.as_mut().await,
        None => pending().await,
    }
}
