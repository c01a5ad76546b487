//! The client of the service's API: REST, websocket and end-to-end encryption.
//!
//! Invariant: nothing here repeats a request, and secrets are sent to the service only. The engine decides whether
//! and when to try again, from [`Error::remedy`].

pub mod e2ee;
mod error;
mod parse;
mod response;
mod rest;
#[cfg(test)]
mod scripted_server;
mod servers;
mod socket;

pub use error::{ConnectError, Error, Remedy};
pub use rest::{Download, Host, Login, Media, MediaError, Reached, Rest};
pub use servers::Servers;
pub use socket::Socket;
