//! Turns text into the terms of the index, and what the user typed into a query of it.
//!
//! Invariant: text and query are cut into terms by the same rules, and a term holds letters, digits and marks only, so
//! that nothing that is typed is an operator of the query language.
//!
//! Words of scripts that put no blanks between them are found by their pairs of letters. Each term begins with a letter
//! that says in which part of the message log its message is: that limits a search for the beginning of a word, which
//! has to look at every message with such a word, to one part at a time.

use std::iter::successors;
use std::ops::RangeInclusive;

/// How many messages are in a part.
const LENGTH: i64 = 1 << 14;

/// The private letters that mark the parts, of which `char::is_alphanumeric` knows none.
const MARKS: RangeInclusive<u32> = 0xe000..=0xf8ff;

/// A part of the message log: messages that were recorded one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part(i64);

impl Part {
    /// The part of a message.
    pub(super) fn of(seq: i64) -> Self {
        Self(seq.div_euclid(LENGTH))
    }

    /// From the part of one message back to that of an earlier one.
    pub(super) fn backwards(newest: i64, oldest: i64) -> impl Iterator<Item = Self> {
        let oldest = Self::of(oldest);
        successors(Some(Self::of(newest)), |part| Some(Self(part.0 - 1)))
            .take_while(move |part| part.0 >= oldest.0)
    }

    /// The messages in it.
    pub(super) fn seqs(self) -> RangeInclusive<i64> {
        let first = self.0.saturating_mul(LENGTH);
        first..=first.saturating_add(LENGTH - 1)
    }

    fn mark(self) -> char {
        let marks = i64::from(MARKS.end() - MARKS.start() + 1);
        let number = u32::try_from(self.0.rem_euclid(marks)).unwrap_or_default();
        char::from_u32(MARKS.start() + number).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// Terms of a message in this part, as the index takes them.
    fn marked(self, terms: impl IntoIterator<Item = impl AsRef<str>>) -> String {
        let mut text = String::new();
        for term in terms {
            text.push(self.mark());
            text.push_str(term.as_ref());
            text.push(' ');
        }
        text
    }

    /// The words of a text.
    pub(super) fn words(self, text: &str) -> String {
        let mut terms = Vec::new();
        for piece in pieces(text) {
            match piece {
                Piece::Word(word) => terms.push(word),
                Piece::Unspaced(letters) => {
                    terms.extend(pairs(&letters));
                    terms.extend(letters.last().map(char::to_string));
                }
            }
        }
        self.marked(terms)
    }

    /// The numbers that end a name, as in `web01` and `INC0012345`, so that they are found by themselves.
    pub(super) fn numbers(self, texts: &[&str]) -> String {
        let mut terms = Vec::new();
        for piece in texts.iter().flat_map(|text| pieces(text)) {
            let Piece::Word(word) = piece else { continue };
            let name = word.trim_end_matches(|letter: char| letter.is_numeric());
            let number = word.strip_prefix(name).unwrap_or_default();
            if name.is_empty() || number.len() < 2 || name.contains(char::is_numeric) {
                continue;
            }
            let short = number.trim_start_matches('0');
            if short.len() >= 2 && short != number {
                terms.push(short.to_owned());
            }
            terms.push(number.to_owned());
        }
        self.marked(terms)
    }
}

/// What the user searches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Search(Vec<Phrase>);

/// Terms that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Phrase {
    terms: Vec<String>,
    /// Whether the last term may be the beginning of one.
    is_unfinished: bool,
}

impl Search {
    /// All of the words that were typed, the last of which may be unfinished; `None` when nothing was typed. A search without
    /// a letter or digit finds nothing.
    pub(super) fn new(typed: &str) -> Option<Self> {
        if typed.chars().all(|letter| letter.is_whitespace() || letter.is_control()) {
            return None;
        }
        let words = typed.split(|letter: char| letter.is_whitespace() || letter.is_control());
        let mut phrases: Vec<Phrase> = words.filter_map(Phrase::new).collect();
        let ends_in_word = typed.chars().next_back().is_some_and(|letter| !is_unspaced(letter));
        if let Some(last) = phrases.last_mut() {
            last.is_unfinished |= ends_in_word;
        }
        Some(Self(phrases))
    }

    /// Whether no message can match.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The query for the messages in a part.
    pub(super) fn query(&self, part: Part) -> String {
        let phrases = self.0.iter().map(|phrase| Phrase::query(part, &phrase.terms, phrase.is_unfinished));
        phrases.collect::<Vec<_>>().join(" ")
    }

    /// The query for what is not unfinished, which is much faster than the whole; `None` when that is nothing or all.
    pub(super) fn finished_query(&self, part: Part) -> Option<String> {
        if !self.0.iter().any(|phrase| phrase.is_unfinished) {
            return None;
        }
        let finished = self.0.iter().filter_map(|phrase| {
            let terms = match phrase.terms.split_last() {
                Some((_, terms)) if phrase.is_unfinished => terms,
                Some(_) | None => &phrase.terms,
            };
            (!terms.is_empty()).then(|| Phrase::query(part, terms, false))
        });
        Some(finished.collect::<Vec<_>>().join(" ")).filter(|query| !query.is_empty())
    }
}

