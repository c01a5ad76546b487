//! Feeds a field that is encrypted end to end to the program; see `handover::pushover::fuzzing::encrypted`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover::pushover::fuzzing::encrypted(data));
