//! The latest unread messages with their whole text.
//!
//! Invariant: no ciphertext is shown, and no link that may not be opened.

use super::wording::{body_up_to, link_line};
use crate::domain::message::Entry;
use crate::domain::name::Name;
use crate::domain::text::{Span, Style, Text};

/// How long the texts of the unread messages may be together.
const UNREAD_LIMIT: usize = 3_500;

/// The latest unread messages with their whole text, the newest first, or a sentence that there are none. `count` is how many
/// there are in all. Beyond some length the rest is only counted.
pub fn unread_messages(latest: &[Entry], count: u64, open_links: &[&str]) -> Text {
    let mut text = Text::default();
    let (mut more, mut length) = (count, 0);
    for entry in latest {
        let message = &entry.message;
        let words = message.text();
        length += words.to_plain().chars().count();
        if length > UNREAD_LIMIT && !text.is_empty() {
            break;
        }
        more = more.saturating_sub(1);
        let separator = if text.is_empty() { "" } else { "\n\n" };
        text.push(Span::plain(separator));
        let style = Style { bold: true, ..Style::default() };
        text.push(Span { text: Name::of_read(message, &words).above_text(), style });
        let body = body_up_to(UNREAD_LIMIT, message, &words, open_links);
        let link = link_line(message, &body, open_links);
        if !body.is_empty() {
            text.push(Span::plain("\n"));
        }
        for span in body.spans() {
            text.push(span.clone());
        }
        if let Some(link) = link {
            text.push_line(link);
        }
    }
    if latest.is_empty() {
        text.push(Span::plain("There are no unread messages."));
    } else if more > 0 {
        text.push(Span::plain(format!("\n\nand {more} more")));
    }
    text
}
