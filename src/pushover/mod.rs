//! The service's own API: REST and websocket, as `protocol.md` reads it.
//!
//! Invariant: no request is repeated here and no secret leaves but to the service; whether and when to try
//! again is for the engine to say, from [`Error::remedy`].

pub mod encrypted;
mod error;
mod json;
mod media;
mod obstacle;
mod probe;
mod rest;
mod servers;
mod socket;
mod turns;
mod wire;

#[cfg(test)]
mod encrypted_tests;
#[cfg(test)]
mod media_tests;
#[cfg(test)]
mod probe_tests;
#[cfg(test)]
mod rest_tests;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod socket_tests;
#[cfg(test)]
mod wire_tests;

pub use error::{Error, Remedy};
pub use media::{Media, NoMedia};
pub use obstacle::Obstacle;
pub use probe::{Host, Reached};
pub use rest::{Download, Login, Rest};
pub use servers::Servers;
pub use socket::Socket;
