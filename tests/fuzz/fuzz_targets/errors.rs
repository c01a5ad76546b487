//! Feeds the program the body of a response, which may be an error; see `handover::pushover::fuzzing::errors`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover::pushover::fuzzing::errors(data));
