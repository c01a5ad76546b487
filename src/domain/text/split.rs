//! Splits a text that is too long for one notification, or for one paragraph.
//!
//! Invariant: the parts together contain every word, in order, and a word is split only if it is longer than a part. A part
//! ends where a paragraph, a line or a sentence ends, if that leaves it at least half full.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::{Span, Text};

/// The least that a line counts for, in characters: on the screen a short line takes as much space as a longer one.
const LINE: usize = 40;

impl Text {
    /// Whether the text fits into `limit` characters, counting a wide one twice and every line as at least 40.
    pub fn fits(&self, limit: usize) -> bool {
        let text = self.to_plain();
        end_of_part(&text, limit) == text.len()
    }

    /// The text in parts that each fit into `limit` characters, see [`Self::fits`].
    pub fn split(&self, limit: usize) -> Vec<Self> {
        let text = self.to_plain();
        let (mut parts, mut start) = (Vec::new(), 0);
        while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
            let end = end_of_part(rest, limit);
            let words = rest.get(..end).unwrap_or(rest).trim_end().len();
            if words > 0 {
                parts.push(self.slice(start..start + words));
            }
            start += end;
        }
        parts
    }

    /// The text with line breaks between words, so that no paragraph is longer than so many characters, a wide one counted
    /// twice.
    #[must_use]
    pub fn with_short_paragraphs(&self, limit: usize) -> Self {
        let text = self.to_plain();
        let (mut broken, mut start) = (Self::default(), 0);
        for paragraph in text.split_inclusive('\n') {
            let end = start + paragraph.len();
            let mut rest = paragraph.trim_end_matches('\n');
            while rest.width() > limit {
                let length = end_of_part(rest, limit.max(LINE));
                let Some((_, after)) = rest.split_at_checked(length).filter(|(_, after)| !after.is_empty())
                else {
                    break;
                };
                for span in self.slice(start..start + length).0 {
                    broken.push(span);
                }
                broken.push(Span::plain("\n"));
                start += length;
                rest = after;
            }
            for span in self.slice(start..end).0 {
                broken.push(span);
            }
            start = end;
        }
        broken
    }

    /// The bytes of a range.
    fn slice(&self, range: Range<usize>) -> Self {
        let (mut slice, mut offset) = (Self::default(), 0);
        for span in &self.0 {
            let first = range.start.saturating_sub(offset);
            let last = range.end.saturating_sub(offset).min(span.text.len());
            if let Some(text) = span.text.get(first..last) {
                slice.push(Span { text: text.to_owned(), style: span.style.clone() });
            }
            offset += span.text.len();
        }
        slice
    }
}

/// How many bytes of a text fit into `limit` characters: at least one letter, and whole paragraphs, sentences or words if
/// possible.
fn end_of_part(text: &str, limit: usize) -> usize {
    let (mut lines, mut line) = (0_usize, 0_usize);
    let mut ends = Ends::default();
    for (index, letter) in text.grapheme_indices(true) {
        let is_line_end = letter.contains('\n');
        if is_line_end {
            lines += line.max(LINE);
            line = 0;
        } else {
            // Not every font draws what is joined as one letter.
            line += letter.width().max(letter.chars().count());
        }
        let is_space = letter.chars().all(char::is_whitespace);
        // The space at the end is not shown.
        if lines + line > limit && !is_space && index > 0 {
            return ends.best().unwrap_or(index);
        }
        let end = index + letter.len();
        let before = text.get(..index).unwrap_or_default();
        let is_half_full = lines + line >= limit / 2;
        if is_space {
            ends.word = Some(end);
        }
        if is_half_full && is_line_end && before.ends_with('\n') {
            ends.paragraph = Some(end);
        }
        if is_half_full
            && (is_line_end || is_space && ends_sentence(before) || FULL_STOPS_WIDE.contains(&letter))
        {
            ends.sentence = Some(end);
        }
    }
    text.len()
}

/// Where a part may end, the last place of each kind.
#[derive(Default)]
struct Ends {
    paragraph: Option<usize>,
    sentence: Option<usize>,
    word: Option<usize>,
}

impl Ends {
    fn best(&self) -> Option<usize> {
        self.paragraph.or(self.sentence).or(self.word)
    }
}

/// What ends a sentence in scripts that have no spaces.
const FULL_STOPS_WIDE: [&str; 3] = ["\u{3002}", "\u{ff01}", "\u{ff1f}"];

