//! The words of the window in the user's language.
//!
//! Invariant: every sentence of the window is a literal that passes through here, whole, with named gaps for what is filled in:
//! a translation can then change the order of its words. English is the only language so far.

/// A text in the user's language.
pub fn tr(text: &'static str) -> &'static str {
    text
}

/// A text in the user's language, with each `{name}` replaced by its value.
pub fn fill(text: &'static str, values: &[(&str, &str)]) -> String {
    filled(tr(text), values)
}

/// The same for a text that depends on a number, which stands at `{count}`.
pub fn count(number: usize, one: &'static str, several: &'static str) -> String {
    filled(tr(if number == 1 { one } else { several }), &[("count", &number.to_string())])
}

fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, after)) = next_gap(rest) {
        filled.push_str(before);
        filled.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// What is before a gap, its name, and what follows.
fn next_gap(text: &str) -> Option<(&str, &str, &str)> {
    let (before, after) = text.split_once('{')?;
    let (name, after) = after.split_once('}')?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn one_is_not_several() {
        let words = |number| count(number, "{count} message", "{count} messages");
        assert_eq!((words(1), words(0)), ("1 message".to_owned(), "0 messages".to_owned()));
    }

    #[test]
    fn gaps_are_filled_by_name_and_values_are_not_read_again() {
        assert_eq!(fill("{b}, {a} {", &[("a", "{b}"), ("b", "x")]), "x, {b} {");
    }

    #[test]
    fn no_sentence_is_written_or_put_together_elsewhere() {
        let mut found = Vec::new();
        for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/window")) {
            // Terminals and bug reports are in English everywhere.
            if file.ends_with("window/application.rs") || file.ends_with("model/report.rs") {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for (at, _) in code.match_indices('"') {
                let (before, after) = code.split_at(at);
                let literal = after.get(1..).unwrap().split('"').next().unwrap();
                let place = before.lines().last().unwrap_or_default().trim_start();
                if !place.starts_with("//") && is_shown(before) && has_words(literal) {
                    found.push(format!("{}: {literal}", file.display()));
                }
            }
        }
        assert!(found.is_empty(), "not in `tr`, `fill` or `count`:\n{}", found.join("\n"));
    }

    /// Whether a literal after this code is shown to the user without passing through this file.
    fn is_shown(before: &str) -> bool {
        const SHOWING: [&str; 14] = [
            "format!(",
            "title(",
            "set_title(Some(",
            "label(",
            "subtitle(",
            "description(",
            "text(",
            "set_tooltip_text(Some(",
            "comments(",
            "String::from(",
            "concat!(",
            "with_label(",
            "Toast::new(",
            "say(",
        ];
        let before = before.trim_end();
        SHOWING.iter().any(|call| before.ends_with(call))
    }

    /// Whether there is a word besides what is filled in. The program's own name is no word.
    fn has_words(literal: &str) -> bool {
        let outside: String =
            literal.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
        let outside = outside.replace("Handover", "");
        // The names of styles, files and sites are no sentences.
        let is_name = !outside.contains([' ', '…']) && !outside.starts_with(char::is_uppercase);
        !is_name && outside.split(|letter: char| !letter.is_alphabetic()).any(|word| word.len() > 1)
    }

    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
        let rust = files.into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "rs"));
        rust.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
    }
}
