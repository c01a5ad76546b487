//! Connects to the D-Bus session bus, and asks a bus who owns a name.
//!
//! Invariant: asking starts no program, and no error shows the words of a library.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::time::timeout;
use zbus::names::OwnedUniqueName;
use zbus::{Connection, connection};

/// The name of the bus itself, and of its interface.
pub const DBUS: &str = "org.freedesktop.DBus";
/// The object of the bus itself.
const DBUS_PATH: &str = "/org/freedesktop/DBus";

/// Why there is no connection to the session bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// It cannot be reached.
    #[error("the session bus cannot be reached: {0}")]
    Unreachable(&'static str),
    /// It does not respond in time.
    #[error("the session bus does not respond")]
    TimedOut,
}

impl From<zbus::Error> for ConnectError {
    fn from(error: zbus::Error) -> Self {
        const REFUSED: &str = "it does not let this program in";

        if let zbus::Error::Address(_) = error {
            return Self::Unreachable("DBUS_SESSION_BUS_ADDRESS contains no address");
        }
        if let zbus::Error::InputOutput(cause) | zbus::Error::Connection(cause, _) = error
            && cause.kind() != ErrorKind::PermissionDenied
        {
            return Self::Unreachable("nothing listens at its address, so this is not a desktop session");
        }
        Self::Unreachable(REFUSED)
    }
}

/// A connection to the session bus at this address, in D-Bus syntax; `None` is the one of the environment.
pub async fn connect(address: Option<&str>, limit: Duration) -> Result<Connection, ConnectError> {
    let connecting = async { session(address)?.build().await };
    match timeout(limit, connecting).await {
        Ok(connected) => Ok(connected?),
        Err(_elapsed) => Err(ConnectError::TimedOut),
    }
}

/// The builder of such a connection, for options of its own.
pub fn session(address: Option<&str>) -> zbus::Result<connection::Builder<'_>> {
    match address {
        Some(address) => connection::Builder::address(address),
        None => connection::Builder::session(),
    }
}

/// Has the bus send the signals that match a rule.
///
/// Use it with a `MessageStream::from(&connection)`, which yields everything that the bus sends, in order: a stream with
/// a match rule of its own aborts the process when it is dropped outside the runtime.
pub async fn add_match(connection: &Connection, rule: &str) -> zbus::Result<()> {
    connection.call_method(Some(DBUS), DBUS_PATH, Some(DBUS), "AddMatch", &rule).await?;
    Ok(())
}

/// The program that owns a name on the bus; `None` when no program does.
pub async fn name_owner(connection: &Connection, name: &str) -> zbus::Result<Option<OwnedUniqueName>> {
    match connection.call_method(Some(DBUS), DBUS_PATH, Some(DBUS), "GetNameOwner", &name).await {
        Ok(reply) => Ok(Some(reply.body().deserialize()?)),
        Err(zbus::Error::MethodError(..)) => Ok(None),
        Err(error) => Err(error),
    }
}
