//! Feeds a seed file of the sandbox to the program; see `handover::sandbox::fuzzing::seed`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover::sandbox::fuzzing::seed(data));