/// Whether a sentence ends with these words, perhaps in quotation marks or brackets.
fn ends_sentence(words: &str) -> bool {
    let words =
        words.trim_end_matches(['"', '\'', ')', ']', '\u{201c}', '\u{201d}', '\u{2019}', '\u{bb}', '\u{ab}']);
    words.ends_with(['.', '!', '?', '\u{2026}'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(text: &str, limit: usize) -> Vec<String> {
        Text::from_plain(text).split(limit).iter().map(Text::to_plain).collect()
    }

    #[test]
    fn a_text_is_split_at_words_and_lines() {
        for (text, limit, parts) in [
            ("", 10, &[][..]),
            ("one two", 10, &["one two"]),
            ("one two three", 8, &["one two", "three"]),
            ("one  two", 4, &["one", "two"]),
            ("abcdefgh", 3, &["abc", "def", "gh"]),
            ("one\ntwo\nthree", 80, &["one\ntwo", "three"]),
            ("one\n\nthree", 40, &["one", "three"]),
            (
                "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
                5,
                &[
                    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
                    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
                ],
            ),
        ] {
            assert_eq!(split(text, limit), parts, "{text:?} {limit}");
            assert_eq!(Text::from_plain(text).fits(limit), parts.len() < 2, "{text:?} {limit}");
        }
    }

    #[test]
    fn a_part_ends_with_a_paragraph_or_a_sentence_where_that_leaves_it_half_full() {
        for (text, limit, parts) in [
            ("Aa bb. Cc dd. Ee ff gg", 18, &["Aa bb. Cc dd.", "Ee ff gg"][..]),
            (
                "Aa bb (cc.) \u{201c}Dd!\u{201d} Ee ff gg",
                20,
                &["Aa bb (cc.) \u{201c}Dd!\u{201d}", "Ee ff gg"],
            ),
            // A short first sentence does not leave the part nearly empty, and a version is not the end of a sentence.
            ("Aa. Bb cc dd ee ff gg", 17, &["Aa. Bb cc dd ee", "ff gg"]),
            ("Version 1.2.3 of it is out now", 20, &["Version 1.2.3 of it", "is out now"]),
            (
                "\u{6f22}\u{6f22}\u{6f22}\u{3002}\u{6f22}\u{6f22}\u{6f22}",
                12,
                &["\u{6f22}\u{6f22}\u{6f22}\u{3002}", "\u{6f22}\u{6f22}\u{6f22}"],
            ),
            ("Title\ntext\n\nTitle\ntext. More\ntext", 200, &["Title\ntext", "Title\ntext. More\ntext"]),
        ] {
            assert_eq!(split(text, limit), parts, "{text:?} {limit}");
        }
        let sentence = "Sentence 10 of a long report, with words that fill the line. ";
        let broken = Text::from_plain(&sentence.repeat(7)).with_short_paragraphs(180).to_plain();
        assert!(broken.lines().all(|line| line.trim_end().ends_with("line.")), "{broken}");
    }

    #[test]
    fn a_long_paragraph_is_broken_between_words_and_keeps_its_styles() {
        let word = "nine char ";
        let text = Text::from_html(&format!("short<br>{}<b>bold</b> end", word.repeat(10)));
        let broken = text.with_short_paragraphs(50);
        let expected = format!("short\n{0}\n{0}\nbold end", word.repeat(5));
        assert_eq!(broken.to_plain(), expected);
        assert!(broken.spans().iter().any(|span| span.text == "bold" && span.style.bold), "{broken:?}");
        let wide = Text::from_plain(&"\u{6f22}".repeat(60)).with_short_paragraphs(50);
        assert_eq!(
            wide.to_plain().lines().map(|line| line.chars().count()).collect::<Vec<_>>(),
            [25, 25, 10]
        );
        for text in ["", "one two", "\n\n", "a\n"] {
            assert_eq!(Text::from_plain(text).with_short_paragraphs(50), Text::from_plain(text));
        }
    }

    #[test]
    fn styles_are_kept() {
        let parts = Text::from_html("one <b>two three</b> four").split(8);
        let bold: Vec<Vec<_>> = parts
            .iter()
            .map(|part| part.spans().iter().map(|span| (span.text.as_str(), span.style.bold)).collect())
            .collect();
        assert_eq!(
            bold,
            [vec![("one ", false), ("two", true)], vec![("three", true)], vec![("four", false)]]
        );
    }

    proptest! {
        #[test]
        fn every_word_is_in_a_part(text in "[a-zä \n]{0,300}", limit in 30_usize..120) {
            let parts = split(&text, limit);
            let words = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(words(&parts.concat()), words(&text));
            prop_assert!(parts.iter().all(|part| Text::from_plain(part).fits(limit)));
        }
    }
}
