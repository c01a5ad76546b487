//! A notification server that shows nothing and records everything, for tests with a [`Bus`].
//!
//! Invariant: it answers one call at a time and in order, so what a test makes it do right after a
//! reply is on the bus right after that reply.
//!
//! It lives in the test process, on a connection of its own, as a task of the test's runtime; the program
//! under test may be in the same process or another. It also acts as the user: [`NotificationServer::choose`]
//! and [`NotificationServer::dismiss`].
//!
//! [`Bus`]: super::bus::Bus

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use handover::system::clock;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zbus::message::{Flags, Type};
use zbus::zvariant::OwnedValue;
use zbus::{Connection, Message, MessageStream};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// Longer than any step of a test should take, even on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A notification, with all arguments of `Notify`.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) id: u32,
    /// When it arrived, before its sender had a reply.
    pub(crate) at: Instant,
    pub(crate) app_name: String,
    pub(crate) replaces: u32,
    pub(crate) icon: String,
    pub(crate) title: String,
    pub(crate) body: String,
    /// Keys and labels, alternating.
    pub(crate) actions: Vec<String>,
    pub(crate) hints: HashMap<String, OwnedValue>,
    /// Milliseconds; 0 means never, -1 the server's default.
    pub(crate) expires: i32,
}

impl Shown {
    /// A hint that is a byte, such as `urgency`.
    pub(crate) fn byte_hint(&self, name: &str) -> Option<u8> {
        self.hints.get(name).map(|value| u8::try_from(value).expect("the hint is a byte"))
    }

    /// Whether a hint that is a boolean is set, such as `resident`.
    pub(crate) fn has_hint(&self, name: &str) -> bool {
        self.hints.get(name).is_some_and(|value| bool::try_from(value).expect("the hint is a boolean"))
    }
}

/// How the server handles a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// It replies normally.
    #[default]
    Answer,
    /// It replies to a notification, and the user clicks on it at once.
    AnswerAndClick,
    /// It replies to a notification with an error.
    Refuse,
    /// It replies to nothing until [`NotificationServer::catch_up`].
    Hang,
}

/// When an action is done, see [`NotificationServer::at_next`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// A notification has arrived, but its sender has no reply yet.
    BeforeAnswer,
    /// The reply to a notification was sent.
    AfterAnswer,
    /// A call of any kind has arrived while the server hangs.
    LeftUnanswered,
}

/// An action to do once.
type Action = Box<dyn FnOnce() + Send>;

/// A notification server. It is on the bus when `start` returns and leaves it when it is dropped.
pub(crate) struct NotificationServer {
    desk: Arc<Desk>,
    shown: tokio::sync::Mutex<mpsc::UnboundedReceiver<Shown>>,
    closed: tokio::sync::Mutex<mpsc::UnboundedReceiver<u32>>,
    tracker: JoinHandle<()>,
}

impl NotificationServer {
    /// Starts a server with the capabilities of a rich desktop.
    pub(crate) async fn start(bus_address: &str) -> Self {
        Self::with_capabilities(bus_address, &["actions", "body", "body-hyperlinks", "body-markup"]).await
    }

    /// Starts a server with these capabilities.
    pub(crate) async fn with_capabilities(bus_address: &str, capabilities: &[&str]) -> Self {
        Self::called("fake", bus_address, capabilities).await
    }

