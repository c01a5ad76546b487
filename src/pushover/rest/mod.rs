//! The REST API: one client, its requests, and special kinds of request: media, probes, and sending.
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
mod sending;

pub use client::{Login, Rest};
pub use download::{Download, Part};
pub use media::{Media, MediaError};
pub use probe::{Host, Reached};
pub use sending::{Accepted, Fate, Quota, ReceiptState, Unsent, Validated, form};
