//! Names a message on one line: in a list in a notification, and in the tray.
//!
//! Invariant: a name is one line, never empty, and never contains ciphertext; it contains the application unless that
//! is shown elsewhere.

use super::message::Message;
use super::text::{Text, one_short_line};

/// The longest title or beginning of a text, in characters, so that the application's name after it is still visible.
const HEADING_LIMIT: usize = 100;
/// The longest name of an application, in characters; the service accepts at most 20.
const APP_LIMIT: usize = 40;

/// The name of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    title: String,
    /// The beginning of the text, or else the link; empty if there is a title.
    text: String,
    app: String,
}

impl Name {
    /// The name of this message.
    pub fn of(message: &Message) -> Self {
        Self::with_text(message, || message.text().spelled_out())
    }

    /// The name of this message, whose text was already read.
    pub fn of_read(message: &Message, text: &Text) -> Self {
        Self::with_text(message, || text.spelled_out())
    }

    /// The text is read only if there is no title.
    fn with_text(message: &Message, text: impl FnOnce() -> String) -> Self {
        let title = message.title.as_deref().unwrap_or_default();
        let is_title = !message.encrypted && title.trim() != message.app.trim();
        let link = |link: &Option<String>| link.clone().filter(|_| !message.encrypted).unwrap_or_default();
        let title = one_short_line(if is_title { title } else { "" }, HEADING_LIMIT);
        let mut beginning = String::new();
        if title.is_empty() {
            let texts = [text(), link(&message.url_title), link(&message.url)];
            let texts = texts.iter().map(|text| one_short_line(text, HEADING_LIMIT));
            beginning = texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
        }
        Self { title, text: beginning, app: one_short_line(&message.app, APP_LIMIT) }
    }

    /// The whole title of a message, if a heading shows only its beginning.
    pub fn cut_title(message: &Message) -> Option<String> {
        let title = message.title.as_deref().filter(|_| !message.encrypted)?;
        let title = one_short_line(title, usize::MAX);
        (title.chars().count() > HEADING_LIMIT).then_some(title)
    }

    /// The heading above the text: `Title — Application`, or the application alone, so that the user always sees the
    /// sender.
    pub fn above_text(&self) -> String {
        self.with_app("", HEADING_LIMIT, APP_LIMIT)
    }

    /// The heading beside the application's name: the title, or the application again.
    pub fn beside_app(&self) -> String {
        let names = [&self.title, &self.app].into_iter().find(|name| !name.is_empty());
        names.cloned().unwrap_or_else(|| "Message".to_owned())
    }

    /// The name if no text is shown: `Title — Application`, or `Application: beginning of the text`.
    pub fn line(&self) -> String {
        self.short_line(HEADING_LIMIT, APP_LIMIT)
    }

    /// Like [`Self::line`], with at most this many characters of the title or text, and of the application's name.
    pub fn short_line(&self, heading: usize, app: usize) -> String {
        self.with_app(&self.text, heading, app)
    }

    /// The name without the application: its title, or else the beginning of its text.
    pub fn alone(&self, limit: usize) -> String {
        let names = [&self.title, &self.text, &self.app].into_iter().map(|name| one_short_line(name, limit));
        names.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| "Message".to_owned())
    }

    fn with_app(&self, text: &str, heading: usize, app: usize) -> String {
        let (title, text) = (one_short_line(&self.title, heading), one_short_line(text, heading));
        let app = one_short_line(&self.app, app);
        match (title.is_empty(), text.is_empty(), app.is_empty()) {
            (false, _, false) => format!("{title} — {app}"),
            (false, _, true) => title,
            (true, false, false) => format!("{app}: {text}"),
            (true, false, true) => text,
            (true, true, false) => app,
            (true, true, true) => "Message".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::MessageId;

    fn name(title: Option<&str>, body: &str, app: &str, encrypted: bool) -> Name {
        let unread = Message::unread(MessageId::from_stored(1));
        Name::of(&Message {
            title: title.map(str::to_owned),
            body: body.to_owned(),
            app: app.to_owned(),
            encrypted,
            ..unread
        })
    }

    #[test]
    fn the_name_above_the_text_is_title_and_application() {
        for (title, app, encrypted, expected) in [
            (None, "Backup", false, "Backup"),
            (Some("Done"), "Backup", false, "Done — Backup"),
            (Some(" Backup\n"), "Backup", false, "Backup"),
            (Some("  "), "Backup", false, "Backup"),
            (Some("\u{7}"), "Backup", false, "Backup"),
            (Some("two\r\n lines \u{1b}[0m"), "a  b", false, "two lines [0m — a b"),
            (Some("\u{202e}Done"), "Back\u{202e}up", false, "Done — Backup"),
            (Some("Done"), "", false, "Done"),
            (None, "", false, "Message"),
            (Some("\u{7}"), "\u{7}", false, "Message"),
            (Some("c2VjcmV0"), "Backup", true, "Backup"),
            (Some("c2VjcmV0"), "", true, "Message"),
        ] {
            assert_eq!(name(title, "text", app, encrypted).above_text(), expected, "{title:?} {app:?}");
        }
        let long = name(Some(&"ä".repeat(250)), "", "Backup", false);
        assert_eq!(long.above_text(), format!("{}… — Backup", "ä".repeat(99)));
    }

    #[test]
    fn without_a_title_the_name_is_the_beginning_of_the_text() {
        for (title, body, app, line, alone) in [
            (Some("Done"), "all of it", "Backup", "Done — Backup", "Done"),
            (None, "two\n lines", "Backup", "Backup: two lines", "two lines"),
            (Some("Backup"), "failed", "Backup", "Backup: failed", "failed"),
            (Some("\n"), "failed", "", "failed", "failed"),
            (None, "\u{202e}", "Backup", "Backup", "Backup"),
            (None, "", "", "Message", "Message"),
        ] {
            let name = name(title, body, app, false);
            assert_eq!((name.line().as_str(), name.alone(100).as_str()), (line, alone), "{title:?} {body:?}");
        }
        let encrypted = name(Some("c2VjcmV0"), "Y2lwaGVy", "Backup", true);
        assert_eq!(encrypted.line(), "Backup: Encrypted message");
        assert_eq!(name(Some(&"t".repeat(300)), "", &"a".repeat(300), false).short_line(3, 2), "tt… — a…");
        assert_eq!(name(None, &"t".repeat(300), &"a".repeat(300), false).short_line(3, 2), "a…: tt…");
    }

    #[test]
    fn a_title_is_cut_if_it_is_longer_than_a_heading() {
        let mut message = Message::unread(MessageId::from_stored(1));
        for (length, is_cut) in
            [(HEADING_LIMIT - 1, false), (HEADING_LIMIT, false), (HEADING_LIMIT + 1, true)]
        {
            let title = "ä".repeat(length);
            message.title = Some(title.clone());
            assert_eq!(Name::cut_title(&message), is_cut.then_some(title), "{length}");
        }
        message.encrypted = true;
        assert_eq!(Name::cut_title(&message), None);
    }

    #[test]
    fn without_a_text_the_name_is_the_link() {
        let mut message = Message::unread(MessageId::from_stored(1));
        message.app = "Backup".into();
        message.url = Some("https://a.example/".into());
        assert_eq!(Name::of(&message).line(), "Backup: https://a.example/");
        message.url_title = Some("The log".into());
        assert_eq!(Name::of(&message).line(), "Backup: The log");
        message.html = true;
        message.body = "<a href=https://b.example/>see</a>".into();
        assert_eq!(Name::of(&message).line(), "Backup: see (https://b.example/)");
    }
}
