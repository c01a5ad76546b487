//! Feeds random bytes to the target that the variable `HANDOVER_FUZZ` names; see `handover::fuzzing`, and `property.rs` for `text`.
#![no_main]

#[path = "../property.rs"]
mod property;
#[path = "../subset.rs"]
mod subset;

use std::env;
use std::sync::LazyLock;

use handover::fuzzing::{Property, TARGETS};

static PROPERTY: LazyLock<Property> = LazyLock::new(|| {
    let name = env::var("HANDOVER_FUZZ").unwrap_or_default();
    if name == "text" {
        return property::holds;
    }
    let target = TARGETS.iter().find(|(target, _)| *target == name);
    target.unwrap_or_else(|| panic!("HANDOVER_FUZZ names no target: {name:?}")).1
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| PROPERTY(data));
