//! The local socket between the daemon and the commands: one JSON object a line, a request and its reply.
//!
//! Invariant: only the user who runs the daemon can connect (0600 in a 0700 folder), no request can stop
//! the daemon from answering the next one, and no secret or message text crosses it.

mod client;
mod protocol;
mod server;

pub use client::ask;
pub use protocol::{Reply, Request, StatusReport, Until};
pub use server::{Asked, Server};

/// Why a command could not have its answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody listens on the socket.
    #[error("no daemon is running")]
    NotRunning,
    /// The daemon said no, in words for a person.
    #[error("{message}")]
    Refused {
        /// `<what failed>: <why>`.
        message: String,
        /// What to do about it.
        hint: Option<String>,
        /// Whether the reason is that nobody is signed in.
        not_signed_in: bool,
    },
    /// The exchange broke off.
    #[error("{0}")]
    Broken(String),
}
