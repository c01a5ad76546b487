//! Reads the scheme of a link, which decides whether the link may be opened.
//!
//! Invariant: a link that programs could interpret in different ways has no scheme.

use super::safe::is_safe;

/// The scheme of a link in lower case; `None` if it has none, if nothing follows it, or if the link contains white
/// space or an unsafe character.
pub fn scheme_of(link: &str) -> Option<String> {
    let (scheme, rest) = link.split_once(':')?;
    let is_whole =
        !rest.is_empty() && !link.contains(|letter: char| letter.is_whitespace() || !is_safe(letter));
    (is_scheme(scheme) && is_whole).then(|| scheme.to_ascii_lowercase())
}

/// Whether a text is a valid scheme (RFC 3986, section 3.1).
pub fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_is_read_in_lower_case() {
        for (link, scheme) in [
            ("https://example.org/a?b=c&d=%20#e", "https"),
            ("HTTPS://Example.ORG/Ä", "https"),
            ("mailto:desk@example.org", "mailto"),
            ("x-scheme.1+a:b", "x-scheme.1+a"),
            ("https:example.org", "https"),
        ] {
            assert_eq!(scheme_of(link).as_deref(), Some(scheme));
        }
    }

    #[test]
    fn a_link_that_is_malformed_or_hides_something_has_no_scheme() {
        for link in [
            "",
            ":",
            "https",
            "https:",
            "://example.org",
            "1https://example.org",
            "https ://example.org",
            "ht\ttps://example.org",
            "https://example.org/a b",
            "https://example.org/\u{a0}b",
            "https://example.org/\u{0}",
            "https://example.org/\u{202e}b",
            "https://example.org\r\nHost: x",
            "\u{202e}https://example.org",
            "ｈttps://example.org",
        ] {
            assert_eq!(scheme_of(link), None, "{link:?}");
        }
    }
}
