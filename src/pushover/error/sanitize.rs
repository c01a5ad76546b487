//! Makes text from outside fit for one line of a log or a tooltip.
//!
//! Invariant: no result contains an address with its query, which contains the secret.

use std::error::Error;
use std::io;

use super::strike_out::strike_out;
use crate::domain::system;
use crate::domain::text::is_safe;

/// At most 200 characters on one line, without unsafe characters.
pub(in crate::pushover) fn sanitize(text: &str) -> String {
    safe(text).take(LONGEST).collect()
}

/// The same for the service's own words, which might quote what it was sent.
pub(in crate::pushover) fn sanitize_words(text: &str) -> String {
    strike_out(&safe(text).collect::<String>()).chars().take(LONGEST).collect()
}

/// In characters.
const LONGEST: usize = 200;

fn safe(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|letter| *letter != '\n' && is_safe(*letter))
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
        assert_eq!(
            sanitize_words("user uQiRzpo4DXgh\nDmr9QzzfQu27cmVRsG\u{1b} is invalid"),
            "user ••• is invalid"
        );
    }
}
