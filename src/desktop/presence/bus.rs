//! A connection to a message bus, for as long as it matters who is at the computer.
//!
//! Invariant: only programs that run are asked, and none is started by asking. A call that is not answered in time
//! has no answer, like one that fails.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zbus::message::Type;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::{DynamicType, Type as Typed};
use zbus::{Connection, MessageStream, connection};

use crate::system::dbus::{self, DBUS};

/// How long a program may take to answer.
pub(super) const ANSWER: Duration = Duration::from_secs(2);

/// A connection and all that is said to it.
pub(super) struct Bus {
    connection: Connection,
    messages: MessageStream,
}

/// A program on the bus, by the name that it alone has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program(OwnedUniqueName);

/// A thing of a program that takes calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object<'a> {
    pub(super) program: &'a Program,
    pub(super) path: &'a str,
    pub(super) interface: &'a str,
}

impl Bus {
    /// Connects to the bus of the user's session.
    pub(super) async fn session(rules: &[&str]) -> zbus::Result<Self> {
        Self::open(connection::Builder::session()?, rules).await
    }

    /// Connects to the bus of the system.
    pub(super) async fn system(rules: &[&str]) -> zbus::Result<Self> {
        Self::open(connection::Builder::system()?, rules).await
    }

    async fn open(builder: connection::Builder<'_>, rules: &[&str]) -> zbus::Result<Self> {
        let connection = builder.method_timeout(ANSWER).build().await?;
        let messages = MessageStream::from(&connection);
        let bus = Self { connection, messages };
        for rule in rules {
            dbus::add_match(&bus.connection, rule).await?;
        }
        Ok(bus)
    }

    /// The program that has this name; `None` when none has, or the bus does not say.
    pub(super) async fn program(&self, name: &str) -> Option<Program> {
        dbus::name_owner(&self.connection, name).await.ok()?.map(Program)
    }

    /// Asks a program; `None` when it does not answer what was asked.
    pub(super) async fn ask<B, T>(&self, object: Object<'_>, method: &str, body: &B) -> Option<T>
    where
        B: Serialize + DynamicType + Sync,
        T: DeserializeOwned + Typed,
    {
        let Object { program, path, interface } = object;
        let reply = self.connection.call_method(Some(&program.0), path, Some(interface), method, body).await;
        reply.ok()?.body().deserialize().ok()
    }

    /// Waits for the next signal, of whatever kind; `None` once the bus is gone. Cancel safe.
    pub(super) async fn next_signal(&mut self) -> Option<()> {
        // An error is the last that such a stream has to say.
        while let Some(Ok(message)) = self.messages.next().await {
            let is_of_bus = message.header().sender().is_some_and(|sender| sender == DBUS);
            // The bus greets every connection with a signal.
            if message.message_type() == Type::Signal && !is_of_bus {
                return Some(());
            }
        }
        None
    }
}
