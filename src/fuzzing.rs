//! The fuzz targets in `tests/fuzz`, and a test that checks them with the committed inputs.
//!
//! Invariant: every target is here, except `text`, which `tests/notifier` checks.

use crate::{config, control, domain, pushover, sandbox};

/// A property that holds for any input; it panics otherwise.
pub type Property = fn(&[u8]);

/// The targets by name.
pub const TARGETS: [(&str, Property); 14] = [
    ("control", control::fuzzing::control),
    ("download", pushover::fuzzing::download),
    ("encrypted", pushover::fuzzing::encrypted),
    ("errors", pushover::fuzzing::errors),
    ("frames", pushover::fuzzing::frames),
    ("params", sandbox::fuzzing::params),
    ("recipients", domain::sending::fuzzing::recipients),
    ("requests", control::http::fuzzing::requests),
    ("rules", domain::rules::fuzzing::rules),
    ("secrets", pushover::fuzzing::secrets),
    ("seed", sandbox::fuzzing::seed),
    ("settings", config::fuzzing::settings),
    ("templates", domain::sending::fuzzing::templates),
    ("web_pages", sandbox::fuzzing::web_pages),
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::TARGETS;

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
    fn every_folder_of_inputs_belongs_to_a_target() {
        for folder in files("corpus") {
            let target = folder.file_name().unwrap().to_str().unwrap();
            assert!(target == "text" || TARGETS.iter().any(|(name, _)| *name == target), "{target}");
        }
    }

    fn files(folder: &str) -> Vec<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(folder);
        let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        files.map(|file| file.unwrap().path()).collect()
    }
}
