//! The REST API: one client, its requests, and two special kinds of request (media and probes).
//!
//! Invariant: at most one request is under way.

mod client;
#[cfg(test)]
mod client_tests;
#[cfg(test)]
mod idle_tests;
mod media;
#[cfg(test)]
mod media_tests;
mod probe;
#[cfg(test)]
mod probe_tests;
mod request_gate;

pub use client::{Download, Login, Rest};
pub use media::{Media, MediaError};
pub use probe::{Host, Reached};
