//! The literal texts that a regular expression needs: looking for them is far cheaper than the expression itself.
//!
//! Invariant: a text that the expression matches contains at least one of the literals, whatever the case of either. If none
//! can be determined, the list is empty.

/// The most alternatives that are looked for.
const MOST: usize = 16;

/// Every match contains at least one of these lower-case ASCII texts; empty if none are known.
pub(super) fn literals_in(expression: &str) -> Vec<String> {
    let letters: Vec<char> = expression.chars().collect();
    let mut parser = Parser { letters: &letters, at: 0 };
    let found = parser.alternatives();
    // Only an unmatched closing bracket leaves a remainder.
    let is_complete = parser.at == letters.len();
    found.filter(|_| is_complete).and_then(Needed::into_texts).unwrap_or_default()
}

/// What a part of an expression needs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Needed {
    /// Nothing that is known.
    Nothing,
    /// One of these texts.
    OneOf(Vec<String>),
}

impl Needed {
    fn into_texts(self) -> Option<Vec<String>> {
        match self {
            Self::Nothing => None,
            Self::OneOf(texts) => Some(texts),
        }
    }

    /// A part that needs a longer text is the better one to look for.
    fn or_better(self, other: Self) -> Self {
        let shortest = |needed: &Self| match needed {
            Self::Nothing => 0,
            Self::OneOf(texts) => texts.iter().map(String::len).min().unwrap_or_default(),
        };
        if shortest(&other) > shortest(&self) { other } else { self }
    }
}

/// Reads an expression that was compiled before; `None` means that a part of it is not understood here.
struct Parser<'a> {
    letters: &'a [char],
    at: usize,
}

