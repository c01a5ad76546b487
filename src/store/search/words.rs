//! Turns text into the terms of the index, and a typed search into a query.
//!
//! Invariant: text and query are split into terms by the same rules, and a term has only letters, digits and marks, so
//! that nothing the user types is an operator of the query language.
//!
//! In scripts without spaces between words, each pair of letters is a term.

/// The words of a text, in the form of the index.
pub(super) fn words(text: &str) -> String {
    let mut terms = String::new();
    let mut push = |term: &str| push_term(&mut terms, term);
    each_piece(text, |piece| match piece {
        Piece::Word(word) => push(&word),
        Piece::Unspaced(letters) => {
            pairs(&letters).for_each(|pair| push(&pair));
            letters.last().into_iter().for_each(|last| push(last.encode_utf8(&mut [0; 4])));
        }
    });
    terms
}

/// The numbers at the end of names, as in `web01` and `INC0012345`, so that a search for the number alone finds them.
pub(super) fn numbers(texts: &[&str]) -> String {
    let mut terms = String::new();
    let mut each = |piece| {
        let Piece::Word(word) = piece else { return };
        let name = word.trim_end_matches(|letter: char| letter.is_numeric());
        let number = word.strip_prefix(name).unwrap_or_default();
        if name.is_empty() || number.len() < 2 || name.contains(char::is_numeric) {
            return;
        }
        let short = number.trim_start_matches('0');
        if short.len() >= 2 && short != number {
            push_term(&mut terms, short);
        }
        push_term(&mut terms, number);
    };
    for text in texts {
        each_piece(text, &mut each);
    }
    terms
}

fn push_term(terms: &mut String, term: &str) {
    if !terms.is_empty() {
        terms.push(' ');
    }
    terms.push_str(term);
}

/// A typed search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Search(Vec<Phrase>);

/// Consecutive terms.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Phrase {
    terms: Vec<String>,
    /// Whether the last term may be only the beginning of one.
    is_unfinished: bool,
}

impl Search {
    /// A search for all the typed words, the last of which may be unfinished; `None` if nothing was typed. A search
    /// without a letter or digit finds nothing.
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

    /// The query for all phrases. For an unfinished term, the index reads every message with a term that has this
    /// beginning.
    pub(super) fn query(&self) -> String {
        let phrases = self
            .0
            .iter()
            .map(|phrase| format!("{}{}", phrase.query(), if phrase.is_unfinished { "*" } else { "" }));
        phrases.collect::<Vec<_>>().join(" AND ")
    }

    /// The query for the finished terms; `None` if there are none.
    pub(super) fn finished_query(&self) -> Option<String> {
        let finished = self.0.iter().filter_map(|phrase| {
            let terms = match phrase.terms.split_last() {
                Some((_, terms)) if phrase.is_unfinished => terms,
                Some(_) | None => &phrase.terms,
            };
            (!terms.is_empty()).then(|| quoted(terms))
        });
        Some(finished.collect::<Vec<_>>().join(" AND ")).filter(|query| !query.is_empty())
    }

    /// A query for each phrase, in which an unfinished term is replaced by the terms it may become. `terms_like`
    /// returns the terms with a beginning, or `None` if there are more than its limit.
    pub(super) fn spelled_out<E>(
        &self,
        mut terms_like: impl FnMut(&str, usize) -> Result<Option<Vec<String>>, E>,
    ) -> Result<SpelledOut, E> {
        let mut parts = Vec::new();
        for phrase in &self.0 {
            let Some((last, first)) = phrase.terms.split_last().filter(|_| phrase.is_unfinished) else {
                parts.push(phrase.query());
                continue;
            };
            let Some(endings) = terms_like(last, MOST_TERMS / phrase.terms.len())? else {
                return Ok(SpelledOut::TooLong);
            };
            if endings.is_empty() {
                return Ok(SpelledOut::NothingMatches);
            }
            let phrases = endings.into_iter().map(|ending| quoted(&[first, &[ending]].concat()));
            parts.push(format!("({})", phrases.collect::<Vec<_>>().join(" OR ")));
        }
        Ok(SpelledOut::Query(parts))
    }
}

/// The most terms that an unfinished one may become: each costs a lookup.
const MOST_TERMS: usize = 64;

/// Queries in which unfinished terms are completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SpelledOut {
    /// All of them have to match.
    Query(Vec<String>),
    /// No term has the beginning.
    NothingMatches,
    /// Too many terms have it.
    TooLong,
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
                    // A single letter is the beginning of a pair. If something else follows, the last letter is a term
                    // of its own.
                    if letters.len() == 1 || number < pieces.len() {
                        terms.extend(letters.last().map(char::to_string));
                        is_unfinished = number == pieces.len();
                    }
                }
            }
        }
        (!terms.is_empty()).then_some(Self { terms, is_unfinished })
    }

    fn query(&self) -> String {
        quoted(&self.terms)
    }
}

