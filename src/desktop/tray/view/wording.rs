//! The texts of the tray, line by line.
//!
//! Invariant: a line has about 60 characters at most and no line break, whatever the title of a message is, since a menu is as
//! wide as its longest line; a sentence that `status` or a notification shows too is the same here.

use std::borrow::Cow;

use super::context::Headline;
use crate::domain::pause::PausedUntil;
use crate::domain::status::Status;
use crate::domain::text::one_short_line;

/// The most characters of a title or of the first words, of an application, and of a sentence.
const TITLE: usize = 36;
const APP: usize = 18;
const SENTENCE: usize = 240;

/// The most characters of a line of a sentence.
const LINE: usize = 60;

const MINUTE: i64 = 60;

/// The status line, then the issues, a sentence each, in lines.
pub(super) fn state(status: &Status) -> Vec<String> {
    let mut sentences = vec![status.to_string()];
    sentences.extend(status.problems());
    sentences.extend(status.licence.map(|licence| licence.to_string()));
    let wrapped = |sentence: &String| {
        let sentence = one_short_line(sentence, SENTENCE);
        textwrap::wrap(&sentence, LINE).into_iter().map(Cow::into_owned).collect::<Vec<_>>()
    };
    sentences.iter().flat_map(wrapped).collect()
}

/// `• Title — App, 14:05` or `• App: first words, 14:05`, and how often it was repeated; the dot marks an unread message.
///
/// A time rather than an age: it agrees with `handover messages`, and it does not change while the menu is open, which
/// would close the menu on Xfce and wake the panel.
pub(super) fn message(message: &Headline) -> String {
    line("", message)
}

/// The same of an emergency that nobody acknowledged.
pub(super) fn emergency(message: &Headline) -> String {
    line("Emergency: ", message)
}

fn line(kind: &str, message: &Headline) -> String {
    let dot = if message.unread { "• " } else { "" };
    let name = message.name.short_line(TITLE, APP);
    let repeats = message.repeats.as_ref().map(|repeats| format!(", {repeats}")).unwrap_or_default();
    format!("{dot}{kind}{name}, {}{repeats}", message.sent)
}

/// The command that acknowledges an emergency.
pub(super) fn acknowledge(message: &Headline) -> String {
    format!("Acknowledge: {}", message.name.alone(TITLE))
}

/// The command that ends a pause, with the time that is left.
pub(super) fn resume(until: PausedUntil, unix: i64) -> String {
    match until {
        PausedUntil::Time(end) => format!("Resume ({} left)", span(end.saturating_sub(unix))),
        PausedUntil::Forever => "Resume (paused until resumed)".to_owned(),
    }
}

/// Rounded up, so that a pause has at least a minute left until it ends. In steps, since every change is sent to the
/// panel; the status line above has the exact end.
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
    use crate::domain::status::{Cause, Issue};

    fn headline(title: &str, app: &str) -> Headline {
        let id = MessageId::from_stored(1);
        let mut message = Message::unread(id);
        (message.title, message.app) = (Some(title.to_owned()), app.to_owned());
        Headline { id, name: Name::of(&message), sent: "14:05".to_owned(), repeats: None, unread: false }
    }

    #[test]
    fn an_untitled_message_shows_its_first_words() {
        let id = MessageId::from_stored(1);
        let app = "Bell".to_owned();
        let untitled = Message { body: "someone\nrings".to_owned(), app, ..Message::unread(id) };
        let untitled =
            Headline { id, name: Name::of(&untitled), sent: "14:05".to_owned(), repeats: None, unread: true };
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
    fn a_line_stays_short_and_has_no_break() {
        let malformed = headline("two\nlines, a\u{202e}turn & a_b <b>", "Ünïcode");
        assert_eq!(message(&malformed), "two lines, aturn & a_b <b> — Ünïcode, 14:05");
        let long = headline(&"t".repeat(300), &"a".repeat(300));
        let expected = format!("{}… — {}…, 14:05", "t".repeat(35), "a".repeat(17));
        assert_eq!(message(&long), expected);
        assert_eq!(acknowledge(&long), format!("Acknowledge: {}…", "t".repeat(35)));
    }

    #[test]
    fn a_long_sentence_continues_on_the_next_line() {
        let mut status = Status::default();
        let path = format!("/home/ann/{}config.toml:1", "a-long-folder/".repeat(8));
        status.set_issue(
            Issue::Settings,
            Some(Cause::new(format!("{path}: string values must be quoted"), "")),
        );
        let lines = state(&status);
        assert!(lines.iter().all(|line| line.chars().count() <= LINE), "{lines:?}");
        assert_eq!(lines.first().map(String::as_str), Some("Not signed in"));
        let joined: String = lines.concat().split_whitespace().collect();
        assert!(joined.contains(&path) && joined.ends_with("stringvaluesmustbequoted"), "{lines:?}");
    }

    #[test]
    fn a_message_without_title_and_text_shows_its_application() {
        assert_eq!(message(&headline("Bell", "Bell")), "Bell, 14:05");
        assert_eq!(message(&headline("\n", "Bell")), "Bell, 14:05");
        assert_eq!(message(&headline("Door", "")), "Door, 14:05");
        assert_eq!(message(&headline("", "\u{202e}")), "Message, 14:05");
        assert_eq!(acknowledge(&headline("", "Bell")), "Acknowledge: Bell");
    }
}
