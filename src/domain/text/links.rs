//! Finds the web addresses that stand bare in a text.
//!
//! Invariant: only styles change, never a character; and a run that is a link already stays as it is.

use linkify::{LinkFinder, LinkKind};

use super::{Span, Style, Text};

/// The text with its bare `http` and `https` addresses as links.
pub(super) fn link(text: &Text) -> Text {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    let mut linked = Text::default();
    for span in text.spans() {
        if span.style.link.is_some() {
            linked.push(span.clone());
            continue;
        }
        for part in finder.spans(&span.text) {
            let address = part.kind().map(|_url| part.as_str()).filter(|address| is_of_the_web(address));
            let style = Style { link: address.map(str::to_owned), ..span.style.clone() };
            linked.push(Span { text: part.as_str().to_owned(), style });
        }
    }
    linked
}

fn is_of_the_web(address: &str) -> bool {
    address
        .split_once("://")
        .is_some_and(|(scheme, _)| ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn links(text: &str) -> Vec<String> {
        let text = Text::from_plain(text).linked();
        text.spans().iter().filter_map(|span| span.style.link.clone()).collect()
    }

    #[test]
    fn an_address_ends_where_a_person_says_it_does() {
        for (text, expected) in [
            ("see https://a.example/x?y=1&z#f.", &["https://a.example/x?y=1&z#f"][..]),
            ("(HTTP://a.example/b_(c))", &["HTTP://a.example/b_(c)"]),
            ("https://a.example/,https://b.example/", &["https://a.example/,https://b.example/"]),
            ("https://a.example/ https://b.example/", &["https://a.example/", "https://b.example/"]),
            ("https://a.example/\nhttps://b.example/", &["https://a.example/", "https://b.example/"]),
            ("<https://a.example/>", &["https://a.example/"]),
            ("\"https://münchen.example/ä\"", &["https://münchen.example/ä"]),
            ("file:///etc/passwd ftp://a.example javascript:alert(1) a.example", &[]),
            ("https://", &[]),
            ("nothing", &[]),
        ] {
            assert_eq!(links(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_a_link_already_stays_one_and_styles_stay_too() {
        let html = "<b>at https://a.example/ now</b> <a href=\"https://b.example/\">https://c.example/</a>";
        let text = Text::from_html(html).linked();
        let seen: Vec<_> = text
            .spans()
            .iter()
            .map(|span| (span.text.as_str(), span.style.bold, span.style.link.as_deref()))
            .collect();
        assert_eq!(
            seen,
            [
                ("at ", true, None),
                ("https://a.example/", true, Some("https://a.example/")),
                (" now", true, None),
                (" ", false, None),
                ("https://c.example/", false, Some("https://b.example/")),
            ]
        );
    }

    proptest! {
        #[test]
        fn not_a_character_changes_and_a_link_is_what_it_says(text in "([a-z:/.<>\" \n()é]|https?://){0,40}") {
            let before = Text::from_plain(&text);
            let after = before.linked();
            prop_assert_eq!(after.to_plain(), before.to_plain());
            for span in after.spans() {
                prop_assert!(span.style.link.as_ref().is_none_or(|link| *link == span.text), "{:?}", span);
            }
        }
    }
}
