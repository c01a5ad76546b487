//! Enforces the architecture: which layers and crates each layer may name, how long a file and how full a folder may
//! be, and that no files import each other in a circle.
//!
//! Invariant: every rule is shown to find a violation in a made-up source.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod circles;
mod dependencies;
#[cfg(test)]
mod made_up_folders;
#[cfg(test)]
mod made_up_sources;
mod rules;
mod shape;
mod source;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use circles::File;

#[test]
fn the_sources_keep_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = rules::crates(&fs::read_to_string(root.join("Cargo.toml")).unwrap());
    assert!(crates.iter().any(|name| name == "tokio_tungstenite"), "the manifest was understood: {crates:?}");
    let mut violations = Vec::new();
    for (path, text) in texts() {
        let mut found = shape::violations(&text);
        if let Some(module) = module(&path) {
            found.extend(rules::violations(&module, &read(&path, &text), &crates));
        }
        found.dedup();
        violations.extend(found.into_iter().map(|violation| format!("{path}: {violation}")));
    }
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn every_dependency_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = rules::crates(&fs::read_to_string(root.join("Cargo.toml")).unwrap());
    let sources: Vec<_> = texts().iter().map(|(path, text)| read(path, text)).collect();
    let unused = dependencies::unused(&crates, &sources);
    assert!(unused.is_empty(), "no source names {unused:?}");
}

#[test]
fn every_dependency_is_described() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = rules::crates(&fs::read_to_string(root.join("Cargo.toml")).unwrap());
    let page = fs::read_to_string(root.join("packaging/dependencies.md")).unwrap();
    let differences = dependencies::differences(&crates, &page);
    assert!(differences.is_empty(), "\n{}\n", differences.join("\n"));
}

#[test]
fn no_folder_is_too_full() {
    let texts = texts();
    let paths: Vec<&str> = texts.iter().map(|(path, _)| path.as_str()).collect();
    let full = shape::full_folders(&paths);
    assert!(full.is_empty(), "\n{}\n", full.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let files: Vec<File> = texts()
        .into_iter()
        .filter_map(|(path, text)| Some(File { module: module(&path)?, source: read(&path, &text), path }))
        .collect();
    let imports = circles::imports(&files);
    let mut found = String::new();
    for circle in circles::circles(&files) {
        writeln!(found, "\n{} files import each other in circles; a shortest one:", circle.group.len())
            .unwrap();
        for pair in circle.shortest.windows(2) {
            let (from, to) = (pair[0].as_str(), pair[1].as_str());
            writeln!(found, "    {from} imports {to} as {}", imports[from][to]).unwrap();
        }
        writeln!(found, "  all: {}", circle.group.into_iter().collect::<Vec<_>>().join(" ")).unwrap();
    }
    assert!(found.is_empty(), "{found}");
}

/// Keeps both from naming tests that no longer exist.
#[test]
fn the_tests_named_on_the_architecture_page_and_in_the_threat_model_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files).unwrap();
    collect(&root.join("tests"), &mut files).unwrap();
    let sources: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let exists = |name: &str| {
        sources.iter().any(|source| source.contains(&format!("fn {name}(")))
            || files.iter().any(|file| {
                file.file_stem().is_some_and(|stem| stem == name)
                    || file.parent().and_then(Path::file_name).is_some_and(|folder| folder == name)
            })
    };
    let model = fs::read_to_string(root.join("src/threat_model.md")).unwrap();
    let lines: Vec<&str> = model.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(lines.len() > 20, "the threat model was understood: {lines:?}");
    for line in lines {
        let is_test = |path: &str| {
            let name = path.rsplit("::").next().unwrap();
            path.contains("::") && sources.iter().any(|source| source.contains(&format!("fn {name}(")))
        };
        assert!(line.split('`').skip(1).step_by(2).any(is_test), "no test that exists: {line}");
    }
    let invariants = page.split("# Invariants").nth(1).unwrap();
    let named: Vec<&str> =
        invariants.split('`').skip(1).step_by(2).filter_map(|path| path.split("::").last()).collect();
    assert!(named.len() > 20, "the page was understood: {named:?}");
    let gone: Vec<_> =
        named.iter().filter(|name| name.contains('_') && !name.contains('/') && !exists(name)).collect();
    assert!(gone.is_empty(), "named in src/lib.rs and not there: {gone:?}");
    assert!(!exists(&["a_test_that", "nobody_wrote"].join("_")), "the check finds a missing test");
}

/// Every Rust source of the package, by its path.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files).unwrap();
    collect(&root.join("tests"), &mut files).unwrap();
    assert!(files.len() > 20, "the sources were found: {files:?}");
    files.sort();
    let path = |file: &PathBuf| file.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    files.iter().map(|file| (path(file), fs::read_to_string(file).unwrap())).collect()
}

fn read(path: &str, text: &str) -> source::Source {
    source::read(text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The module path of a file of the program; `None` for a file of the tests.
fn module(path: &str) -> Option<Vec<String>> {
    let inner = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
    module.pop_if(|last| matches!(last.as_str(), "mod" | "lib"));
    Some(module)
}

/// All Rust sources below a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
