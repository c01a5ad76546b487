//! Feeds a request to the sandbox to the program; see `handover::sandbox::fuzzing::params`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover::sandbox::fuzzing::params(data));
