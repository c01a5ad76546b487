//! Feeds whatever libFuzzer thinks of to the reading and the writing of message text.
//!
//! Invariant: what must hold is written in `property.rs`, which `tests/notifier.rs` holds to as well.
//!
//! Needs a C++ compiler, and neither a nightly Rust nor cargo-fuzz; where they are, cargo-fuzz works too.
//!
//! ```sh
//! cd tests/fuzz && mkdir -p ../../target/fuzz/corpus &&
//!   cargo run --release --bin text -- -dict=html.dict -max_total_time=300 ../../target/fuzz/corpus
//! ```
//!
//! It says `Done` at the end, or writes the input that broke something to a file and names it; that file in
//! place of the folder shows it again.
#![no_main]

#[path = "../property.rs"]
mod property;
#[path = "../subset.rs"]
mod subset;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::holds(data));
