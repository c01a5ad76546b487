//! Finds web addresses in a text, and links that do not show their address.
//!
//! Invariant: only styles change, never a character; a run that is already a link stays as it is.

use linkify::{LinkFinder, LinkKind};

use super::scheme::scheme_of;
use super::{Span, Style, Text};

/// The text with its bare `http` and `https` addresses as links.
pub(super) fn link(text: &Text) -> Text {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    let mut linked = Text::default();
    for span in text.spans() {
        if span.style.link.is_some() {
            linked.push_with_checked_link(span.clone());
            continue;
        }
        for part in finder.spans(&span.text) {
            let address = part.kind().map(|_url| part.as_str()).filter(|address| is_of_the_web(address));
            let style = Style { link: address.map(Into::into), ..span.style.clone() };
            linked.push(Span { text: part.as_str().to_owned(), style });
        }
    }
    linked
}

/// The runs, grouped by their link, or by having none.
pub(super) fn groups(runs: &[Span]) -> impl Iterator<Item = &[Span]> {
    runs.chunk_by(|one, next| one.style.link == next.style.link)
}

/// The words of the runs; a link is followed by its address, unless its words contain it.
pub(super) fn spelled_out(runs: &[Span]) -> String {
    let mut words = String::new();
    for runs in groups(runs) {
        words.extend(runs.iter().map(|run| run.text.as_str()));
        if let Some(address) = unsaid(runs) {
            words = words + " (" + address + ")";
        }
    }
    words
}

/// The address of a link, given as its runs, unless its words contain it. It is written after the words if the link
/// itself cannot be shown.
pub fn unsaid(runs: &[Span]) -> Option<&str> {
    let link = runs.first()?.style.link.as_deref()?;
    let words: String = runs.iter().map(|run| run.text.as_str()).collect();
    (misleads(&words, link) || !is_visible(link, &words)).then_some(link)
}

/// Whether the words of a link contain its address, or equal it except for the scheme.
fn is_visible(link: &str, words: &str) -> bool {
    let short = ["https://", "http://", "mailto:"].iter().find_map(|scheme| link.strip_prefix(scheme));
    words.contains(link) || short.is_some_and(|short| words.trim() == short)
}

/// Whether the words of a link name another host than its address.
pub fn misleads(words: &str, link: &str) -> bool {
    let leads_to = host(link);
    let names = words.split_whitespace().filter(|word| word.contains('.'));
    names.map(host).any(|named| is_a_name(&named) && named != leads_to)
}

/// The part of an address that names a host, in lower case; any other word is returned as it is.
fn host(address: &str) -> String {
    let bare = address.trim_matches(|letter: char| !letter.is_alphanumeric());
    let is_scheme = |word: &str| word.chars().all(char::is_alphabetic);
    let after_scheme = bare.split_once("://").filter(|(scheme, _)| is_scheme(scheme));
    let rest = after_scheme.map_or(bare, |(_scheme, rest)| rest);
    let rest = rest.strip_prefix("mailto:").unwrap_or(rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    let host = host.to_lowercase();
    host.strip_prefix("www.").unwrap_or(&host).to_owned()
}

/// Whether it looks like `name.domain`, unlike `e.g.` and `1.5`.
fn is_a_name(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    let ends_in_letters =
        |domain: &str| domain.chars().count() > 1 && domain.chars().all(char::is_alphabetic);
    host.split('.').all(is_label) && host.rsplit_once('.').is_some_and(|(_, domain)| ends_in_letters(domain))
}

fn is_of_the_web(address: &str) -> bool {
    address.contains("://") && scheme_of(address).is_some_and(|scheme| scheme == "http" || scheme == "https")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn links(text: &str) -> Vec<String> {
        let text = Text::from_plain(text).linked();
        text.spans().iter().filter_map(|span| span.style.link.as_deref().map(str::to_owned)).collect()
    }

    #[test]
    fn an_address_ends_where_a_reader_expects_it() {
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
    fn words_that_name_another_host_than_the_link_mislead() {
        let link = "https://www.A.example:8443/login?x#y";
        for (words, is_misled) in [
            ("https://good.bank/", true),
            ("good.bank", true),
            ("(Good.Bank/login)", true),
            ("see www.good.bank.", true),
            ("me@good.bank", true),
            ("a.example.good.bank", true),
            ("good.bank/://a.example", true),
            ("good.bank/mailto:a.example", true),
            ("https://a.example", false),
            ("www.a.example, HTTPS://A.example/other", false),
            ("click here", false),
            ("e.g. 1.5 or v1.2... 12:04", false),
            ("", false),
        ] {
            assert_eq!(misleads(words, link), is_misled, "{words:?}");
        }
        assert!(misleads("good.bank", "https://good.bank@evil.example/"));
        assert!(misleads("good.bank", "https://evil.example/good.bank"));
        assert!(!misleads("me@a.example", "mailto:me@a.example?subject=x"));
        assert!(misleads("gооd.bank", "https://good.bank/"), "with letters that only look the same");
    }

    #[test]
    fn the_address_of_a_link_is_spelled_out_if_its_words_do_not_show_it() {
        for (html, words) in [
            ("see <a href=https://a.example/x>the <b>log</b></a>!", "see the log (https://a.example/x)!"),
            (
                "<a href=https://a.example>1</a><a href=https://b.example>2</a>",
                "1 (https://a.example)2 (https://b.example)",
            ),
            ("<a href=https://a.example>https://a.example</a>", "https://a.example"),
            ("<a href=https://a.example>at https://a.example now</a>", "at https://a.example now"),
            ("<a href=https://a.example>a.example</a>", "a.example"),
            ("<a href=mailto:a@b.example>a@b.example</a>", "a@b.example"),
            ("<a href=https://evil.example>good.example</a>", "good.example (https://evil.example)"),
            (
                "<a href=https://a.example>https://a.example.good.bank</a>",
                "https://a.example.good.bank (https://a.example)",
            ),
            ("<a href=javascript:x()>y</a>", "y (javascript:x())"),
            ("<i>none</i>", "none"),
        ] {
            assert_eq!(Text::from_html(html).spelled_out(), words, "{html:?}");
        }
        assert_eq!(Text::from_plain("https://a.example").linked().spelled_out(), "https://a.example");
    }

    #[test]
    fn existing_links_and_styles_are_kept() {
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
        fn linking_changes_no_character_and_each_link_is_its_own_text(text in "([a-z:/.<>\" \n()é]|https?://){0,40}") {
            let before = Text::from_plain(&text);
            let after = before.linked();
            prop_assert_eq!(after.to_plain(), before.to_plain());
            for span in after.spans() {
                prop_assert!(span.style.link.as_deref().is_none_or(|link| link == span.text), "{:?}", span);
            }
        }
    }
}
