//! Checks which layers of this package and which crates a file may name.
//!
//! Invariant: a layer that is not listed here must not exist.

use crate::source::{Kind, Named, Source};

/// Every layer, and what it may import of this package besides itself.
const LAYERS: &[(&str, &[&str])] = &[
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
    ("cli", &["daemon", "app", "domain", "control", "sandbox", "system::clock", "system::core_dumps"]),
    ("window", &["app", "domain", "control", "sandbox", "system::clock"]),
    ("main", &["cli"]),
    ("lib", &[]),
    // Not part of the program.
    ("fuzzing", &["domain", "pushover", "config", "control", "sandbox"]),
];

/// Layers that may name only std and these crates.
const PURE: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "csscolorparser",
            "html5gum",
            "linkify",
            "percent_encoding",
            "regex_lite",
            "secrecy",
            "unicode_segmentation",
            "unicode_width",
        ],
    ),
    ("engine", &[]),
    ("ports", &[]),
];

/// Crates that only one layer may use.
const OWNED: &[(&str, &str)] = &[
    ("adw", "window"),
    ("aes", "pushover"),
    ("apple_native_keyring_store", "desktop"),
    ("axum", "control sandbox"),
    ("cbc", "pushover"),
    ("clap", "cli"),
    ("crossterm_winapi", "cli"),
    ("flate2", "pushover"),
    ("fs4", "system"),
    ("gtk", "window"),
    ("hmac", "pushover"),
    ("html5gum", "domain"),
    ("hyper", "sandbox"),
    ("hyper_util", "sandbox"),
    ("inquire", "cli"),
    ("keyring_core", "desktop"),
    ("ksni", "desktop"),
    ("linkify", "domain"),
    ("notify", "config"),
    ("notify_rust", "desktop"),
    ("open", "desktop"),
    ("png", "desktop"),
    ("regex_lite", "domain"),
    ("rcgen", "sandbox"),
    ("reqwest", "pushover"),
    ("rusqlite", "store"),
    ("sha2", "pushover system"),
    ("tokio_tungstenite", "pushover"),
    ("tokio_rustls", "sandbox"),
    ("toml_edit", "config sandbox"),
    ("tray_icon", "desktop"),
    ("unicode_segmentation", "domain"),
    ("win32job", "system"),
    ("windows_native_keyring_store", "desktop"),
    ("winit", "desktop"),
    ("windows_registry", "desktop"),
    ("zbus", "desktop system"),
];

/// Crates for tests, which every layer's unit tests may use.
const FOR_TESTS: &[&str] = &["proptest", "x11rb"];

/// The violations in a source, one sentence each. `module` is its module's path from the layer on; `crates` are those of the
/// manifest.
pub(crate) fn violations(module: &[String], source: &Source, crates: &[String]) -> Vec<String> {
    let layer = module.first().map_or("lib", String::as_str);
    let Some((_, below)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        return vec![format!("{layer} is not a layer")];
    };
    let mut violations: Vec<String> = source
        .paths
        .iter()
        .filter_map(|named| not_below(layer, below, module, named).or_else(|| foreign(layer, named, crates)))
        .map(|name| format!("{layer} may not name {name}"))
        .collect();
    violations.dedup();
    if layer != "cli" && source.prints {
        violations.push(format!("{layer} may not print"));
    }
    if source.moves_module {
        violations.push("a module may not be moved by an attribute".to_owned());
    }
    violations
}

/// The path of this package that the layer must not name.
fn not_below(layer: &str, below: &[&str], module: &[String], named: &Named) -> Option<String> {
    let whole = absolute(module, named)?;
    let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
    let (&[first, ..], second) = (whole.as_slice(), whole.get(1)) else {
        return Some("everything".to_owned());
    };
    if first == "*" {
        return Some("everything".to_owned());
    }
    let allowed = |entry: &&str| whole.starts_with(&entry.split("::").collect::<Vec<_>>());
    if first == layer || below.iter().any(allowed) {
        return None;
    }
    let is_partly_allowed = below.iter().any(|entry| entry.starts_with(&format!("{first}::")));
    let second = second.filter(|_| is_partly_allowed);
    Some(second.map_or(first.to_owned(), |second| format!("{first}::{second}")))
}

/// A path of this package from its root; `None` for any other path.
fn absolute(module: &[String], named: &Named) -> Option<Vec<String>> {
    let (first, rest) = named.segments.split_first()?;
    // `self` and `super` alone are a value or part of `pub(super)`.
    if rest.is_empty() && named.kind == Kind::Use {
        return None;
    }
    match first.as_str() {
        "crate" | "handover" => Some(rest.to_vec()),
        "self" | "super" => {
            let mut whole = [module, &named.inside].concat();
            for segment in &named.segments {
                match segment.as_str() {
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

/// The crate in a path that the layer must not name.
fn foreign(layer: &str, named: &Named, crates: &[String]) -> Option<String> {
    let (first, rest) = named.segments.split_first()?;
    let is_crate = crates.contains(first) && (named.kind != Kind::Use || !rest.is_empty());
    let name = Some(first.as_str()).filter(|name| is_crate && !FOR_TESTS.contains(name))?;
    let may = PURE.iter().find(|(pure, _)| *pure == layer).is_none_or(|(_, few)| few.contains(&name))
        && OWNED
            .iter()
            .find(|(owned, _)| *owned == name)
            .is_none_or(|(_, owners)| owners.split(' ').any(|owner| owner == layer));
    (!may).then(|| name.to_owned())
}

/// The crates in a manifest, as they are written in a source.
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