/// How often something occurs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    Once,
    AtLeastOnce,
    MaybeNever,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += 1;
        Some(letter)
    }

    fn takes(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn alternatives(&mut self) -> Option<Needed> {
        let mut all = vec![self.sequence()?];
        while self.takes('|') {
            all.push(self.sequence()?);
        }
        let mut texts = Vec::new();
        for needed in all {
            let Needed::OneOf(more) = needed else { return Some(Needed::Nothing) };
            texts.extend(more);
        }
        Some(if texts.len() > MOST { Needed::Nothing } else { Needed::OneOf(texts) })
    }

    /// Parts one after the other: every match needs each of them, so the best one is chosen.
    fn sequence(&mut self) -> Option<Needed> {
        let mut best = Needed::Nothing;
        let mut run = String::new();
        while let Some(letter) = self.peek().filter(|letter| !matches!(letter, '|' | ')')) {
            self.at += 1;
            let part = match letter {
                '(' => self.group()?,
                '[' => self.class()?,
                '\\' => self.escape()?,
                '.' | '^' | '$' => Part::Other(Needed::Nothing),
                '*' | '+' | '?' | '{' => return None,
                letter => Part::Letter(letter),
            };
            let count = self.count()?;
            match part {
                Part::Letter(letter) if letter.is_ascii() && count != Count::MaybeNever => {
                    run.push(letter.to_ascii_lowercase());
                    if count == Count::AtLeastOnce {
                        best = best.or_better(ended(&mut run));
                    }
                }
                Part::Letter(_) => best = best.or_better(ended(&mut run)),
                Part::Other(needed) => {
                    best = best.or_better(ended(&mut run));
                    if count != Count::MaybeNever {
                        best = best.or_better(needed);
                    }
                }
            }
        }
        Some(best.or_better(ended(&mut run)))
    }

    /// What follows the opening bracket of a group.
    fn group(&mut self) -> Option<Part> {
        if self.takes('?') {
            // A name, or nothing but a group that is not captured. Flags may change how the rest is read.
            let _ = self.takes('P');
            if self.takes('<') {
                while self.next()? != '>' {}
            } else if !self.takes(':') {
                return self.flags();
            }
        }
        let needed = self.alternatives()?;
        self.takes(')').then_some(Part::Other(needed))
    }

    /// `(?i)` and `(?i:...)`: the case does not matter here, nor do the flags for lines.
    fn flags(&mut self) -> Option<Part> {
        loop {
            match self.next()? {
                'i' | 'm' | 's' | 'U' | 'R' | '-' => {}
                // A count after it belongs to the part before it, which was read already.
                ')' => return (!self.is_at_count()).then_some(Part::Other(Needed::Nothing)),
                ':' => {
                    let needed = self.alternatives()?;
                    return self.takes(')').then_some(Part::Other(needed));
                }
                _ => return None,
            }
        }
    }

    /// What follows the opening bracket of a class of characters.
    fn class(&mut self) -> Option<Part> {
        let _ = self.takes('^');
        // A closing bracket that comes first belongs to the class.
        let _ = self.takes(']');
        loop {
            match self.next()? {
                ']' => return Some(Part::Other(Needed::Nothing)),
                '\\' => drop(self.next()?),
                '[' => {
                    // `[:alpha:]`; nothing else is allowed.
                    if !self.takes(':') {
                        return None;
                    }
                    while self.next()? != ':' {}
                    if !self.takes(']') {
                        return None;
                    }
                }
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Option<Part> {
        Some(match self.next()? {
            'b' if self.peek() == Some('{') => return None,
            'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'b' | 'B' | 'A' | 'z' | 'n' | 't' | 'r' | 'f' | 'v' | 'a'
            | '<' | '>' => Part::Other(Needed::Nothing),
            letter if letter.is_alphanumeric() => return None,
            letter => Part::Letter(letter),
        })
    }

    /// How often the part before may occur.
    fn count(&mut self) -> Option<Count> {
        let count = match self.peek() {
            Some('*' | '?') => Count::MaybeNever,
            Some('+') => Count::AtLeastOnce,
            Some('{') => {
                let least = self.letters.get(self.at + 1..)?.iter().find(|letter| !letter.is_whitespace());
                let may_be_zero = matches!(least, Some('0' | ','));
                while self.next()? != '}' {}
                self.at -= 1;
                if may_be_zero { Count::MaybeNever } else { Count::AtLeastOnce }
            }
            _ => return Some(Count::Once),
        };
        self.at += 1;
        let _is_lazy = self.takes('?');
        // Repeats of repeats are rare, and easy to get wrong.
        if self.is_at_count() { None } else { Some(count) }
    }

    fn is_at_count(&self) -> bool {
        matches!(self.peek(), Some('*' | '+' | '?' | '{'))
    }
}

/// One part of a sequence.
enum Part {
    /// This letter.
    Letter(char),
    /// A group, a class of characters, or a position.
    Other(Needed),
}

/// What a run of letters needs; this ends the run.
fn ended(run: &mut String) -> Needed {
    if run.is_empty() { Needed::Nothing } else { Needed::OneOf(vec![std::mem::take(run)]) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_lite::Regex;

    use super::*;

    #[test]
    fn the_longest_texts_that_are_surely_needed_are_found() {
        for (expression, literals) in [
            (r"took \d+ s of 5", " s of 5"),
            ("^done$", "done"),
            ("colou?r", "colo"),
            ("ab*cc+d", "cc"),
            (r"a\.bcd", "a.bcd"),
            ("DONE", "done"),
            ("(?i)done", "done"),
            ("[ab]cd", "cd"),
            ("ab{0}c", "a"),
            ("ab{2,3}c", "ab"),
            ("a|b", "a|b"),
            ("(error|warning) in", "error|warning"),
            (r"\d+ (?:errors?|(?P<kind>warn)ings?)", "error|warn"),
            (r"(\d+) of (\d+)", " of "),
            ("(abc)?de", "de"),
            ("(abc)+d", "abc"),
            ("zwölf", "zw"),
            (r"[]a\]b[:alpha:]]cd", "cd"),
            // No literal is required.
            ("", ""),
            (r"\d+", ""),
            ("(abc)*", ""),
            ("abc|", ""),
            // These are not read any further.
            ("abc+*", ""),
            (r"ab\x41c", ""),
            ("(?x)a b c", ""),
            (r"\b{start}ab", ""),
            (r"ab\.(?i)*", ""),
        ] {
            assert_eq!(literals_in(expression).join("|"), literals, "{expression}");
        }
    }

    /// Any expression of a few parts over a few letters.
    fn any_expression() -> impl Strategy<Value = String> {
        let atoms = [
            "a",
            "b",
            "C",
            "é",
            ".",
            r"\d",
            r"\.",
            "[ab]",
            "[^a]",
            "[]b]",
            "^",
            "$",
            r"\b",
            "(?i)",
            "[[:alpha:]-]",
        ];
        let leaf = proptest::sample::select(atoms.to_vec()).prop_map(str::to_owned);
        leaf.prop_recursive(4, 24, 4, |inner| {
            let repeat = proptest::sample::select(vec![
                "*", "+", "?", "*?", "+?", "{0}", "{\t0}", "{2}", "{0,2}", "{1,}",
            ]);
            prop_oneof![
                proptest::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
                proptest::collection::vec(inner.clone(), 2..4)
                    .prop_map(|parts| format!("({})", parts.join("|"))),
                (inner.clone(), repeat).prop_map(|(part, repeat)| format!("(?:{part}){repeat}")),
                (inner, proptest::sample::select(vec!["*", "?", "+"]))
                    .prop_map(|(part, repeat)| format!("{part}{repeat}")),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]
        #[test]
        fn every_text_that_matches_contains_one_of_them(
            expression in any_expression(),
            text in "[abcABCé.1 -]{0,8}",
        ) {
            let Ok(regex) = Regex::new(&expression) else { return Ok(()) };
            let literals = literals_in(&expression);
            if !literals.is_empty() && regex.is_match(&text) {
                let text = text.to_lowercase();
                prop_assert!(literals.iter().any(|literal| text.contains(literal)), "{expression}: {literals:?}");
            }
        }
    }
}
