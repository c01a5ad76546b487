//! Feeds a value and a template to the program; see `handover::domain::sending::fuzzing::templates`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover::domain::sending::fuzzing::templates(data));
