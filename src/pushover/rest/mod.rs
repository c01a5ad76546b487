//! The REST API: one client, its requests, media files and probes.
//!
//! Invariant: at most one request is under way.

mod client;
#[cfg(test)]
mod client_tests;
mod download;
#[cfg(test)]
mod download_tests;
#[cfg(test)]
mod idle_tests;
mod media;
#[cfg(test)]
mod media_tests;
mod probe;
#[cfg(test)]
mod probe_tests;
mod request_gate;

pub use client::{Login, Rest};
pub use download::{Download, Part};
pub use media::{Media, MediaError};
pub use probe::{Host, Reached};
