//! One message with its whole text.
//!
//! Invariant: every character of it is in one of the parts, unless it is longer than the service accepts.

use super::in_parts;
use crate::domain::media::Media;
use crate::domain::message::{Entry, Message};
use crate::domain::name::Name;
use crate::domain::notification::Notification;
use crate::domain::text::{Span, Style, Text};
use crate::engine::announce::actions::{MARK_READ, is_shortened};
use crate::engine::announce::copies::icon_of;
use crate::engine::announce::wording::{BODY_LIMIT, body_up_to, of_one};
use crate::engine::policy::sound::SoundChoice;
use crate::engine::policy::{Circumstances, Verdict, decide};

/// The longest text that is shown; the service accepts a tenth of it.
const LONGEST: usize = 10_000;

/// The notifications that show a message whole, where so much of a text is shown.
pub fn message(entry: &Entry, limit: usize, circumstances: &Circumstances<'_>) -> (Vec<Notification>, Media) {
    let message = &entry.message;
    let verdict = Verdict { sound: SoundChoice::SILENT, ..decide(entry, circumstances) };
    let mut notification = of_one(entry, &verdict, circumstances);
    // Showing it marks it as read.
    notification.actions.retain(|(_, label)| label != MARK_READ);
    let mut text = Text::default();
    if let Some(title) = Name::cut_title(message) {
        text.push(Span { text: title, style: Style { bold: true, ..Style::default() } });
        text.push(Span::plain("\n"));
    }
    let words = message.text();
    for span in body_up_to(LONGEST, message, &words, circumstances.open_links).spans() {
        text.push(span.clone());
    }
    let media = Media { icon: icon_of(message), ..SoundChoice::SILENT.into() };
    (in_parts(&notification, &text, limit), media)
}

/// Whether the notification of a message does not show it whole, where so much of a text is shown.
pub fn is_cut(message: &Message, limit: usize, open_links: &[&str]) -> bool {
    let text = message.text();
    is_shortened(message, &text) || !body_up_to(BODY_LIMIT, message, &text, open_links).fits(limit)
}
