//! Matches texts against words or a regular expression.
//!
//! Invariant: the time of a search is proportional to the text. Expressions have no back references, their size is
//! limited, and only the beginning of a long text is searched.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use regex_lite::{Regex, RegexBuilder};

use super::literals::literals_in;

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
    Words(Needle),
    Expression {
        regex: Box<Regex>,
        /// Every text that matches contains one of these; empty if none are known.
        needles: Vec<Needle>,
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
            Some(expression) => Kind::Expression {
                regex: Box::new(compiled(expression)?),
                needles: literals_in(expression).into_iter().map(Needle::new).collect(),
            },
            None if written.trim().is_empty() => return Err("is empty".to_owned()),
            None => Kind::Words(Needle::new(lower_case(written))),
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
            Kind::Words(words) => text.contains(words),
            Kind::Expression { regex, needles } => {
                let may_match = needles.is_empty() || needles.iter().any(|needle| text.contains(needle));
                may_match && regex.is_match(&text.as_sent)
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

/// A text in lower case. A sigma at the end of a word has a different lower-case form, so a search for part of the word would
/// miss it.
fn lower_case(text: &str) -> String {
    let lower_case = text.to_lowercase();
    if lower_case.contains('ς') { lower_case.replace('ς', "σ") } else { lower_case }
}

/// A text in lower case that is looked for in others.
#[derive(Clone, Debug)]
struct Needle {
    text: String,
    /// The bits of its letters; see [`Letters`].
    letters: Vec<u16>,
}

impl Needle {
    fn new(text: String) -> Self {
        let letters = Letters::bits_of(&text).collect();
        Self { text, letters }
    }
}

/// Which groups of three bytes occur in a text, as bits. A few of these bits rule out almost every text that does not occur, so a
/// hundred rules cost little more than one.
#[derive(Clone, Debug)]
struct Letters(Box<[u64; 128]>);

impl Letters {
    fn of(text: &str) -> Self {
        let mut bits = Box::new([0; 128]);
        for bit in Self::bits_of(text) {
            if let Some(word) = bits.get_mut(usize::from(bit / 64)) {
                *word |= 1 << (bit % 64);
            }
        }
        Self(bits)
    }

    fn contain(&self, needle: &Needle) -> bool {
        let has =
            |bit: &u16| self.0.get(usize::from(bit / 64)).is_some_and(|word| word >> (bit % 64) & 1 == 1);
        needle.letters.iter().all(has)
    }

    /// The bits of a text: 13 of each group of three bytes.
    fn bits_of(text: &str) -> impl Iterator<Item = u16> {
        text.as_bytes().windows(3).map(|three| {
            let number = three.iter().fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
            u16::try_from(number.wrapping_mul(0x9E37_79B1) >> 19).unwrap_or_default()
        })
    }
}

/// A text to be searched, prepared once for all patterns.
#[derive(Clone, Debug)]
pub struct Searched<'a> {
    as_sent: Cow<'a, str>,
    /// These are made when the first pattern needs them.
    lower_case: OnceCell<(String, Letters)>,
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

    /// Whether a text is a part of it, whatever the case.
    fn contains(&self, needle: &Needle) -> bool {
        let (text, letters) = self.lower_case.get_or_init(|| {
            let lower_case = lower_case(&self.as_sent);
            let letters = Letters::of(&lower_case);
            (lower_case, letters)
        });
        letters.contain(needle) && text.contains(&needle.text)
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
            ("ΦΩΣ", "φωσφόρος", true),
            ("ΦΩΣ", "φως", true),
            ("φως", "ΦΩΣΦΟΡΟΣ", true),
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
    fn a_literal_in_an_expression_is_looked_for_in_any_case_and_then_matched_as_it_is_written() {
        for (pattern, text, is_match) in [
            ("/colou?r/", "color", true),
            ("/ab*c+d/", "accd", true),
            (r"/\+1 a/", "+1 a", true),
            (r"/\x41b/", "Ab", true),
            ("/(?i)done (today|now)/", "It was DONE TODAY.", true),
            ("/Done (today|now)/", "done today", false),
            ("/K+elvin/", "\u{212a}elvin", false),
            ("/zwölf (Räume|Türen)/", "ZWÖLF Türen, zwölf Türen", true),
        ] {
            assert_eq!(matches(pattern, text), is_match, "{pattern} {text}");
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
