//! Makes text from outside fit for one line of a log or a tooltip.
//!
//! Invariant: no result contains an address with its query, which contains the secret.

use std::error::Error;
use std::io;

use crate::domain::system;
use crate::domain::text::is_safe;

/// At most 200 characters on one line, without unsafe characters.
pub(in crate::pushover) fn sanitize(text: &str) -> String {
    text.chars().filter(|c| *c != '\n' && is_safe(*c)).take(200).collect()
}

/// The innermost cause of an error. The outer layers of a reqwest error say little except the address.
pub(in crate::pushover) fn root_cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &dyn Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<io::Error>() {
        Some(error) => sanitize(&system::in_words(error)),
        None => sanitize(&innermost.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_reduced_to_one_short_line() {
        assert_eq!(sanitize("a\u{1b}[31m\nb\u{202e}c"), "a[31mbc");
        assert_eq!(sanitize(&"ü".repeat(300)).chars().count(), 200);
    }
}
