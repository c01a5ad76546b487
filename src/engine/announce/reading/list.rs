//! The latest messages in a list: with their whole text as far as there is room, then by name.
//!
//! Invariant: the list accounts for every message: what it has no room for is counted.

use super::in_parts;
use crate::domain::message::{Entry, Seq};
use crate::domain::name::Name;
use crate::domain::notification::{Notification, SCREENFUL};
use crate::domain::text::{Span, Style, Text};
use crate::engine::announce::wording::{body_up_to, link_line, of_earlier};
use crate::engine::policy::Circumstances;

/// Over how many notifications a list is spread at most.
const PARTS: usize = 4;

/// Messages in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The list.
    pub text: Text,
    /// The messages whose whole text it shows.
    pub whole: Vec<Seq>,
    /// The messages that it shows or names.
    pub named: Vec<Seq>,
}

/// The latest messages, the newest first, or a sentence that there are none. `count` is how many there are in all, and `limit`
/// how much of a text is shown.
pub fn list_messages(latest: &[Entry], count: u64, limit: usize, open_links: &[&str]) -> List {
    let limit = limit.min(SCREENFUL);
    let mut list = List::default();
    let mut more = count;
    let mut is_by_name = false;
    for entry in latest {
        let section = section(entry, open_links);
        let with_section = followed_by(&list.text, "\n\n", &section);
        is_by_name = is_by_name || !with_section.fits(limit);
        if is_by_name {
            let separator = if list.whole.len() == list_length(count, more) { "\n\n" } else { "\n" };
            let name = Text::from_plain(&format!("{}{}", kind(entry), Name::of(&entry.message).line()));
            let with_name = followed_by(&list.text, separator, &name);
            if !with_name.fits(limit) && !list.text.is_empty() {
                break;
            }
            list.text = with_name;
        } else {
            list.text = with_section;
            list.whole.push(entry.seq);
        }
        list.named.push(entry.seq);
        more = more.saturating_sub(1);
    }
    if latest.is_empty() {
        list.text.push(Span::plain("There are no unread messages."));
    } else if more > 0 {
        list.text.push(Span::plain(format!("\n\nand {more} more")));
    }
    list
}

/// How many messages of the list were added so far.
fn list_length(count: u64, more: u64) -> usize {
    usize::try_from(count.saturating_sub(more)).unwrap_or(usize::MAX)
}

/// The notifications that list messages which one notification was about, `count` in all, and the list in them. `latest` are the latest of them, the newest first.
pub fn messages(
    latest: &[Entry],
    count: usize,
    limit: usize,
    circumstances: &Circumstances<'_>,
) -> (Vec<Notification>, List) {
    let all = u64::try_from(count).unwrap_or(u64::MAX);
    let list = list_messages(latest, all, limit.saturating_mul(PARTS), circumstances.open_links);
    let notification = of_earlier(latest, count, circumstances);
    (in_parts(&notification, &list.text, limit), list)
}

/// A message with its name above its whole text.
fn section(entry: &Entry, open_links: &[&str]) -> Text {
    let message = &entry.message;
    let mut section = Text::default();
    let words = message.text();
    let style = Style { bold: true, ..Style::default() };
    let name = Name::of_read(message, &words).above_text();
    section.push(Span { text: format!("{}{name}", kind(entry)), style });
    let body = body_up_to(SCREENFUL, message, &words, open_links);
    let link = link_line(message, &body, open_links);
    if !body.is_empty() {
        section.push(Span::plain("\n"));
    }
    for span in body.spans() {
        section.push(span.clone());
    }
    if let Some(link) = link {
        section.push_line(link);
    }
    section
}

/// What the name of an emergency begins with, until somebody acknowledged it.
fn kind(entry: &Entry) -> &'static str {
    if entry.awaits_acknowledgement() { "Emergency: " } else { "" }
}

fn followed_by(text: &Text, separator: &str, next: &Text) -> Text {
    let mut all = text.clone();
    if !all.is_empty() {
        all.push(Span::plain(separator));
    }
    for span in next.spans() {
        all.push(span.clone());
    }
    all
}
