//! Feeds a settings file to the program; see `handover::config::fuzzing::settings`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover::config::fuzzing::settings(data));
