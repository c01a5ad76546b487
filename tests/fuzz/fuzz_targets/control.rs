//! Feeds what a client writes to the control socket to the program; see `handover::control::fuzzing::control`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover::control::fuzzing::control(data));
