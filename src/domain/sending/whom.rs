//! Expressions that select recipients: `sean`, `ops and not night`, `all`.
//!
//! Invariant: a word that is neither a name nor a tag is an error, never an empty selection. The length and the depth of an
//! expression are limited, because it may come from a request and is read recursively.

use std::collections::BTreeMap;

use super::settings::Recipient;

/// The most words of an expression; brackets and commas count.
const LONGEST: usize = 1_000;

/// The most brackets and `not` within each other.
const DEEPEST: usize = 50;

/// The names of the recipients that an expression selects, in the order of their names.
///
/// A word selects the recipient with this name, and all that have it as a tag. `not` binds closer than `and`, which may be
/// left out, and `and` closer than `or`, for which a comma may be written.
pub fn select(expression: &str, recipients: &BTreeMap<String, Recipient>) -> Result<Vec<String>, String> {
    let words = words(expression);
    if words.is_empty() {
        return Err("no recipient is named".to_owned());
    }
    if words.len() > LONGEST {
        return Err(format!("more than {LONGEST} words are too many"));
    }
    let mut parser = Parser { words: &words, recipients, depth: 0 };
    let test = parser.either()?;
    if let Some(word) = parser.words.first() {
        return Err(format!("`{word}` was not expected there"));
    }
    let selected: Vec<String> = recipients
        .iter()
        .filter(|(name, recipient)| test.holds(name, recipient))
        .map(|(name, _)| name.clone())
        .collect();
    if selected.is_empty() {
        Err(format!("`{}` selects no recipient", expression.trim()))
    } else {
        Ok(selected)
    }
}

/// What a recipient has to be.
enum Test {
    All,
    Is(String),
    Not(Box<Self>),
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
}

impl Test {
    fn holds(&self, name: &str, recipient: &Recipient) -> bool {
        match self {
            Self::All => true,
            Self::Is(word) => name == word || recipient.tags.contains(word),
            Self::Not(test) => !test.holds(name, recipient),
            Self::Both(one, other) => one.holds(name, recipient) && other.holds(name, recipient),
            Self::Either(one, other) => one.holds(name, recipient) || other.holds(name, recipient),
        }
    }
}

struct Parser<'a> {
    words: &'a [String],
    recipients: &'a BTreeMap<String, Recipient>,
    depth: usize,
}

impl Parser<'_> {
    fn either(&mut self) -> Result<Test, String> {
        let mut test = self.both()?;
        while self.takes("or") || self.takes(",") {
            test = Test::Either(Box::new(test), Box::new(self.both()?));
        }
        Ok(test)
    }

    fn both(&mut self) -> Result<Test, String> {
        let mut test = self.single()?;
        loop {
            let is_next = self.words.first().is_some_and(|word| !is_one_of(word, &["or", ",", ")", "and"]));
            if !self.takes("and") && !is_next {
                return Ok(test);
            }
            test = Test::Both(Box::new(test), Box::new(self.single()?));
        }
    }

    fn single(&mut self) -> Result<Test, String> {
        if self.depth >= DEEPEST {
            return Err(format!("more than {DEEPEST} brackets or `not` within each other are too many"));
        }
        self.depth += 1;
        let test = self.inner()?;
        self.depth -= 1;
        Ok(test)
    }

    fn inner(&mut self) -> Result<Test, String> {
        if self.takes("not") {
            return Ok(Test::Not(Box::new(self.single()?)));
        }
        if self.takes("(") {
            let test = self.either()?;
            return if self.takes(")") { Ok(test) } else { Err("a `)` is missing".to_owned()) };
        }
        if self.takes("all") {
            return Ok(Test::All);
        }
        let Some((word, rest)) = self.words.split_first() else {
            return Err("a name or a tag is missing at the end".to_owned());
        };
        if is_one_of(word, &["and", "or", ",", ")"]) {
            return Err(format!("`{word}` was not expected there"));
        }
        let is_known = self.recipients.contains_key(word)
            || self.recipients.values().any(|recipient| recipient.tags.contains(word));
        if !is_known {
            return Err(format!("there is no recipient or tag `{word}`"));
        }
        self.words = rest;
        Ok(Test::Is(word.clone()))
    }

    fn takes(&mut self, wanted: &str) -> bool {
        let Some((word, rest)) = self.words.split_first() else { return false };
        let is_there = word.eq_ignore_ascii_case(wanted);
        if is_there {
            self.words = rest;
        }
        is_there
    }
}

fn is_one_of(word: &str, others: &[&str]) -> bool {
    others.iter().any(|other| word.eq_ignore_ascii_case(other))
}

/// The words of an expression; brackets and commas stand alone.
fn words(expression: &str) -> Vec<String> {
    let mut spaced = String::new();
    for letter in expression.chars() {
        if matches!(letter, '(' | ')' | ',') {
            spaced.extend([' ', letter, ' ']);
        } else {
            spaced.push(letter);
        }
    }
    // One more than is allowed is enough to refuse it.
    spaced.split_whitespace().take(LONGEST + 1).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(expression: &str) -> Result<String, String> {
        let recipients = [("ann", "ops night"), ("bob", "ops"), ("cid", "night"), ("dora", "")];
        let recipients = recipients.map(|(name, tags)| {
            let tags = tags.split_whitespace().map(str::to_owned).collect();
            (name.to_owned(), Recipient { tags, ..Recipient::default() })
        });
        select(expression, &recipients.into()).map(|names| names.join(" "))
    }

    #[test]
    fn names_and_tags_are_combined() {
        for (expression, names) in [
            ("ann", "ann"),
            ("ops", "ann bob"),
            ("ops and not night", "bob"),
            ("OPS", ""),
            ("ops not night", "bob"),
            ("night ops", "ann"),
            ("dora, cid", "cid dora"),
            ("ops or dora", "ann bob dora"),
            ("not ops and night or dora", "cid dora"),
            ("not (ops or dora)", "cid"),
            ("(ops,dora) and not ann", "bob dora"),
            ("all", "ann bob cid dora"),
            ("all AND NOT ops", "cid dora"),
            ("not not ann", "ann"),
        ] {
            assert_eq!(selected(expression).unwrap_or_default(), names, "{expression}");
        }
    }

    #[test]
    fn an_endless_expression_is_refused() {
        for (expression, why) in [
            ("not ".repeat(1_000), "more than 50 brackets or `not` within each other are too many"),
            ("(".repeat(1_000), "more than 50 brackets or `not` within each other are too many"),
            ("ann or ".repeat(1_000_000), "more than 1000 words are too many"),
            ("(".repeat(8_000_000), "more than 1000 words are too many"),
        ] {
            assert_eq!(selected(&expression), Err(why.to_owned()));
        }
        assert!(selected(&format!("{}ann{}", "(not ".repeat(24), ")".repeat(24))).is_ok());
        assert!(selected(&["ann"; 500].join(",")).is_ok_and(|names| names == "ann"));
    }

    #[test]
    fn an_invalid_expression_is_an_error_that_names_the_mistake() {
        for (expression, why) in [
            ("", "no recipient is named"),
            ("eve", "there is no recipient or tag `eve`"),
            ("ops and eve", "there is no recipient or tag `eve`"),
            ("ops and", "a name or a tag is missing at the end"),
            ("and ops", "`and` was not expected there"),
            ("(ops", "a `)` is missing"),
            ("ops)", "`)` was not expected there"),
            ("dora and ops", "`dora and ops` selects no recipient"),
        ] {
            assert_eq!(selected(expression), Err(why.to_owned()), "{expression}");
        }
    }
}
