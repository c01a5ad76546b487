//! Where the rules are in the file.
//!
//! Invariant: there is a line for every rule of a file without mistakes, in the order of the rules.

use std::path::Path;

use toml_edit::{Document, Item, Value};

use super::error::Error;
use super::file::bytes;

/// The lines on which the rules begin, the first line being 1; none for a file with a mistake.
pub fn lines_of_rules(path: &Path) -> Result<Vec<usize>, Error> {
    Ok(bytes(path)?.map(|bytes| lines(&String::from_utf8_lossy(&bytes))).unwrap_or_default())
}

fn lines(text: &str) -> Vec<usize> {
    let Ok(document) = Document::parse(text) else { return Vec::new() };
    let begins: Vec<usize> = match document.get("rules") {
        Some(Item::ArrayOfTables(rules)) => {
            rules.iter().filter_map(|rule| Some(rule.span()?.start)).collect()
        }
        Some(Item::Value(Value::Array(rules))) => {
            rules.iter().filter_map(|rule| Some(rule.span()?.start)).collect()
        }
        Some(_) | None => Vec::new(),
    };
    let line = |begin: usize| 1 + text.bytes().take(begin).filter(|byte| *byte == b'\n').count();
    begins.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_the_line_that_it_begins_on() {
        for (text, expected) in [
            ("# one\n\n[[rules]]\nname = 'a'\n[pause]\n[[rules]]\n", &[3, 6][..]),
            ("\u{feff}[[ rules ]]\r\n\r\n[[rules]]\r\n[rules.when]\r\napp = 'x'\r\n", &[1, 3]),
            ("rules = [\n  { name = 'a' },\n\n  { name = 'b' }, { name = 'c' },\n]\n", &[2, 4, 4]),
            ("sound = true\n", &[]),
            ("[[rules]]\nname =\n", &[]),
        ] {
            assert_eq!(lines(text), expected, "{text:?}");
        }
    }
}
