//! Feeds random input to the parser and the renderer of message text.
//!
//! Invariant: the properties are in `property.rs`, which `tests/notifier.rs` checks too.
//!
//! It needs a C++ compiler, but neither nightly Rust nor cargo-fuzz; with those, cargo-fuzz works too.
//!
//! ```sh
//! cd tests/fuzz && mkdir -p ../../target/fuzz/corpus &&
//!   cargo run --release --bin text -- -dict=html.dict -max_total_time=300 ../../target/fuzz/corpus
//! ```
//!
//! It prints `Done` at the end, or writes the input that violated a property to a file and names it; run it with that file
//! instead of the folder to reproduce the failure.
#![no_main]

#[path = "../property.rs"]
mod property;
#[path = "../subset.rs"]
mod subset;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::holds(data));