    /// The same, with this name.
    pub(crate) async fn called(name: &str, bus_address: &str, capabilities: &[&str]) -> Self {
        let connection = connect(bus_address).await;
        let calls = MessageStream::from(&connection);
        let (on_shown, shown) = mpsc::unbounded_channel();
        let (on_closed, closed) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk {
            connection: connection.clone(),
            name: name.to_owned(),
            capabilities: capabilities.iter().map(|word| (*word).to_owned()).collect(),
            on_shown,
            on_closed,
            state: Mutex::default(),
        });
        let tracker = tokio::spawn(Arc::clone(&desk).serve(calls));
        connection.request_name(NAME).await.expect("become the notification server");
        Self { desk, shown: shown.into(), closed: closed.into(), tracker }
    }

    /// The next notification that was shown, in order; panics if none comes within 30 s.
    pub(crate) async fn next_shown(&self) -> Shown {
        let next = async { self.shown.lock().await.recv().await };
        let shown = timeout(TIMEOUT, next).await.expect("a notification is shown within 30 s");
        shown.expect("the notification server is running")
    }

    /// Waits until it has handled everything that was sent to it before, by a process that was killed meanwhile, for example.
    pub(crate) async fn flush(&self, bus_address: &str) {
        // A connection made now gets its first message after the last one of a connection that is gone.
        let bus = connect(bus_address).await;
        let question = bus.call_method(Some(NAME), PATH, Some(NAME), "GetServerInformation", &());
        let reply = timeout(TIMEOUT, question).await.expect("the notification server answers within 30 s");
        reply.expect("the notification server is on the bus");
    }

    /// The notifications that were shown and not read yet.
    pub(crate) async fn shown_so_far(&self) -> Vec<Shown> {
        let mut unread = self.shown.lock().await;
        std::iter::from_fn(|| unread.try_recv().ok()).collect()
    }

    /// The next notification that a program closed; panics if there is none within 30 s.
    pub(crate) async fn next_closed(&self) -> u32 {
        let next = async { self.closed.lock().await.recv().await };
        let closed = timeout(TIMEOUT, next).await.expect("a notification is closed within 30 s");
        closed.expect("the notification server is running")
    }

    /// The notifications on the screen now.
    pub(crate) fn screen(&self) -> BTreeMap<u32, Shown> {
        self.desk.state().screen.clone()
    }

    /// How often the capabilities were queried.
    pub(crate) fn capability_questions(&self) -> usize {
        self.desk.state().capability_questions
    }

    /// How many calls wait for [`NotificationServer::catch_up`].
    pub(crate) fn unanswered(&self) -> usize {
        self.desk.state().unanswered.len()
    }

    /// The calls without a reply.
    pub(crate) fn unanswered_calls(&self) -> Vec<Message> {
        self.desk.state().unanswered.clone()
    }

    /// Handles calls in this way from now on.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.desk.state().behaviour = behaviour;
    }

    /// Does this once, the next time that happens: for example, kills the process that showed the notification.
    pub(crate) fn at_next(&self, moment: Trigger, action: impl FnOnce() + Send + 'static) {
        self.desk.state().action = Some((moment, Box::new(action)));
    }

    /// Replies to the calls it left unanswered, and replies normally from now on.
    pub(crate) async fn catch_up(&self) {
        self.behave(Behaviour::Answer);
        let unanswered = std::mem::take(&mut self.desk.state().unanswered);
        for call in unanswered {
            self.desk.answer(&call).await;
        }
    }

    /// Chooses an action of a notification as the user; `default` is a click on the notification itself.
    pub(crate) async fn choose(&self, id: u32, key: &str) {
        self.desk.signal(id, "ActionInvoked", &(id, key)).await;
    }

    /// Chooses an action as the user of a desktop that sends an activation token before.
    pub(crate) async fn choose_with_token(&self, id: u32, key: &str, token: &str) {
        self.desk.signal(id, "ActivationToken", &(id, token)).await;
        self.choose(id, key).await;
    }

    /// Waits until the program that showed this notification has left the bus.
    pub(crate) async fn until_alone(&self, id: u32) {
        while self.desk.is_of_another(id, None).await {
            tokio::task::yield_now().await;
        }
    }

    /// Closes a notification as the user.
    pub(crate) async fn dismiss(&self, id: u32) {
        self.desk.close(id, 2).await;
    }

    /// Removes a notification from the screen as if it had expired.
    pub(crate) async fn expire(&self, id: u32) {
        self.desk.close(id, 1).await;
    }
}

impl Drop for NotificationServer {
    fn drop(&mut self) {
        self.tracker.abort();
    }
}

/// A connection to the bus at this address.
pub(crate) async fn connect(bus_address: &str) -> Connection {
    let builder = zbus::connection::Builder::address(bus_address).expect("the address of a bus");
    builder.build().await.expect("connect to the bus")
}

/// The error of a call about another program's notification.
const INVALID: &str = "org.freedesktop.DBus.Error.InvalidArgs";

fn sender_of(call: &Message) -> String {
    call.header().sender().expect("the bus names the sender").to_string()
}

struct Desk {
    connection: Connection,
    name: String,
    capabilities: Vec<String>,
    on_shown: mpsc::UnboundedSender<Shown>,
    on_closed: mpsc::UnboundedSender<u32>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    behaviour: Behaviour,
    screen: BTreeMap<u32, Shown>,
    latest_id: u32,
    /// Who showed a notification last, by the name on the bus.
    senders: BTreeMap<u32, String>,
    capability_questions: usize,
    unanswered: Vec<Message>,
    action: Option<(Trigger, Action)>,
}

impl Desk {
    async fn serve(self: Arc<Self>, mut calls: MessageStream) {
        while let Some(Ok(call)) = calls.next().await {
            let is_for_us = call.message_type() == Type::MethodCall;
            if is_for_us && self.state().behaviour == Behaviour::Hang {
                self.state().unanswered.push(call);
                self.run_due_action(Trigger::LeftUnanswered);
            } else if is_for_us {
                self.answer(&call).await;
            }
        }
    }

