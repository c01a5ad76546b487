//! The properties that any template and any choice of recipients keep, for the fuzz targets in `tests/fuzz`.
//!
//! Invariant: nothing here is random, so an input that violates a property does so every time.

use std::collections::{BTreeMap, BTreeSet};

use super::select;
use super::settings::{Format, Recipient};
use super::template::{FillError, fill};

/// Stands for a value where it must not be confused with the template.
const MARK: char = '\u{E000}';

/// Panics unless a template and the values stay apart: no value adds markup or another variable, whatever is in it, and any text
/// with doubled braces is filled to itself. The first line is the value, the rest is the template.
pub fn templates(data: &[u8]) {
    let data = String::from_utf8_lossy(data).replace(MARK, "");
    let (value, template) = data.split_once('\n').unwrap_or(("<b>{a}</b> & '\"", &data));
    let doubled = template.replace('{', "{{").replace('}', "}}");
    assert_eq!(fill(&doubled, Format::Html, &|_| None).as_deref(), Ok(template));

    for format in [Format::Plain, Format::Html, Format::Monospace] {
        let filled = fill(template, format, &|_| Some(value.to_owned()));
        let marked = fill(template, format, &|_| Some(MARK.to_string()));
        let (filled, marked) = match (filled, marked) {
            (Ok(filled), Ok(marked)) => (filled, marked),
            (filled, marked) => {
                assert_eq!(filled, marked, "the value decides whether it can be filled");
                continue;
            }
        };
        let mut rest = filled.as_str();
        for (index, around) in marked.split(MARK).enumerate() {
            if index > 0 {
                rest = after_value(rest, value, format);
            }
            let after = rest.strip_prefix(around);
            assert!(after.is_some(), "{filled:?} is not {marked:?} with {value:?}");
            rest = after.unwrap_or_default();
        }
        assert_eq!(rest, "", "{filled:?} is more than {marked:?} with {value:?}");
    }
    if let Err(FillError::Missing(name)) = fill(template, Format::Plain, &|_| None) {
        assert!(template.contains(&format!("{{{name}}}")), "there is no variable {name:?}");
    }
}

/// What follows the value. In HTML nothing of it may be left that begins markup or ends an attribute.
fn after_value<'a>(filled: &'a str, value: &str, format: Format) -> &'a str {
    if format != Format::Html {
        let after = filled.strip_prefix(value);
        assert!(after.is_some(), "{filled:?} does not begin with {value:?}");
        return after.unwrap_or_default();
    }
    let mut rest = filled;
    for letter in value.chars() {
        let mut buffer = [0; 4];
        let written = match letter {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&#39;",
            other => other.encode_utf8(&mut buffer),
        };
        let after = rest.strip_prefix(written);
        assert!(after.is_some(), "{letter:?} is written differently in {filled:?}");
        rest = after.unwrap_or_default();
    }
    rest
}

/// Panics unless an expression selects somebody or is an error, and unless `not` selects the others.
pub fn recipients(data: &[u8]) {
    let expression = String::from_utf8_lossy(data);
    let everybody = [("ann", "ops night"), ("bob", "ops"), ("cid", "night"), ("dora", "")];
    let everybody: BTreeMap<String, Recipient> = everybody
        .map(|(name, tags)| {
            let tags = tags.split_whitespace().map(str::to_owned).collect();
            (name.to_owned(), Recipient { tags, ..Recipient::default() })
        })
        .into();
    let selected = match select(&expression, &everybody) {
        Ok(selected) => selected,
        Err(why) => return assert!(!why.is_empty(), "no reason"),
    };
    assert!(!selected.is_empty() && selected.is_sorted(), "{selected:?}");
    let selected: BTreeSet<&String> = selected.iter().collect();
    let others: BTreeSet<&String> = everybody.keys().filter(|name| !selected.contains(name)).collect();
    if let Ok(found) = select(&format!("not ({expression})"), &everybody) {
        assert_eq!(found.iter().collect::<BTreeSet<_>>(), others, "not ({expression})");
    }
}
