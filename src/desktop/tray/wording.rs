//! The words of the tray, a line each.
//!
//! Invariant: a line is short and has no line break, whatever a message calls itself; words that anybody has read
//! elsewhere, in `status` or in a notification, are the same here.

use super::Headline;
use crate::domain::pause::PausedUntil;
use crate::domain::status::Status;
use crate::domain::text::one_short_line;

/// Characters of a title or of how a text begins, of the name of an application, and of a sentence.
const TITLE: usize = 50;
const APP: usize = 30;
const SENTENCE: usize = 120;

const MINUTE: i64 = 60;

/// How things stand: the status line, then what is wrong, a sentence each.
pub(super) fn state(status: &Status) -> Vec<String> {
    let mut sentences = vec![status.to_string()];
    sentences.extend(status.problems());
    sentences.extend(status.licence.map(|licence| licence.to_string()));
    sentences.iter().map(|sentence| one_short_line(sentence, SENTENCE)).collect()
}

/// `• Title — App, 14:05` or `• App: how it begins, 14:05`; the dot stands before what is unread.
///
/// A time and not an age: it agrees with `handover messages`, it can be checked, and it does not change in the eyes
/// of a reader, which closes an open menu on Xfce and wakes the panel.
pub(super) fn message(message: &Headline) -> String {
    let dot = if message.unread { "• " } else { "" };
    let name = message.name.short_line(TITLE, APP);
    format!("{dot}{name}, {}", message.sent)
}

/// The offer to acknowledge an emergency.
pub(super) fn acknowledge(message: &Headline) -> String {
    format!("Acknowledge: {}", message.name.alone(TITLE))
}

/// The offer to end a pause, with the time that is left of it.
pub(super) fn resume(until: PausedUntil, unix: i64) -> String {
    match until {
        PausedUntil::Time(end) => format!("Resume ({} left)", span(end.saturating_sub(unix))),
        PausedUntil::Forever => "Resume (paused until resumed)".to_owned(),
    }
}

/// Rounded up: what has not ended has at least a minute left. In steps, since each is sent to the panel; the line
/// above says until when to the minute.
fn span(seconds: i64) -> String {
    let minutes = seconds.max(1).saturating_add(MINUTE - 1) / MINUTE;
    let step = match minutes {
        ..=5 => 1,
        6..=60 => 5,
        61.. => 15,
    };
    let minutes = minutes.saturating_add(step - 1) / step * step;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours @ 48.., _) => format!("{} d", hours / 24),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::{Message, MessageId};
    use crate::domain::name::Name;

    fn headline(title: &str, app: &str) -> Headline {
        let id = MessageId::from_stored(1);
        let mut message = Message::unread(id);
        (message.title, message.app) = (Some(title.to_owned()), app.to_owned());
        Headline { id, name: Name::of(&message), sent: "14:05".to_owned(), unread: false }
    }

    #[test]
    fn a_message_without_a_title_goes_by_how_it_begins() {
        let id = MessageId::from_stored(1);
        let app = "Bell".to_owned();
        let untitled = Message { body: "someone\nrings".to_owned(), app, ..Message::unread(id) };
        let untitled = Headline { id, name: Name::of(&untitled), sent: "14:05".to_owned(), unread: true };
        assert_eq!(message(&untitled), "• Bell: someone rings, 14:05");
        assert_eq!(acknowledge(&untitled), "Acknowledge: someone rings");
    }

    #[test]
    fn the_time_left_is_rounded_up() {
        let spans = [
            (-5, "1 min"),
            (0, "1 min"),
            (60, "1 min"),
            (61, "2 min"),
            (5 * 60, "5 min"),
            (5 * 60 + 1, "10 min"),
            (25 * 60, "25 min"),
            (25 * 60 + 1, "30 min"),
            (55 * 60, "55 min"),
            (55 * 60 + 1, "1 h"),
            (3601, "1 h 15 min"),
            (2 * 3600 - 120, "2 h"),
            (14 * 3600 + 1, "14 h 15 min"),
            (48 * 3600, "2 d"),
        ];
        for (seconds, words) in spans {
            assert_eq!(resume(PausedUntil::Time(1000 + seconds), 1000), format!("Resume ({words} left)"));
        }
        assert_eq!(resume(PausedUntil::Time(i64::MAX), i64::MIN), resume(PausedUntil::Time(i64::MAX), 0));
    }

    #[test]
    fn a_line_stays_a_short_line() {
        let odd = headline("two\nlines, a\u{202e}turn & a_b <b>", "Ünïcode");
        assert_eq!(message(&odd), "two lines, aturn & a_b <b> — Ünïcode, 14:05");
        let long = headline(&"t".repeat(300), &"a".repeat(300));
        let expected = format!("{}… — {}…, 14:05", "t".repeat(49), "a".repeat(29));
        assert_eq!(message(&long), expected);
        assert_eq!(acknowledge(&long), format!("Acknowledge: {}…", "t".repeat(49)));
    }

    #[test]
    fn a_message_without_title_and_text_goes_by_its_application() {
        assert_eq!(message(&headline("Bell", "Bell")), "Bell, 14:05");
        assert_eq!(message(&headline("\n", "Bell")), "Bell, 14:05");
        assert_eq!(message(&headline("Door", "")), "Door, 14:05");
        assert_eq!(message(&headline("", "\u{202e}")), "Message, 14:05");
        assert_eq!(acknowledge(&headline("", "Bell")), "Acknowledge: Bell");
    }
}
