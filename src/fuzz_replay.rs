//! Checks what the fuzz targets check, with the committed inputs.
//!
//! Invariant: every target is here, except `text`, which `tests/notifier` checks.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{config, control, domain, pushover, sandbox};

type Property = fn(&[u8]);

const TARGETS: [(&str, Property); 11] = [
    ("control", control::fuzzing::control),
    ("download", pushover::fuzzing::download),
    ("encrypted", pushover::fuzzing::encrypted),
    ("errors", pushover::fuzzing::errors),
    ("frames", pushover::fuzzing::frames),
    ("params", sandbox::fuzzing::params),
    ("recipients", domain::sending::fuzzing::recipients),
    ("rules", domain::rules::fuzzing::rules),
    ("seed", sandbox::fuzzing::seed),
    ("settings", config::fuzzing::settings),
    ("templates", domain::sending::fuzzing::templates),
];

#[test]
fn the_committed_inputs_of_the_fuzz_targets_keep_their_properties() {
    for (target, property) in TARGETS {
        let inputs = files(&format!("corpus/{target}"));
        assert!(inputs.len() > 2, "{target} has inputs");
        for input in inputs {
            property(&fs::read(input).unwrap());
        }
    }
}

#[test]
fn every_fuzz_target_is_replayed() {
    for file in files("fuzz_targets") {
        let target = file.file_stem().unwrap().to_str().unwrap();
        assert!(target == "text" || TARGETS.iter().any(|(name, _)| *name == target), "{target}");
    }
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(folder);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files.map(|file| file.unwrap().path()).collect()
}
