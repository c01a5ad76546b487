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

/// The crates that a page with a table of them does not describe, and those that it describes although they are not used.
pub(crate) fn differences(crates: &[String], page: &str) -> Vec<String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split(" | ").collect()).skip(2).collect();
    let complete = rows.iter().filter(|row| row.len() == 6);
    let described: BTreeSet<String> =
        complete.filter_map(|row| row.first()).map(|name| name.replace('-', "_")).collect();
    let missing = crates.iter().filter(|name| !described.contains(*name));
    let missing = missing.map(|name| format!("no complete line for {name}"));
    let superfluous = described.iter().filter(|name| !crates.contains(*name));
    missing.chain(superfluous.map(|name| format!("{name} is no dependency"))).collect()
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

    #[test]
    fn a_crate_without_a_line_or_a_line_without_a_crate_is_found() {
        let page = |rows: &str| {
            format!("text\n\n| crate | b | c | d | e | f |\n| --- | --- | --- | --- | --- | --- |\n{rows}")
        };
        let crates = ["a_b", "c"].map(str::to_owned);
        let whole = "| a-b | 1 | 2 | 3 | 4 | 5 |\n| c | 1 | 2 | 3 | 4 | 5 |\n";
        assert_eq!(differences(&crates, &page(whole)), [""; 0]);
        assert_eq!(differences(&crates[..1], &page(whole)), ["c is no dependency"]);
        assert_eq!(
            differences(&crates, &page("| a-b | 1 | 2 | 3 | 4 | 5 |\n| c | 1 |\n")),
            ["no complete line for c"]
        );
    }
}
