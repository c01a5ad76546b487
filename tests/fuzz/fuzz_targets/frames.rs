//! Feeds the bytes of a websocket to the program; see `handover::pushover::fuzzing::frames`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover::pushover::fuzzing::frames(data));
