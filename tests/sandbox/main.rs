//! Tests the sandbox over real sockets, with an HTTP and a websocket library and without the client's code.
//!
//! Invariant: a test waits for the sandbox's counters, never for time to pass.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod attachments;
mod client_api;
mod faults;
mod harness;
mod program;
mod repeats;
mod sending_api;
mod socket;
mod steering;
mod switches;
mod web_pages;
