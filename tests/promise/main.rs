//! Holds the promises: the whole daemon against the sandbox, a real log file and a recording desktop.
//!
//! Invariant: a test waits for an event or lets time pass on a clock that otherwise stands still; nothing
//! depends on how fast the machine is.
//!
//! Reading order: `world` (what a test sees), `clock` (how time passes), `desktop` (the fake), then any topic.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may fail loudly"
)]

mod actions;
mod backlog;
mod clock;
mod crash;
mod crash_at_random;
mod desktop;
#[path = "../support/e2ee.rs"]
mod e2ee;
mod emergency;
mod emergency_repeats;
mod encrypted;
mod expiry;
mod faults;
mod first_flush;
mod floods;
mod icons;
mod leftover_notifications;
mod link;
mod live;
mod memory;
mod notification_server;
mod odd_items;
mod outage;
mod pause;
mod pause_crash;
mod person;
mod presence;
mod secrets;
mod sound;
mod stop;
mod storage;
mod wake;
mod world;