/// Terms hold no quotes.
fn quoted(terms: &[String]) -> String {
    format!("\"{}\"", terms.join(" "))
}

/// Letters that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Word(String),
    /// Letters of a script without spaces between words.
    Unspaced(Vec<char>),
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    each_piece(text, |piece| pieces.push(piece));
    pieces
}

/// Calls `each` for one piece after the other, because a large text has too many words to keep them all.
fn each_piece(text: &str, mut each: impl FnMut(Piece)) {
    let mut piece = None;
    for letter in text.chars().map(half_width) {
        if is_unspaced(letter) {
            match &mut piece {
                Some(Piece::Unspaced(letters)) => letters.push(letter),
                _ => piece.replace(Piece::Unspaced(vec![letter])).into_iter().for_each(&mut each),
            }
        } else if is_word(letter) {
            match &mut piece {
                Some(Piece::Word(word)) => word.push(letter),
                _ => piece.replace(Piece::Word(letter.to_string())).into_iter().for_each(&mut each),
            }
        } else {
            piece.take().into_iter().for_each(&mut each);
        }
    }
    piece.into_iter().for_each(each);
}

fn pairs(letters: &[char]) -> impl Iterator<Item = String> {
    letters.windows(2).map(|pair| pair.iter().collect())
}

fn is_word(letter: char) -> bool {
    // An accent that follows its letter belongs to it; the index removes it.
    letter.is_alphanumeric() || matches!(letter, '\u{300}'..='\u{36f}')
}

/// Thai, Lao, Burmese, Khmer, Chinese, Japanese; and Korean, which joins words and particles.
fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' | '\u{e81}'..='\u{ecd}' | '\u{1000}'..='\u{103f}'
        | '\u{1780}'..='\u{17d3}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}'
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}')
}

/// The ASCII letter of a full-width one; any other letter unchanged.
fn half_width(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(typed: &str) -> Option<String> {
        Search::new(typed).map(|search| search.query())
    }

    #[test]
    fn text_is_split_into_words_and_pairs_of_letters() {
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
        assert_eq!(numbers(&["web01 INC0012345 a1b22 eth0 2026 x7007"]), "01 12345 0012345 7007");
    }

    #[test]
    fn every_typed_word_is_a_phrase_and_the_last_may_be_unfinished() {
        for (typed, expected) in [
            ("disk fu", "\"disk\" AND \"fu\"*"),
            (" a\tOR\n\"b ", "\"a\" AND \"OR\" AND \"b\"*"),
            ("a\0b", "\"a\" AND \"b\"*"),
            ("db-01.exa", "\"db 01 exa\"*"),
            ("停止", "\"停止\""),
            ("停", "\"停\"*"),
            ("停 a", "\"停\"* AND \"a\"*"),
            ("停止01", "\"停止 止 01\"*"),
            ("!!!", ""),
        ] {
            assert_eq!(query(typed).as_deref(), Some(expected), "{typed:?}");
        }
        assert_eq!(query(" \n "), None);
    }

    #[test]
    fn finished_words_have_a_query_of_their_own() {
        let finished = |typed| Search::new(typed).unwrap().finished_query();
        assert_eq!(finished("disk fu").as_deref(), Some("\"disk\""));
        assert_eq!(finished("10.0.3.1").as_deref(), Some("\"10 0 3\""));
        assert_eq!(finished("fu"), None);
        assert_eq!(finished("停止").as_deref(), Some("\"停止\""));
    }

    #[test]
    fn an_unfinished_word_is_replaced_by_the_terms_with_that_beginning() {
        let spelled_out = |typed| {
            let terms_like = |beginning: &str, most: usize| {
                let terms = match beginning {
                    "ba" => vec!["bad".to_owned(), "bar".to_owned()],
                    "no" => Vec::new(),
                    _ => vec![String::new(); 40],
                };
                Ok::<_, ()>(Some(terms).filter(|terms| terms.len() <= most))
            };
            Search::new(typed).unwrap().spelled_out(terms_like).unwrap()
        };
        let query = |phrases: &[&str]| SpelledOut::Query(phrases.iter().map(ToString::to_string).collect());
        assert_eq!(spelled_out("a ba"), query(&["\"a\"", "(\"bad\" OR \"bar\")"]));
        assert_eq!(spelled_out("a-ba"), query(&["(\"a bad\" OR \"a bar\")"]));
        assert_eq!(spelled_out("停止"), query(&["\"停止\""]));
        assert_eq!(spelled_out("ba no"), SpelledOut::NothingMatches);
        assert_eq!(spelled_out("a-1"), SpelledOut::TooLong);
        assert!(matches!(spelled_out("1"), SpelledOut::Query(_)));
    }
}
