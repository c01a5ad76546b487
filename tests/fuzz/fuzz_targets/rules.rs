//! Feeds a part of a rule and a text to the program; see `handover::domain::rules::fuzzing::rules`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover::domain::rules::fuzzing::rules(data));
