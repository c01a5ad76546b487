//! Feeds a download, in pieces to the program; see `handover::pushover::fuzzing::download`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover::pushover::fuzzing::download(data));
