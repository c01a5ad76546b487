//! The client of the service's API: REST, websocket and end-to-end encryption.
//!
//! Invariant: a request is repeated here only when the connection it went out on was dead, and secrets are sent to the
//! service only. Whether and when to try again after an error is decided by the engine, from [`Error::remedy`].

pub mod e2ee;
mod error;
mod http;
mod parse;
mod response;
mod rest;
#[cfg(test)]
mod scripted_server;
mod servers;
mod service_clock;
mod socket;

pub use error::{ConnectError, Error, Remedy};
pub use rest::{Download, Host, Login, Media, MediaError, Part, Reached, Rest};
pub use servers::Servers;
pub use socket::Socket;
