//! The rules of the house, and what breaks them.
//!
//! Invariant: a floor that is not listed here may not exist.

use crate::source::{self, Named};

/// Every floor, and what it may import of this package besides itself.
const FLOORS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("engine", &["domain"]),
    ("ports", &["domain"]),
    ("system", &["domain"]),
    ("pushover", &["domain", "ports", "system", "engine::link"]),
    ("store", &["domain", "ports", "system"]),
    ("desktop", &["domain", "ports", "system"]),
    ("config", &["domain", "ports", "system"]),
    ("control", &["domain", "ports", "system"]),
    ("sandbox", &["domain", "ports", "system"]),
    (
        "app",
        &[
            "domain", "engine", "ports", "system", "pushover", "store", "desktop", "config", "control",
            "sandbox",
        ],
    ),
    (
        "daemon",
        &[
            "domain", "engine", "ports", "system", "pushover", "store", "desktop", "config", "control",
            "sandbox", "app",
        ],
    ),
    ("cli", &["daemon", "app", "domain", "control", "sandbox", "system::clock"]),
    ("window", &["app", "domain", "control", "sandbox", "system::clock"]),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// Floors that may name no crate besides std and these.
const PURE: &[(&str, &[&str])] = &[
    ("domain", &["csscolorparser", "html5gum", "linkify", "secrecy", "unicode_segmentation"]),
    ("engine", &[]),
    ("ports", &[]),
];

/// Crates that one floor keeps to itself.
const OWNED: &[(&str, &str)] = &[
    ("aes", "pushover"),
    ("axum", "sandbox"),
    ("cbc", "pushover"),
    ("clap", "cli"),
    ("flate2", "pushover"),
    ("hmac", "pushover"),
    ("html5gum", "domain"),
    ("inquire", "cli"),
    ("ksni", "desktop"),
    ("linkify", "domain"),
    ("notify", "config"),
    ("notify_rust", "desktop"),
    ("open", "desktop"),
    ("png", "desktop"),
    ("reqwest", "pushover"),
    ("rusqlite", "store"),
    ("sha2", "pushover"),
    ("tokio_tungstenite", "pushover"),
    ("toml", "config"),
    ("tray_icon", "desktop"),
    ("unicode_segmentation", "domain"),
    ("winit", "desktop"),
    ("windows_registry", "desktop"),
    ("zbus", "desktop"),
];

/// Crates of tests, which stand under the code on every floor.
const FOR_TESTS: &[&str] = &["proptest", "x11rb"];

/// The most lines of a file.
const LONGEST: usize = 500;

/// What a file breaks, a sentence each. `path` is relative to the package; `crates` are those of its manifest.
pub(crate) fn offences(path: &str, source: &str, crates: &[String]) -> Vec<String> {
    let mut offences = Vec::new();
    let lines = source.lines().count();
    if lines > LONGEST {
        offences.push(format!("has {lines} lines, {LONGEST} are the most"));
    }
    if !source.starts_with("//!") {
        offences.push("does not begin with //!".to_owned());
    }
    if let Some(module) = module(path) {
        offences.extend(within(&module, source, crates));
    }
    offences.dedup();
    offences.into_iter().map(|offence| format!("{path}: {offence}")).collect()
}

/// What a file of the house breaks, as against one of the tests.
fn within(module: &[String], source: &str, crates: &[String]) -> Vec<String> {
    let floor = module.first().map_or("lib", String::as_str);
    let Some((_, below)) = FLOORS.iter().find(|(name, _)| *name == floor) else {
        return vec![format!("{floor} is no floor of the house")];
    };
    let words = source::words(source);
    let mut offences: Vec<String> = source::paths(&words)
        .iter()
        .filter_map(|named| climbs(floor, below, module, named).or_else(|| foreign(floor, named, crates)))
        .map(|name| format!("{floor} may not name {name}"))
        .collect();
    if floor != "cli" && words.windows(2).any(prints) {
        offences.push(format!("{floor} may not print"));
    }
    if words.windows(4).any(|words| words == ["#", "[", "path", "="]) {
        offences.push("a module may not be moved by an attribute".to_owned());
    }
    offences
}

fn prints(words: &[String]) -> bool {
    matches!(words, [name, sign] if sign == "!"
        && ["print", "println", "eprint", "eprintln"].contains(&name.as_str()))
}

/// The module a file of the house is, from the floor on; `None` for a file of the tests.
fn module(path: &str) -> Option<Vec<String>> {
    let inner = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
    module.pop_if(|last| matches!(last.as_str(), "mod" | "lib"));
    Some(module)
}

/// What of this package a path names that its floor may not.
fn climbs(floor: &str, below: &[&str], module: &[String], named: &Named) -> Option<String> {
    let whole = absolute(module, named)?;
    let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
    let (&[first, ..], second) = (whole.as_slice(), whole.get(1)) else {
        return Some("everything".to_owned());
    };
    if first == "*" {
        return Some("everything".to_owned());
    }
    let allowed = |entry: &&str| whole.starts_with(&entry.split("::").collect::<Vec<_>>());
    if first == floor || below.iter().any(allowed) {
        return None;
    }
    let is_partly_allowed = below.iter().any(|entry| entry.starts_with(&format!("{first}::")));
    let second = second.filter(|_| is_partly_allowed);
    Some(second.map_or(first.to_owned(), |second| format!("{first}::{second}")))
}

/// A path of this package from its root; `None` for any other path.
fn absolute(module: &[String], named: &Named) -> Option<Vec<String>> {
    let (first, rest) = named.words.split_first()?;
    // `self` and `super` alone are a value or a `pub(super)`.
    if rest.is_empty() && !named.imported {
        return None;
    }
    match first.as_str() {
        "crate" | "handover" => Some(rest.to_vec()),
        "self" | "super" => {
            let mut whole = [module, &named.inside].concat();
            for word in &named.words {
                match word.as_str() {
                    "self" => {}
                    "super" => drop(whole.pop()),
                    name => whole.push(name.to_owned()),
                }
            }
            Some(whole)
        }
        _ => None,
    }
}

/// The crate a path names that its floor may not.
fn foreign(floor: &str, named: &Named, crates: &[String]) -> Option<String> {
    let (first, rest) = named.words.split_first()?;
    let is_crate = crates.contains(first) && (named.imported || !rest.is_empty());
    let name = Some(first.as_str()).filter(|name| is_crate && !FOR_TESTS.contains(name))?;
    let may = PURE.iter().find(|(pure, _)| *pure == floor).is_none_or(|(_, few)| few.contains(&name))
        && OWNED.iter().find(|(owned, _)| *owned == name).is_none_or(|(_, owner)| *owner == floor);
    (!may).then(|| name.to_owned())
}

/// The crates a manifest names, as they are written in a source.
pub(crate) fn crates(manifest: &str) -> Vec<String> {
    let mut in_dependencies = false;
    let mut crates = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            in_dependencies = line.ends_with("dependencies]");
        } else if let Some((name, _)) = line.split_once('=').filter(|_| in_dependencies) {
            crates.push(name.trim().replace('-', "_"));
        }
    }
    crates.sort();
    crates.dedup();
    crates
}
