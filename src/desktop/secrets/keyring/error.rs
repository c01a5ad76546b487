//! Why a call to the keyring failed.
//!
//! Invariant: an error never quotes the keyring's words, since those may quote the secret.

use crate::system::dbus::ConnectError;

/// Why a call failed, as a cause that follows "the login cannot be read:".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeyringError {
    /// There is no bus.
    #[error("there is no keyring: {0}")]
    NoBus(ConnectError),
    /// No keyring runs.
    #[error("there is no keyring on the session bus")]
    NotRunning,
    /// The keyring has no collection for new items.
    #[error("the keyring has no default collection")]
    NoCollection,
    /// It is locked.
    #[error("the keyring is locked")]
    Locked,
    /// It is locked, and the user did not unlock it.
    #[error("the keyring is locked: {0}")]
    StaysLocked(String),
    /// It did not reply in time.
    #[error("the keyring does not respond")]
    TimedOut,
    /// The bus did not reply in time.
    #[error(transparent)]
    BusTimedOut(ConnectError),
    /// The keyring or the bus ended before it replied.
    #[error("the keyring stopped while it was in use")]
    Disconnected,
    /// It replied with an error of this name.
    #[error("the keyring refused: {0}")]
    Refused(String),
    /// It replied with something unexpected.
    #[error("the keyring sent a malformed reply")]
    MalformedReply,
    /// The item in it cannot be read.
    #[error("the item in the keyring is not valid: {0}")]
    Damaged(String),
    /// It accepted the secret and returned another one.
    #[error("the keyring did not store the secret")]
    NotStored,
}

impl From<ConnectError> for KeyringError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Unreachable(_) => Self::NoBus(error),
            ConnectError::TimedOut => Self::BusTimedOut(error),
        }
    }
}

impl From<&zbus::Error> for KeyringError {
    fn from(error: &zbus::Error) -> Self {
        if let zbus::Error::MethodError(name, _, _) = error {
            return match name.as_str() {
                "org.freedesktop.DBus.Error.ServiceUnknown" | "org.freedesktop.DBus.Error.NameHasNoOwner" => {
                    Self::NotRunning
                }
                name if name.starts_with("org.freedesktop.DBus.Error.Spawn.") => Self::NotRunning,
                "org.freedesktop.DBus.Error.NoReply" | "org.freedesktop.DBus.Error.Disconnected" => {
                    Self::Disconnected
                }
                "org.freedesktop.Secret.Error.IsLocked" => Self::Locked,
                name => Self::Refused(name.to_owned()),
            };
        }
        if matches!(error, zbus::Error::InputOutput(_)) { Self::Disconnected } else { Self::MalformedReply }
    }
}
