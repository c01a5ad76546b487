//! Fake services of a desktop, with replies that the test sets: screen savers, an idle monitor, logind.
//!
//! Invariant: each one replies by method name alone, counts the calls, and refuses a method without a reply.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zbus::message::Type;
use zbus::names::UniqueName;
use zbus::zvariant::{DynamicType, ObjectPath, Value};
use zbus::{Connection, MessageStream};

use super::notification_server::connect;
use super::process::TIMEOUT;

pub(crate) const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
pub(crate) const LOGIND: &str = "org.freedesktop.login1";
pub(crate) const SESSION_PATH: &str = "/org/freedesktop/login1/session/_32";
pub(crate) const SESSION: &str = "org.freedesktop.login1.Session";

/// The reply of a service to a method.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    Yes,
    No,
    /// A number of 32 bits.
    Short(u32),
    /// A number of 64 bits.
    Long(u64),
    /// A text, although a flag or a number is expected.
    Nonsense,
    /// The session with the user's screen, as logind reports it.
    Display,
    /// The properties of a session.
    Session(Vec<(&'static str, Value<'static>)>),
    /// It accepts the call and never replies.
    Hangs,
}

/// The properties of a session as logind reports them.
pub(crate) fn session(active: bool, locked: bool, idle: bool) -> Vec<(&'static str, Value<'static>)> {
    vec![
        ("Type", Value::from("x11")),
        ("Active", Value::from(active)),
        ("LockedHint", Value::from(locked)),
        ("IdleHint", Value::from(idle)),
    ]
}

type Answers = Arc<Mutex<BTreeMap<&'static str, Says>>>;

/// A service on a bus.
pub(crate) struct Service {
    connection: Connection,
    names: Vec<&'static str>,
    answers: Answers,
    calls: watch::Receiver<BTreeMap<String, usize>>,
    tracker: JoinHandle<()>,
}

impl Service {
    /// Starts the service; it owns all of these names when this returns.
    pub(crate) async fn start(address: &str, names: &[&'static str], says: &[(&'static str, Says)]) -> Self {
        let connection = connect(address).await;
        let mut messages = MessageStream::from(&connection);
        let answers: Answers = Arc::new(Mutex::new(says.iter().cloned().collect()));
        let (counted, calls) = watch::channel(BTreeMap::new());
        let (bus, known) = (connection.clone(), Arc::clone(&answers));
        let tracker = tokio::spawn(async move {
            while let Some(Ok(call)) = messages.next().await {
                if call.message_type() != Type::MethodCall {
                    continue;
                }
                let member = call.header().member().map(ToString::to_string).unwrap_or_default();
                let answer = known.lock().expect("no test panicked").get(member.as_str()).cloned();
                reply(&bus, &call, answer).await;
                counted.send_modify(|calls| *calls.entry(member).or_default() += 1);
            }
        });
        for name in names {
            connection.request_name(*name).await.expect("own the name");
        }
        Self { connection, names: names.to_vec(), answers, calls, tracker }
    }

    /// logind, with this session as the one with the user's screen.
    pub(crate) async fn logind(address: &str, session: &[(&'static str, Value<'static>)]) -> Self {
        let says = [("Get", Says::Display), ("GetAll", Says::Session(session.to_vec()))];
        Self::start(address, &[LOGIND], &says).await
    }

    /// Sets a reply from now on.
    pub(crate) fn says(&self, method: &'static str, answer: Says) {
        self.answers.lock().expect("no test panicked").insert(method, answer);
    }

    /// How often a method was called.
    pub(crate) fn calls(&self, method: &str) -> usize {
        self.calls.borrow().get(method).copied().unwrap_or_default()
    }

    /// Waits until a method was called this often.
    pub(crate) async fn until_called(&self, method: &str, times: usize) {
        let mut calls = self.calls.clone();
        let called = calls.wait_for(|calls| calls.get(method).is_some_and(|count| *count >= times));
        assert!(timeout(TIMEOUT, called).await.is_ok(), "{method} is not called {times} times");
    }

    /// Sends a signal to every listener.
    pub(crate) async fn emits<B>(&self, path: &str, interface: &str, member: &str, body: &B)
    where
        B: Serialize + DynamicType,
    {
        let sent = self.connection.emit_signal(None::<UniqueName<'_>>, path, interface, member, body).await;
        sent.expect("emit a signal");
    }

    /// Sends the signal that properties of the session changed.
    pub(crate) async fn session_changed(&self, session: &[(&'static str, Value<'static>)]) {
        self.says("GetAll", Says::Session(session.to_vec()));
        let changed: HashMap<_, _> = session.iter().map(|(name, value)| (*name, value)).collect();
        let body = (SESSION, changed, Vec::<String>::new());
        self.emits(SESSION_PATH, PROPERTIES, "PropertiesChanged", &body).await;
    }

    /// Leaves the bus.
    pub(crate) async fn leave(self) {
        for name in &self.names {
            self.connection.release_name(*name).await.expect("give up the name");
        }
        self.tracker.abort();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.tracker.abort();
    }
}

async fn reply(bus: &Connection, call: &zbus::Message, answer: Option<Says>) {
    let header = call.header();
    let sent = match answer {
        Some(Says::Yes) => bus.reply(&header, &true).await,
        Some(Says::No) => bus.reply(&header, &false).await,
        Some(Says::Short(number)) => bus.reply(&header, &number).await,
        Some(Says::Long(number)) => bus.reply(&header, &number).await,
        Some(Says::Nonsense) => bus.reply(&header, &"nonsense").await,
        Some(Says::Display) => {
            let path = ObjectPath::try_from(SESSION_PATH).expect("a path");
            bus.reply(&header, &Value::from(("2", path))).await
        }
        Some(Says::Session(properties)) => {
            bus.reply(&header, &properties.into_iter().collect::<HashMap<_, _>>()).await
        }
        Some(Says::Hangs) => return,
        None => bus.reply_error(&header, "org.freedesktop.DBus.Error.UnknownMethod", &"no").await,
    };
    // The caller may have hung up.
    drop(sent);
}
