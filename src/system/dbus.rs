//! Connects to the D-Bus session bus, calls methods, and finds the owner of a name.
//!
//! Invariant: asking for an owner starts no program; a reply counts only if it comes from the program that was called
//! or from the bus; and errors are in this program's own words.

use std::io::ErrorKind;
use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::DynamicType;
use zbus::{Connection, Message, connection};

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
        const REFUSED: &str = "it refuses this program";

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

/// Connects to the session bus at this address, in D-Bus syntax; `None` takes the address from the environment.
pub async fn connect(address: Option<&str>, limit: Duration) -> Result<Connection, ConnectError> {
    let connecting = async { session(address)?.build().await };
    match timeout(limit, connecting).await {
        Ok(connected) => Ok(connected?),
        Err(_elapsed) => Err(ConnectError::TimedOut),
    }
}

/// The builder of such a connection, to set more options.
pub fn session(address: Option<&str>) -> zbus::Result<connection::Builder<'_>> {
    match address {
        Some(address) => connection::Builder::address(address),
        None => connection::Builder::session(),
    }
}

/// Asks the bus to send the signals that match a rule.
///
/// Use it with a `MessageStream::from(&connection)`, which yields everything that the bus sends, in order: a stream with
/// a match rule of its own aborts the process when it is dropped outside the runtime.
pub async fn add_match(connection: &Connection, rule: &str) -> zbus::Result<()> {
    connection.call_method(Some(DBUS), DBUS_PATH, Some(DBUS), "AddMatch", &rule).await?;
    Ok(())
}

/// Calls a method of the program that has this name, and checks that the reply comes from it: any program on the bus
/// can send a reply, and zbus checks only the serial number of the call.
pub async fn call<B: Serialize + DynamicType>(
    connection: &Connection,
    name: &str,
    path: &str,
    interface: &str,
    method: &str,
    body: &B,
) -> zbus::Result<Message> {
    let before = owner_of(connection, name).await?;
    let reply = connection.call_method(Some(name), path, Some(interface), method, body).await?;
    let owner = match before {
        Some(owner) => Some(owner),
        // The bus started the program for this call.
        None => owner_of(connection, name).await?,
    };
    let is_valid = owner.is_some() && is_reply_of(&reply, owner.as_ref());
    if is_valid { Ok(reply) } else { Err(zbus::Error::InvalidReply) }
}

/// The unique name of the program that receives calls to this name.
async fn owner_of(connection: &Connection, name: &str) -> zbus::Result<Option<OwnedUniqueName>> {
    if name.starts_with(':') {
        Ok(OwnedUniqueName::try_from(name).ok())
    } else {
        name_owner(connection, name).await
    }
}

/// Whether a reply comes from this program, or from the bus itself, which replies if no program can.
pub fn is_reply_of(reply: &Message, program: Option<&OwnedUniqueName>) -> bool {
    reply
        .header()
        .sender()
        .is_some_and(|sender| *sender == DBUS || program.is_some_and(|program| sender == program.inner()))
}

/// The program that owns a name on the bus; `None` if no program does.
pub async fn name_owner(connection: &Connection, name: &str) -> zbus::Result<Option<OwnedUniqueName>> {
    match connection.call_method(Some(DBUS), DBUS_PATH, Some(DBUS), "GetNameOwner", &name).await {
        Ok(reply) if !is_reply_of(&reply, None) => Err(zbus::Error::InvalidReply),
        Ok(reply) => Ok(Some(reply.body().deserialize()?)),
        Err(zbus::Error::MethodError(..)) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_counts_only_from_the_program_that_was_called_or_from_the_bus() {
        let called = Message::method_call("/x", "Ask").unwrap().build(&()).unwrap();
        let program = OwnedUniqueName::try_from(":1.5").unwrap();
        for (sender, of_program, of_nobody) in
            [(":1.5", true, false), (":1.6", false, false), (DBUS, true, true)]
        {
            let reply = Message::method_return(&called.header()).unwrap();
            // The bus's sender is not a unique name, so it is set by hand.
            let reply = reply.sender(sender).unwrap().build(&()).unwrap();
            assert_eq!(is_reply_of(&reply, Some(&program)), of_program, "{sender}");
            assert_eq!(is_reply_of(&reply, None), of_nobody, "{sender}");
        }
        let unsigned = Message::method_return(&called.header()).unwrap().build(&()).unwrap();
        assert!(!is_reply_of(&unsigned, Some(&program)));
    }
}
