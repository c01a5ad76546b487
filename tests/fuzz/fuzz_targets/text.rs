//! Feeds the HTML of a message to the program; see `property.rs`, which `tests/notifier` checks too.
#![no_main]

#[path = "../property.rs"]
mod property;
#[path = "../subset.rs"]
mod subset;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::holds(data));
