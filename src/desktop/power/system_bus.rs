//! The connection to the system bus, on which logind and NetworkManager tell what happens.
//!
//! Invariant: only the programs that own the two names are believed; they are listened to and never called, so
//! that nothing is started by asking. A bus that is absent, hangs or goes away costs an attempt now and then.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::{Sleep, sleep, timeout};
use zbus::names::OwnedUniqueName;
use zbus::{Connection, Message, MessageStream, connection};

use super::PowerEvent;
use super::logind::{self, Logind};
use super::network_manager::{self, NetworkManager};

/// How long the bus may take to let this program in.
const ANSWER: Duration = Duration::from_secs(5);
/// The first pause after it did not; doubled with each failure.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// A bus that is gone comes back within seconds or with the next start of the computer.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// The bus itself.
const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";
const OWNER_RULES: [&str; 2] = [
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
     member='NameOwnerChanged',arg0='org.freedesktop.login1'",
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
     member='NameOwnerChanged',arg0='org.freedesktop.NetworkManager'",
];

/// Listens on the system bus.
pub(super) struct SystemBus {
    state: State,
    pause: Duration,
}

enum State {
    Opening(Pin<Box<dyn Future<Output = Result<Bus, String>> + Send>>),
    Open(Box<Bus>),
    Away(Pin<Box<Sleep>>),
    /// Between two of them.
    New,
}

impl SystemBus {
    /// A listener that does nothing before [`Self::next_event`].
    pub(super) fn new() -> Self {
        Self { state: State::New, pause: FIRST_PAUSE }
    }

    /// Waits for the next event. Cancel safe.
    pub(super) async fn next_event(&mut self) -> PowerEvent {
        loop {
            match &mut self.state {
                State::New => self.state = State::Opening(Box::pin(Bus::open())),
                State::Opening(opening) => match opening.as_mut().await {
                    Ok(bus) => {
                        tracing::debug!("listening to {bus}");
                        self.pause = FIRST_PAUSE;
                        self.state = State::Open(Box::new(bus));
                    }
                    Err(cause) => self.rest(&cause),
                },
                State::Open(bus) => match bus.messages.next().await {
                    Some(Ok(message)) => {
                        if let Some(event) = bus.read(&message) {
                            return event;
                        }
                    }
                    Some(Err(cause)) => self.rest(&cause.to_string()),
                    None => self.rest("it went away"),
                },
                State::Away(pause) => {
                    pause.as_mut().await;
                    self.state = State::New;
                }
            }
        }
    }

    /// Takes note that the clocks showed a sleep: logind need not tell, and a bus that was away may be back.
    pub(super) fn slept(&mut self) {
        match &mut self.state {
            State::Open(bus) => bus.logind.slept(),
            State::Away(_) => self.state = State::New,
            State::New | State::Opening(_) => {}
        }
    }

    fn rest(&mut self, cause: &str) {
        tracing::debug!("the system bus cannot be used, the next attempt is in {:?}: {cause}", self.pause);
        self.state = State::Away(Box::pin(sleep(self.pause)));
        self.pause = LONGEST_PAUSE.min(self.pause * 2);
    }
}

impl fmt::Debug for SystemBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::New => "New",
            State::Opening(_) => "Opening",
            State::Open(_) => "Open",
            State::Away(_) => "Away",
        };
        f.debug_struct("SystemBus").field("state", &state).finish_non_exhaustive()
    }
}

/// A connection on which everything is subscribed to.
struct Bus {
    messages: MessageStream,
    /// Who owns each of the names.
    login: Option<OwnedUniqueName>,
    network: Option<OwnedUniqueName>,
    logind: Logind,
    network_manager: NetworkManager,
}

impl Bus {
    async fn open() -> Result<Self, String> {
        let opening = async {
            let connection = connection::Builder::system()?.method_timeout(ANSWER).build().await?;
            // Everything the bus sends, unfiltered: a stream without a match rule of its own may be dropped
            // anywhere.
            let messages = MessageStream::from(&connection);
            let rules =
                OWNER_RULES.into_iter().chain([logind::MATCH_RULE]).chain(network_manager::MATCH_RULES);
            for rule in rules {
                connection.call_method(Some(BUS), BUS_PATH, Some(BUS), "AddMatch", &rule).await?;
            }
            Ok::<_, zbus::Error>(Self {
                login: owner(&connection, logind::NAME).await?,
                network: owner(&connection, network_manager::NAME).await?,
                messages,
                logind: Logind::default(),
                network_manager: NetworkManager::default(),
            })
        };
        match timeout(ANSWER, opening).await {
            Ok(opened) => opened.map_err(|cause| cause.to_string()),
            Err(_) => Err("it does not answer".to_owned()),
        }
    }

    fn read(&mut self, message: &Message) -> Option<PowerEvent> {
        let header = message.header();
        if header.message_type() != zbus::message::Type::Signal {
            return None;
        }
        let sender = header.sender()?;
        let is = |owner: &Option<OwnedUniqueName>| owner.as_ref().is_some_and(|owner| owner == sender);
        if is(&self.login) {
            return self.logind.hear(message);
        }
        if is(&self.network) {
            return self.network_manager.hear(message);
        }
        if sender == BUS && header.member()?.as_str() == "NameOwnerChanged" {
            let (name, _, owner): (String, String, String) = message.body().deserialize().ok()?;
            self.change_owner(&name, OwnedUniqueName::try_from(owner).ok());
        }
        None
    }

    /// Another program owns the name: what the one before said is not known of it.
    fn change_owner(&mut self, name: &str, owner: Option<OwnedUniqueName>) {
        match name {
            logind::NAME if self.login != owner => (self.login, self.logind) = (owner, Logind::default()),
            network_manager::NAME if self.network != owner => {
                (self.network, self.network_manager) = (owner, NetworkManager::default());
            }
            _ => {}
        }
    }
}

impl fmt::Display for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (&self.login, &self.network) {
            (Some(_), Some(_)) => "logind and NetworkManager",
            (Some(_), None) => "logind",
            (None, Some(_)) => "NetworkManager",
            (None, None) => "the system bus, on which neither logind nor NetworkManager is yet",
        })
    }
}

async fn owner(connection: &Connection, name: &str) -> zbus::Result<Option<OwnedUniqueName>> {
    match connection.call_method(Some(BUS), BUS_PATH, Some(BUS), "GetNameOwner", &name).await {
        Ok(answer) => Ok(Some(answer.body().deserialize()?)),
        Err(zbus::Error::MethodError(..)) => Ok(None),
        Err(cause) => Err(cause),
    }
}
