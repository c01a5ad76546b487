//! Feeds an expression that selects recipients to the program; see `handover::domain::sending::fuzzing::recipients`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover::domain::sending::fuzzing::recipients(data));
