//! What the service says on the websocket.
//!
//! Invariant: every byte is a signal; one that is not known is kept as [`Signal::Unknown`].

/// One byte of the websocket, as the service means it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `#`: the connection is alive.
    KeepAlive,
    /// `!`: there is something to download.
    Message,
    /// `R`: connect again.
    Reload,
    /// `E`: this login is not accepted.
    Refused,
    /// `A`: the device logged in from somewhere else.
    Displaced,
    /// Anything else.
    Unknown(u8),
}

impl From<u8> for Signal {
    fn from(byte: u8) -> Self {
        match byte {
            b'#' => Self::KeepAlive,
            b'!' => Self::Message,
            b'R' => Self::Reload,
            b'E' => Self::Refused,
            b'A' => Self::Displaced,
            other => Self::Unknown(other),
        }
    }
}