    async fn answer(&self, call: &Message) {
        let header = call.header();
        let connection = &self.connection;
        let member = header.member().expect("a call has a member");
        let sent = match member.as_str() {
            "GetCapabilities" => {
                self.state().capability_questions += 1;
                connection.reply(&header, &self.capabilities).await
            }
            "GetServerInformation" => connection.reply(&header, &(&self.name, "test", "1", "1.2")).await,
            "Notify" => return self.notify(call).await,
            "CloseNotification" => {
                let (id,): (u32,) = call.body().deserialize().expect("CloseNotification takes an id");
                if self.is_of_another(id, Some(call)).await {
                    return drop(connection.reply_error(&header, INVALID, &"Invalid notification ID").await);
                }
                self.close(id, 3).await;
                if header.primary().flags().contains(Flags::NoReplyExpected) {
                    return;
                }
                connection.reply(&header, &()).await
            }
            _ => connection.reply_error(&header, "org.freedesktop.DBus.Error.UnknownMethod", &()).await,
        };
        // The caller may have hung up.
        drop(sent);
    }

    async fn notify(&self, call: &Message) {
        let header = call.header();
        let (behaviour, at) = (self.state().behaviour, clock::instant());
        if behaviour == Behaviour::Refuse {
            let error = "org.example.Error.ExcessNotificationGeneration";
            return drop(self.connection.reply_error(&header, error, &"no").await);
        }
        let (app_name, replaces, icon, title, body, actions, hints, expires) =
            call.body().deserialize().expect("Notify takes susssasa{sv}i");
        if self.is_of_another(replaces, Some(call)).await {
            return drop(self.connection.reply_error(&header, INVALID, &"Invalid notification ID").await);
        }
        let mut shown =
            Shown { id: replaces, at, app_name, replaces, icon, title, body, actions, hints, expires };
        {
            let mut state = self.state();
            // dunst shows any notification under the id that was requested.
            let is_taken_over = replaces != 0 && self.name == "dunst";
            if !is_taken_over && !state.screen.contains_key(&replaces) {
                state.latest_id += 1;
                shown.id = state.latest_id;
            }
            state.screen.insert(shown.id, shown.clone());
            state.senders.insert(shown.id, sender_of(call));
        }
        let id = shown.id;
        // One that only says what became of an emergency on the screen is on the screen alone.
        if !["\nAcknowledged ", " · Acknowledged "].iter().any(|words| shown.body.contains(words)) {
            drop(self.on_shown.send(shown));
        }
        self.run_due_action(Trigger::BeforeAnswer);
        drop(self.connection.reply(&header, &id).await);
        self.run_due_action(Trigger::AfterAnswer);
        if behaviour == Behaviour::AnswerAndClick {
            self.signal(id, "ActionInvoked", &(id, "default")).await;
        }
    }

    fn run_due_action(&self, now: Trigger) {
        let due = self.state().action.take_if(|(moment, _)| *moment == now);
        if let Some((_, action)) = due {
            action();
        }
    }

    async fn close(&self, id: u32, reason: u32) {
        let was_there = self.state().screen.remove(&id).is_some();
        if was_there {
            let _: Result<(), _> = self.on_closed.send(id);
            self.signal(id, "NotificationClosed", &(id, reason)).await;
        }
    }

    /// Says what happened to a notification: to everybody or, as GNOME and dunst do, to the program that showed it last.
    async fn signal<B: serde::Serialize + zbus::zvariant::DynamicType>(&self, id: u32, name: &str, body: &B) {
        let sender = self.state().senders.get(&id).cloned();
        let to = sender.filter(|_| ["gnome-shell", "dunst"].contains(&&*self.name));
        // The bus may have been stopped.
        drop(self.connection.emit_signal(to.as_deref(), PATH, NAME, name, body).await);
    }

    /// Whether GNOME would refuse a call about a notification, since another program showed it that is still there.
    async fn is_of_another(&self, id: u32, call: Option<&Message>) -> bool {
        let sender = self.state().senders.get(&id).cloned();
        let caller = call.map(sender_of);
        let Some(sender) = sender.filter(|sender| caller.as_ref() != Some(sender)) else { return false };
        if self.name != "gnome-shell" && call.is_some() {
            return false;
        }
        let bus = zbus::fdo::DBusProxy::new(&self.connection).await.expect("the bus");
        let sender = zbus::names::BusName::try_from(sender).expect("a name on the bus");
        bus.name_has_owner(sender).await.unwrap_or(false)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the lock panics")
    }
}
