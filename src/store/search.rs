//! What the user typed, as a query of the full-text index.
//!
//! Invariant: whatever was typed is a valid query; no character of it is an operator.

/// A query for all the words, the last of which may be unfinished; `None` when there are no words.
pub(super) fn all_words(typed: &str) -> Option<String> {
    // SQLite takes a NUL as the end of the query.
    let quoted: Vec<String> = typed
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    (!quoted.is_empty()).then(|| quoted.join(" ") + "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_quoted_and_the_last_may_be_unfinished() {
        assert_eq!(all_words("disk fu").as_deref(), Some("\"disk\" \"fu\"*"));
        assert_eq!(all_words(" a\tOR\n\"b ").as_deref(), Some("\"a\" \"OR\" \"\"\"b\"*"));
        assert_eq!(all_words("a\0b").as_deref(), Some("\"a\" \"b\"*"));
        assert_eq!(all_words(" \n "), None);
    }
}
