//! The connection to the bus, and what is known of the notification server on it.
//!
//! Invariant: it is one connection, on which replies and signals are read in the order in which the bus sent them.

use std::future::pending;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::timeout;
use zbus::names::OwnedUniqueName;
use zbus::{Connection, Message, MessageStream};

use super::protocol::{self, BusMessage, Capabilities};
use crate::desktop::notifier::own_icon;
use crate::system::dbus::{self, ConnectError};
use crate::system::off_thread::off_thread;

/// A connection to the bus, and the notification server on it.
pub(super) struct Bus {
    pub(super) connection: Connection,
    messages: MessageStream,
    /// The bus name of the notification server, once it is known.
    pub(super) owner: Option<OwnedUniqueName>,
    /// Its capabilities, once it was asked.
    pub(super) capabilities: Option<Capabilities>,
}

impl Bus {
    /// Connects, and subscribes to what happens to notifications.
    pub(super) async fn open(address: Option<&str>, limit: Duration) -> Result<Self, ConnectError> {
        let opening = async {
            let connection = dbus::session(address)?.method_timeout(limit).build().await?;
            // All messages, so that replies and signals stay in one order.
            let messages = MessageStream::from(&connection);
            for rule in protocol::MATCH_RULES {
                dbus::add_match(&connection, rule).await?;
            }
            Ok(Self { connection, messages, owner: None, capabilities: None })
        };
        timeout(limit, opening).await.unwrap_or(Err(ConnectError::TimedOut))
    }

    /// Asks the bus who the server is; starts none.
    pub(super) async fn find_owner(&mut self) {
        self.owner = dbus::name_owner(&self.connection, protocol::SERVER).await.unwrap_or_default();
    }

    /// Identifies this run of the server: a bus never reuses the name of a connection, and the bus itself has a unique id.
    pub(super) fn server_name(&self) -> Option<String> {
        let owner = self.owner.as_ref()?;
        Some(format!("{} {owner}", self.connection.server_guid()))
    }

    /// Reads a message; `None` when it does not concern this program, or is a reply that the server did not send.
    pub(super) fn read(&self, message: &Message) -> Option<BusMessage> {
        let is_valid = |read: &BusMessage| {
            !matches!(read, BusMessage::Reply(..)) || dbus::is_reply_of(message, self.owner.as_ref())
        };
        protocol::read(message).filter(is_valid)
    }

    pub(super) fn known_server(&self) -> KnownServer {
        let standing_limit = self.capabilities.and_then(Capabilities::standing_limit);
        let text_limit = self.capabilities.map(Capabilities::text_limit);
        KnownServer { name: self.server_name(), standing_limit, text_limit }
    }

    /// Asks the server for its capabilities, which starts a server that the bus can start.
    pub(super) async fn ask_capabilities(&mut self) -> zbus::Result<Capabilities> {
        let server = protocol::SERVER;
        let ask =
            async |method| dbus::call(&self.connection, server, protocol::PATH, server, method, &()).await;
        let reply = ask("GetCapabilities").await?;
        let words: Vec<String> = reply.body().deserialize()?;
        // A server without a name can still show notifications.
        let name = match ask("GetServerInformation").await {
            Ok(reply) => reply.body().deserialize().unwrap_or_default(),
            Err(_) => <(String, String, String, String)>::default(),
        };
        let has_icon = off_thread(own_icon::is_installed).await;
        let capabilities = Capabilities::new(&words, &name.0, has_icon);
        self.owner = reply.header().sender().map(|sender| sender.to_owned().into());
        self.capabilities = Some(capabilities);
        Ok(capabilities)
    }
}

/// What is known of the server that accepted the latest notification, or that still runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KnownServer {
    /// Its name, which identifies this run of it.
    pub(super) name: Option<String>,
    /// How many critical notifications can be seen at once, if that is limited.
    pub(super) standing_limit: Option<usize>,
    /// How much of a text is shown, once that is known.
    pub(super) text_limit: Option<usize>,
}

/// The next message; `None` when the bus is lost. Waits indefinitely without a bus.
pub(super) async fn next_message(bus: &mut Option<Bus>) -> Option<Message> {
    match bus {
        Some(bus) => bus.messages.next().await?.ok(),
        None => pending().await,
    }
}
