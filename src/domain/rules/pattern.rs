//! Matches texts against words or a regular expression.
//!
//! Invariant: the time of a search is proportional to the text. Expressions have no back references, their size is
//! limited, and only the beginning of a long text is searched.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use regex_lite::{Regex, RegexBuilder};

/// How much of a text is searched, in bytes: the service accepts at most 4 KB, and an encrypted text can be longer.
const SEARCHED: usize = 16 * 1024;

/// The size of a compiled expression, in bytes: the time of a search grows with it.
const LARGEST: usize = 64 * 1024;

/// Words that a text contains as a part, whatever their case; or, between slashes, a regular expression.
#[derive(Clone, Debug)]
pub struct Pattern {
    written: String,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// In lower case.
    Words(String),
    Expression {
        regex: Box<Regex>,
        /// What every text that matches contains: looking for it first is much faster.
        literal: String,
    },
}

/// Patterns with the same text are equal.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Pattern {}

impl Pattern {
    /// The pattern that a user wrote; the error says what is wrong with it.
    pub fn new(written: &str) -> Result<Self, String> {
        let expression = written.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        let kind = match expression {
            Some(expression) => {
                Kind::Expression { regex: Box::new(compiled(expression)?), literal: literal_in(expression) }
            }
            None if written.trim().is_empty() => return Err("is empty".to_owned()),
            None => Kind::Words(written.to_lowercase()),
        };
        Ok(Self { written: written.to_owned(), kind })
    }

    /// The pattern that matches exactly this text.
    pub fn exactly(text: &str) -> Result<Self, String> {
        Self::new(&format!("/^{}$/", regex_lite::escape(text)))
    }

    /// Whether it matches a text.
    pub fn matches(&self, text: &Searched<'_>) -> bool {
        match &self.kind {
            Kind::Words(words) => text.lower_case().contains(words),
            Kind::Expression { regex, literal } => {
                text.as_sent.contains(literal.as_str()) && regex.is_match(&text.as_sent)
            }
        }
    }
}

/// As the user wrote it.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

fn compiled(expression: &str) -> Result<Regex, String> {
    if expression.is_empty() {
        return Err("has nothing between its slashes".to_owned());
    }
    let compiled = RegexBuilder::new(expression).size_limit(LARGEST).build();
    compiled.map_err(|error| format!("is not a valid regular expression ({error})"))
}

/// The longest text that an expression surely asks for; empty if that is not plain to see.
fn literal_in(expression: &str) -> String {
    let is_plain = !expression.contains(['(', '[', '{', '|'])
        && !["+*", "+?"].iter().any(|twice| expression.contains(twice));
    let mut runs = vec![String::new()];
    let mut letters = expression.chars().filter(|_| is_plain);
    while let Some(letter) = letters.next() {
        match letter {
            // Such an escape has more than one letter.
            '\\' if matches!(letters.next(), Some('x' | 'u' | 'U') | None) => return String::new(),
            '\\' | '.' | '^' | '$' | '+' => runs.push(String::new()),
            // What comes before may be missing.
            '*' | '?' => {
                runs.last_mut().map(String::pop);
                runs.push(String::new());
            }
            letter => runs.iter_mut().last().into_iter().for_each(|run| run.push(letter)),
        }
    }
    runs.into_iter().max_by_key(String::len).unwrap_or_default()
}

/// A text to be searched, prepared once for all patterns.
#[derive(Clone, Debug)]
pub struct Searched<'a> {
    as_sent: Cow<'a, str>,
    /// It is needed only where words are searched.
    lower_case: OnceCell<String>,
}

impl<'a> Searched<'a> {
    /// Prepares a text.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        let mut as_sent = text.into();
        let end = as_sent.floor_char_boundary(SEARCHED);
        if end < as_sent.len() {
            as_sent.to_mut().truncate(end);
        }
        Self { as_sent, lower_case: OnceCell::new() }
    }

    /// Whether there is nothing to search.
    pub fn is_empty(&self) -> bool {
        self.as_sent.is_empty()
    }

    fn lower_case(&self) -> &str {
        self.lower_case.get_or_init(|| self.as_sent.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap().matches(&Searched::new(text))
    }

    #[test]
    fn words_match_as_a_part_in_any_case() {
        for (pattern, text, is_match) in [
            ("backup", "Nightly BACKUP done", true),
            ("ZWÖLF", "zwölf Räume", true),
            ("backup done", "Backup done", true),
            ("backup done", "Backup is done", false),
            ("a.b", "axb", false),
            ("/", "a/b", true),
        ] {
            assert_eq!(matches(pattern, text), is_match, "{pattern} {text}");
        }
    }

    #[test]
    fn slashes_make_a_regular_expression() {
        for (pattern, text, is_match) in [
            (r"/in \d+ min/", "done in 12 min", true),
            (r"/in \d+ min/", "done in a min", false),
            ("/^done$/", "not done", false),
            ("/done/", "DONE", false),
            ("/(?i)done/", "DONE", true),
            ("/a|b/", "b", true),
        ] {
            assert_eq!(matches(pattern, text), is_match, "{pattern} {text}");
        }
        assert!(Pattern::exactly("a.b (c)").unwrap().matches(&Searched::new("a.b (c)")));
        assert!(!Pattern::exactly("a.b (c)").unwrap().matches(&Searched::new("a.b (c) d")));
    }

    #[test]
    fn the_literal_in_an_expression_is_in_every_text_that_matches() {
        for (expression, literal) in [
            (r"took \d+ s of 5", " s of 5"),
            ("^done$", "done"),
            ("colou?r", "colo"),
            ("ab*cc+d", "cc"),
            (r"a\.bcd", "bcd"),
            ("a|b", ""),
            ("(?i)done", ""),
            ("[ab]cd", ""),
            ("ab{0}c", ""),
            ("abc+*", ""),
            (r"ab\x41c", ""),
            ("", ""),
        ] {
            assert_eq!(literal_in(expression), literal, "{expression}");
        }
        for (pattern, text) in
            [("/colou?r/", "color"), ("/ab*c+d/", "accd"), (r"/\+1 a/", "+1 a"), (r"/\x41b/", "Ab")]
        {
            assert!(matches(pattern, text), "{pattern}");
        }
    }

    #[test]
    fn what_cannot_match_anything_useful_is_refused() {
        for (pattern, why) in [
            ("", "is empty"),
            ("  ", "is empty"),
            ("//", "has nothing between its slashes"),
            ("/(/", "is not a valid regular expression"),
            (r"/(a)\1/", "is not a valid regular expression"),
            ("/((a{100}){100}){100}/", "is not a valid regular expression"),
        ] {
            let said = Pattern::new(pattern).unwrap_err();
            assert!(said.starts_with(why), "{pattern}: {said}");
        }
    }

    #[test]
    fn only_the_beginning_of_a_long_text_is_searched() {
        let text = "ä".repeat(SEARCHED) + "needle";
        assert!(!matches("needle", &text) && !matches("/needle/", &text));
        assert!(matches("ää", &text));
    }
}