impl Phrase {
    fn new(word: &str) -> Option<Self> {
        let pieces = pieces(word);
        let mut terms = Vec::new();
        let mut is_unfinished = false;
        for (number, piece) in (1..).zip(&pieces) {
            match piece {
                Piece::Word(word) => terms.push(word.clone()),
                Piece::Unspaced(letters) => {
                    terms.extend(pairs(letters));
                    // One letter is the beginning of a pair. Where something else follows, the last letter is a term.
                    if letters.len() == 1 || number < pieces.len() {
                        terms.extend(letters.last().map(char::to_string));
                        is_unfinished = number == pieces.len();
                    }
                }
            }
        }
        (!terms.is_empty()).then_some(Self { terms, is_unfinished })
    }

    fn query(part: Part, terms: &[String], is_unfinished: bool) -> String {
        format!("\"{}\"{}", part.marked(terms), if is_unfinished { "*" } else { "" })
    }
}

/// Letters that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Word(String),
    /// Of a script that puts no blanks between words.
    Unspaced(Vec<char>),
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut is_new = true;
    for letter in text.chars().map(half_width) {
        if is_unspaced(letter) {
            match pieces.last_mut() {
                Some(Piece::Unspaced(letters)) if !is_new => letters.push(letter),
                _ => pieces.push(Piece::Unspaced(vec![letter])),
            }
        } else if is_word(letter) {
            match pieces.last_mut() {
                Some(Piece::Word(word)) if !is_new => word.push(letter),
                _ => pieces.push(Piece::Word(letter.to_string())),
            }
        } else {
            is_new = true;
            continue;
        }
        is_new = false;
    }
    pieces
}

fn pairs(letters: &[char]) -> impl Iterator<Item = String> {
    letters.windows(2).map(|pair| pair.iter().collect())
}

fn is_word(letter: char) -> bool {
    // An accent that follows its letter belongs to it; the index removes it.
    letter.is_alphanumeric() || matches!(letter, '\u{300}'..='\u{36f}')
}

/// Thai, Lao, Burmese, Khmer, Chinese, Japanese, and Korean, which joins words and particles.
fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' | '\u{e81}'..='\u{ecd}' | '\u{1000}'..='\u{103f}'
        | '\u{1780}'..='\u{17d3}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}'
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}')
}

/// The ASCII letter that a full-width one is.
fn half_width(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without the marks.
    fn words(text: &str) -> String {
        let part = Part::of(1);
        let words = part.words(text);
        words.replace(part.mark(), "").trim_end().to_owned()
    }

    fn query(typed: &str) -> Option<String> {
        let part = Part::of(1);
        Search::new(typed).map(|search| search.query(part).replace(part.mark(), "").replace(" \"", "\""))
    }

    #[test]
    fn text_is_cut_into_words_and_pairs_of_letters() {
        for (text, terms) in [
            ("db-01.example.com: /var/log", "db 01 example com var log"),
            ("disk_full 50% don't", "disk full 50 don t"),
            ("サーバーが停止", "サー ーバ バー ーが が停 停止 止"),
            ("web01停止 2件", "web01 停止 止 2 件"),
            ("ＡＢ１２", "AB12"),
            ("\u{e000}a\u{f8ff}", "a"),
            ("🔥 !?", ""),
        ] {
            assert_eq!(words(text), terms, "{text:?}");
        }
        let numbers = Part::of(1).numbers(&["web01 INC0012345 a1b22 eth0 2026 x7007"]);
        assert_eq!(numbers.replace('\u{e000}', ""), "01 12345 0012345 7007 ");
    }

    #[test]
    fn every_typed_word_is_a_phrase_and_the_last_may_be_unfinished() {
        for (typed, expected) in [
            ("disk fu", "\"disk\"\"fu\"*"),
            (" a\tOR\n\"b ", "\"a\"\"OR\"\"b\"*"),
            ("a\0b", "\"a\"\"b\"*"),
            ("db-01.exa", "\"db 01 exa\"*"),
            ("停止", "\"停止\""),
            ("停", "\"停\"*"),
            ("停 a", "\"停\"*\"a\"*"),
            ("停止01", "\"停止 止 01\"*"),
            ("!!!", ""),
        ] {
            assert_eq!(query(typed).as_deref(), Some(expected), "{typed:?}");
        }
        assert_eq!(query(" \n "), None);
    }

    #[test]
    fn what_is_finished_can_be_asked_for_alone() {
        let part = Part::of(1);
        let finished = |typed| {
            Search::new(typed).unwrap().finished_query(part).map(|query| query.replace(part.mark(), ""))
        };
        assert_eq!(finished("disk fu").as_deref(), Some("\"disk \""));
        assert_eq!(finished("10.0.3.1").as_deref(), Some("\"10 0 3 \""));
        assert_eq!(finished("fu"), None);
        assert_eq!(finished("停止"), None);
    }

    #[test]
    fn the_parts_cover_every_message_once() {
        let parts: Vec<_> = Part::backwards(40_000, 5).collect();
        assert_eq!(parts.len(), 3);
        assert_eq!(parts.last().unwrap().seqs(), 0..=16_383);
        assert!(
            parts
                .iter()
                .all(|part| Part::of(*part.seqs().start()) == *part && Part::of(*part.seqs().end()) == *part)
        );
        let marks: std::collections::BTreeSet<_> = parts.iter().map(|part| part.mark()).collect();
        assert_eq!(marks.len(), 3);
        assert!(Part::of(i64::MAX).mark() >= '\u{e000}');
    }
}
