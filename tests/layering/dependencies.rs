//! The direct dependencies: each is used, and described in `packaging/dependencies.md`.
//!
//! Invariant: a crate counts as used only if a source names it.

use std::collections::BTreeSet;

use crate::source::Source;

/// The crates of a manifest that no source names.
pub(crate) fn unused(crates: &[String], sources: &[Source]) -> Vec<String> {
    let named: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| &source.paths)
        .filter_map(|named| named.segments.first())
        .map(String::as_str)
        .collect();
    crates.iter().filter(|name| !named.contains(name.as_str())).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source;

    #[test]
    fn a_crate_that_no_source_names_is_found() {
        let crates = ["hex", "tokio"].map(str::to_owned);
        let read = |text| source::read(text).unwrap();
        assert_eq!(unused(&crates, &[read("fn a() { hex::encode(1) }")]), ["tokio"]);
        assert_eq!(unused(&crates, &[read("use tokio::time; use hex;")]), [""; 0]);
        assert_eq!(unused(&crates, &[read("// tokio::time\nfn hex() {}")]), crates);
    }
}
