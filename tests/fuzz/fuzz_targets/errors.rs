//! Feeds the body of a response, which may be an error to the program; see `handover::pushover::fuzzing::errors`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover::pushover::fuzzing::errors(data));
