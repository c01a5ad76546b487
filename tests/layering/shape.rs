//! Checks how long a file and how full a folder may be.
//!
//! Invariant: it reads only names and lines, so it applies to tests as well as to the program.

use std::collections::BTreeMap;

/// The most lines of a file.
pub(crate) const LONGEST: usize = 500;

/// The most files at one level of a folder; subfolders do not count.
pub(crate) const FULLEST: usize = 12;

/// The violations in the text of a file, one sentence each.
pub(crate) fn violations(text: &str) -> Vec<String> {
    let mut violations = Vec::new();
    let lines = text.lines().count();
    if lines > LONGEST {
        violations.push(format!("has {lines} lines, at most {LONGEST} are allowed"));
    }
    if !text.starts_with("//!") {
        violations.push("does not begin with //!".to_owned());
    }
    violations
}

/// The folders that are too full, given the paths of all files.
pub(crate) fn full_folders(files: &[&str]) -> Vec<String> {
    let mut folders = BTreeMap::new();
    for file in files {
        *folders.entry(file.rsplit_once('/').map_or("", |(folder, _)| folder)).or_insert(0) += 1;
    }
    let full = folders.into_iter().filter(|(_, files)| *files > FULLEST);
    full.map(|(folder, files)| format!("{folder}: holds {files} files, at most {FULLEST} are allowed"))
        .collect()
}
