//! The connection to the system bus, on which logind and NetworkManager send their signals.
//!
//! Invariant: only signals of the programs that own the two names are read. They are never called, so no program is
//! started. A bus that is missing, hangs or ends only costs an occasional retry.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::{Sleep, sleep, timeout};
use zbus::names::OwnedUniqueName;
use zbus::{Message, MessageStream, connection};

use super::event::PowerEvent;
use super::logind::{self, Logind};
use super::network_manager::{self, NetworkManager};
use crate::system::dbus::{self, DBUS};

/// How long the bus may take to reply.
const REPLY_TIMEOUT: Duration = Duration::from_secs(5);
/// The delay before the first retry; doubled with each failure.
const FIRST_RETRY: Duration = Duration::from_secs(5);
/// The longest delay. A lost bus is back within seconds, or after the computer restarts.
const LONGEST_RETRY: Duration = Duration::from_hours(1);

const OWNER_RULES: [&str; 2] = [
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
     member='NameOwnerChanged',arg0='org.freedesktop.login1'",
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
     member='NameOwnerChanged',arg0='org.freedesktop.NetworkManager'",
];

/// Receives the signals of the system bus.
pub(super) struct SystemBus {
    state: State,
    retry_delay: Duration,
}

enum State {
    Connecting(Pin<Box<dyn Future<Output = Result<Bus, String>> + Send>>),
    Connected(Box<Bus>),
    Waiting(Pin<Box<Sleep>>),
    Idle,
}

impl SystemBus {
    /// A bus that is connected by the first [`Self::next_event`].
    pub(super) fn new() -> Self {
        Self { state: State::Idle, retry_delay: FIRST_RETRY }
    }

    /// Waits for the next event. Cancel safe.
    pub(super) async fn next_event(&mut self) -> PowerEvent {
        loop {
            match &mut self.state {
                State::Idle => self.state = State::Connecting(Box::pin(Bus::open())),
                State::Connecting(connecting) => match connecting.as_mut().await {
                    Ok(bus) => {
                        tracing::debug!("listening to {bus}");
                        self.retry_delay = FIRST_RETRY;
                        self.state = State::Connected(Box::new(bus));
                    }
                    Err(cause) => self.schedule_retry(&cause),
                },
                State::Connected(bus) => match bus.messages.next().await {
                    Some(Ok(message)) => {
                        if let Some(event) = bus.read(&message) {
                            return event;
                        }
                    }
                    Some(Err(cause)) => self.schedule_retry(&cause.to_string()),
                    None => self.schedule_retry("it closed the connection"),
                },
                State::Waiting(pause) => {
                    pause.as_mut().await;
                    self.state = State::Idle;
                }
            }
        }
    }

    /// Records that a sleep was reported because of the clocks. A lost bus may be back after it.
    pub(super) fn note_sleep(&mut self) {
        match &mut self.state {
            State::Connected(bus) => bus.logind.note_sleep(),
            State::Waiting(_) => self.state = State::Idle,
            State::Idle | State::Connecting(_) => {}
        }
    }

    fn schedule_retry(&mut self, cause: &str) {
        tracing::debug!("the system bus cannot be used, retrying in {:?}: {cause}", self.retry_delay);
        self.state = State::Waiting(Box::pin(sleep(self.retry_delay)));
        self.retry_delay = LONGEST_RETRY.min(self.retry_delay * 2);
    }
}

impl fmt::Debug for SystemBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Idle => "Idle",
            State::Connecting(_) => "Connecting",
            State::Connected(_) => "Connected",
            State::Waiting(_) => "Waiting",
        };
        f.debug_struct("SystemBus").field("state", &state).finish_non_exhaustive()
    }
}

/// A connection with all subscriptions.
struct Bus {
    messages: MessageStream,
    logind_owner: Option<OwnedUniqueName>,
    network_manager_owner: Option<OwnedUniqueName>,
    logind: Logind,
    network_manager: NetworkManager,
}

impl Bus {
    async fn open() -> Result<Self, String> {
        let connecting = async {
            let connection = connection::Builder::system()?.method_timeout(REPLY_TIMEOUT).build().await?;
            let messages = MessageStream::from(&connection);
            let rules =
                OWNER_RULES.into_iter().chain([logind::MATCH_RULE]).chain(network_manager::MATCH_RULES);
            for rule in rules {
                dbus::add_match(&connection, rule).await?;
            }
            Ok::<_, zbus::Error>(Self {
                logind_owner: dbus::name_owner(&connection, logind::NAME).await?,
                network_manager_owner: dbus::name_owner(&connection, network_manager::NAME).await?,
                messages,
                logind: Logind::default(),
                network_manager: NetworkManager::default(),
            })
        };
        match timeout(REPLY_TIMEOUT, connecting).await {
            Ok(connected) => connected.map_err(|cause| cause.to_string()),
            Err(_) => Err("it does not respond".to_owned()),
        }
    }

    fn read(&mut self, message: &Message) -> Option<PowerEvent> {
        let header = message.header();
        if header.message_type() != zbus::message::Type::Signal {
            return None;
        }
        let sender = header.sender()?;
        let is = |owner: &Option<OwnedUniqueName>| owner.as_ref().is_some_and(|owner| owner == sender);
        if is(&self.logind_owner) {
            return self.logind.read(message);
        }
        if is(&self.network_manager_owner) {
            return self.network_manager.read(message);
        }
        if sender == DBUS && header.member()?.as_str() == "NameOwnerChanged" {
            let (name, _, owner): (String, String, String) = message.body().deserialize().ok()?;
            self.change_owner(&name, OwnedUniqueName::try_from(owner).ok());
        }
        None
    }

    /// Drops the state of the previous owner, since another program owns the name now.
    fn change_owner(&mut self, name: &str, owner: Option<OwnedUniqueName>) {
        match name {
            logind::NAME if self.logind_owner != owner => {
                (self.logind_owner, self.logind) = (owner, Logind::default());
            }
            network_manager::NAME if self.network_manager_owner != owner => {
                (self.network_manager_owner, self.network_manager) = (owner, NetworkManager::default());
            }
            _ => {}
        }
    }
}

impl fmt::Display for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (&self.logind_owner, &self.network_manager_owner) {
            (Some(_), Some(_)) => "logind and NetworkManager",
            (Some(_), None) => "logind",
            (None, Some(_)) => "NetworkManager",
            (None, None) => "the system bus, without logind and NetworkManager",
        })
    }
}
