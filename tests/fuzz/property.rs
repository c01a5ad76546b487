//! The properties of message text that hold for any input.
//!
//! Invariant: nothing here is random, so an input that violates a property does so every time.

use handover::desktop::notifier::markup::{self, Links, Markup};
use handover::domain::text::{Text, one_line};

use super::subset;

/// The longest body in bytes that may leave the program: its limit in bytes, or its limit in characters, each as the longest
/// entity.
const LONGEST_BODY: usize = 64 * 1024;

/// Panics if a message with these bytes could do harm. The first two bytes determine how far it is shortened.
pub(crate) fn holds(data: &[u8]) {
    let (max, sent) = match data {
        [low, high, sent @ ..] => (usize::from(u16::from_le_bytes([*low, *high])), sent),
        few => (0, few),
    };
    let sent = String::from_utf8_lossy(sent);
    for text in [Text::from_html(&sent), Text::from_plain(&sent), Text::from_html(&sent).monospaced()] {
        let linked = text.linked();
        assert_eq!(linked.to_plain(), text.to_plain(), "a link changed the words");
        let short = linked.shortened(max);
        assert!(short.to_plain().chars().count() <= max, "longer than {max}");
        // Most texts have no links, and many are not shortened.
        let mut different = vec![text, linked, short];
        different.dedup();
        for text in different {
            is_clean(&text);
            is_rendered_safely(&text);
        }
    }
    let title = one_line(&sent);
    title.chars().for_each(is_clean_letter);
    assert!(!title.contains('\n'), "a title of two lines: {title:?}");
}

fn is_clean(text: &Text) {
    for (span, next) in text.spans().iter().zip(text.spans().iter().skip(1).map(Some).chain([None])) {
        assert!(!span.text.is_empty(), "an empty run");
        assert!(next.is_none_or(|next| next.style != span.style), "two runs that look the same: {span:?}");
        let link = span.style.link.as_deref().unwrap_or("-");
        span.text.chars().chain(link.chars()).for_each(is_clean_letter);
        assert!(!link.contains('\n') && !link.is_empty(), "a link of two lines, or of none: {link:?}");
        if let Some(color) = span.style.color.map(|color| color.to_string()) {
            let digits = color.strip_prefix('#').unwrap_or_default();
            let is_digit = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
            assert!(digits.len() == 6 && digits.bytes().all(is_digit), "the colour {color:?}");
        }
    }
    assert_eq!(
        Text::from_plain(&text.to_plain()).to_plain(),
        text.to_plain(),
        "what is clean stays as it is"
    );
}

fn is_rendered_safely(text: &Text) {
    let plain = markup::render(text, Markup::None);
    plain.chars().for_each(is_clean_letter);
    for (links, pango) in
        [(Links::None, false), (Links::None, true), (Links::Plain, false), (Links::All, true)]
    {
        let body = markup::render(text, Markup::Styles { links, pango });
        assert!(body.len() <= LONGEST_BODY, "a body of {} bytes", body.len());
        let has_links = links != Links::None;
        let read = subset::words(&body, has_links, pango);
        assert!(read.is_ok(), "{}: {body:?}", read.unwrap_err());
        // Beyond the limit a body is sent without styles and addresses; no character takes 64 bytes with all its tags.
        if !has_links && plain.len() < LONGEST_BODY / 64 {
            assert_eq!(read.as_ref(), Ok(&plain), "markup says something else than the words");
        }
    }
}

fn is_clean_letter(letter: char) {
    assert_eq!(subset::check_letter(letter), Ok(()));
}
