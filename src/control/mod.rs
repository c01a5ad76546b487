//! The local socket between the daemon and its front ends: JSON lines, a command and its reply, or events.
//!
//! Invariant: only the user who runs the daemon can give commands (see `transport`), no command can keep the daemon from
//! answering the next one, and no secret or message text crosses the socket.

mod client;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
mod protocol;
mod server;
mod transport;

pub use client::{Subscription, ask, subscribe};
pub use protocol::{
    Command, Event, Filter, MessageEvent, Reply, RulesReport, Selection, StatusReport, Until,
};
pub use server::{Call, Response, Server};

/// Why a command has no reply, or not the one it wanted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No process listens on the socket.
    #[error("no daemon is running")]
    NotRunning,
    /// The running daemon does not know the command: it was started before the program was updated.
    #[error("the running daemon is an older version, which does not know this command")]
    OlderDaemon,
    /// The daemon could not do it, in words for a person.
    #[error("{message}")]
    Refused {
        /// `<what failed>: <why>`.
        message: String,
        /// What to do about it.
        hint: Option<String>,
        /// Whether the reason is that nobody is signed in.
        not_signed_in: bool,
    },
    /// The connection failed or closed early, or the reply could not be read.
    #[error("{0}")]
    Broken(String),
}
