//! Tests the promises: the whole daemon with the sandbox, a real message log and a recording desktop.
//!
//! Invariant: a test waits for an event, or lets time pass on a clock that otherwise stands still; nothing
//! depends on how fast the machine is.
//!
//! Reading order: `world` (what a test sees), `world/clock` (how time passes), `world/desktop` (the fake), then any topic.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may fail loudly"
)]

mod connection;
mod delivery;
#[path = "../support/e2ee.rs"]
mod e2ee;
mod emergency;
mod notifications;
mod pause;
mod week;
mod world;

use world::{clock, desktop, person};
