//! Feeds the program a download in pieces; see `handover::pushover::fuzzing::download`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover::pushover::fuzzing::download(data));
