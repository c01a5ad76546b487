//! A connection to a message bus, for queries about presence.
//!
//! Invariant: only running programs are called, so none is started. A call without a reply in time counts as failed, and is
//! remembered.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zbus::message::Type;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::{DynamicType, Type as Typed};
use zbus::{Connection, MessageStream, connection};

use crate::system::dbus::{self, DBUS};

/// How long a program may take to reply.
pub(super) const REPLY_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection with its messages.
pub(super) struct Bus {
    connection: Connection,
    messages: MessageStream,
    is_unanswered: AtomicBool,
}

/// A program on the bus, by its unique name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program(OwnedUniqueName);

/// An object of a program.
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
        let connection = builder.method_timeout(REPLY_TIMEOUT).build().await?;
        let messages = MessageStream::from(&connection);
        let bus = Self { connection, messages, is_unanswered: AtomicBool::new(false) };
        for rule in rules {
            dbus::add_match(&bus.connection, rule).await?;
        }
        Ok(bus)
    }

    /// The program that owns this name; `None` if none does, or the bus does not reply.
    pub(super) async fn program(&self, name: &str) -> Option<Program> {
        self.noted(dbus::name_owner(&self.connection, name).await)?.map(Program)
    }

    /// Calls a method; `None` if there is no valid reply.
    pub(super) async fn call<B, T>(&self, object: Object<'_>, method: &str, body: &B) -> Option<T>
    where
        B: Serialize + DynamicType + Sync,
        T: DeserializeOwned + Typed,
    {
        let Object { program, path, interface } = object;
        let reply = dbus::call(&self.connection, program.0.as_str(), path, interface, method, body).await;
        self.noted(reply)?.body().deserialize().ok()
    }

    /// Whether a call had no reply since this was last asked.
    pub(super) fn take_unanswered(&self) -> bool {
        self.is_unanswered.swap(false, Ordering::Relaxed)
    }

    fn noted<T>(&self, reply: zbus::Result<T>) -> Option<T> {
        let is_silence = match &reply {
            // The program ended before it replied.
            Err(zbus::Error::MethodError(name, ..)) => name.as_str() == "org.freedesktop.DBus.Error.NoReply",
            Err(zbus::Error::InputOutput(error)) => error.kind() == ErrorKind::TimedOut,
            Ok(_) | Err(_) => false,
        };
        self.is_unanswered.fetch_or(is_silence, Ordering::Relaxed);
        reply.ok()
    }

    /// Waits for the next signal of any kind; `None` once the bus is lost. Cancel safe.
    pub(super) async fn next_signal(&mut self) -> Option<()> {
        // The stream ends with an error or with `None`.
        while let Some(Ok(message)) = self.messages.next().await {
            let is_of_bus = message.header().sender().is_some_and(|sender| sender == DBUS);
            // The bus itself sends every new connection a signal.
            if message.message_type() == Type::Signal && !is_of_bus {
                return Some(());
            }
        }
        None
    }
}
