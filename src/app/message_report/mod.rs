//! The JSON of a message, which `handover messages --json` prints and the hook receives.
//!
//! Invariant: fields are only ever added, so that programs keep working; and every text has all the characters that
//! were sent, including unsafe ones.

pub mod program;

use std::borrow::Cow;

use serde::Serialize;

use crate::domain::message::{Acknowledgement, Entry};
use crate::domain::text::is_safe;

/// A message of the message log. Missing values are null.
#[derive(Debug, Serialize)]
pub struct MessageReport<'a> {
    /// Its id on the service, as text, so that no JSON reader rounds it.
    pub id: String,
    /// Its id on all devices of the account.
    pub umid: Option<String>,
    /// The sending application's name.
    pub app: &'a str,
    /// Its title, if it has one.
    pub title: Option<&'a str>,
    /// Its text without markup, links followed by their address in brackets; a sentence if it is encrypted.
    pub text: Cow<'a, str>,
    /// Its text with the markup that it was sent with, if any.
    pub body: Option<&'a str>,
    /// Whether the text came as HTML.
    pub html: bool,
    /// Whether the sender asked for a monospaced font.
    pub monospace: bool,
    /// -2 to 2.
    pub priority: i8,
    /// When it was sent, unix seconds; 0 when that is not known.
    pub date: i64,
    /// A link, as sent.
    pub url: Option<&'a str>,
    /// What to call the link.
    pub url_title: Option<&'a str>,
    /// The name of a sound.
    pub sound: Option<&'a str>,
    /// Present on emergencies.
    pub receipt: Option<&'a str>,
    /// Whether somebody acknowledged it.
    pub acknowledged: bool,
    /// When it was shown or deliberately skipped; unix seconds.
    pub announced: Option<i64>,
    /// When the user read it, unix seconds.
    pub read: Option<i64>,
    /// When it expires, unix seconds.
    pub expires: Option<i64>,
    /// Whether it is encrypted end to end and could not be decrypted: then its title, body and link are unknown.
    pub encrypted: bool,
    /// Why it could not be read completely, in words.
    pub problem: Option<&'a str>,
}

impl<'a> From<&'a Entry> for MessageReport<'a> {
    fn from(entry: &'a Entry) -> Self {
        let message = &entry.message;
        let known = |text: &'a Option<String>| text.as_deref().filter(|_| !message.encrypted);
        Self {
            id: message.id.to_string(),
            umid: message.umid.map(|umid| umid.to_string()),
            app: &message.app,
            title: known(&message.title),
            text: message.words(),
            body: (!message.encrypted).then_some(&message.body),
            html: message.html,
            monospace: message.monospace,
            priority: message.priority.number(),
            date: message.date,
            url: known(&message.url),
            url_title: known(&message.url_title),
            sound: message.sound.as_deref(),
            receipt: message.receipt.as_ref().map(crate::domain::message::Receipt::as_str),
            acknowledged: message.acknowledged || entry.acknowledgement == Acknowledgement::Confirmed,
            announced: entry.announced,
            read: entry.read,
            expires: message.expires,
            encrypted: message.encrypted,
            problem: message.problem.as_deref(),
        }
    }
}

/// A value as JSON on one line, with all characters escaped that could affect a terminal.
pub fn json_line(value: &impl Serialize) -> serde_json::Result<String> {
    let mut line = String::new();
    for letter in serde_json::to_string(value)?.chars() {
        if is_safe(letter) && letter != '\n' {
            line.push(letter);
        } else {
            // The character must be inside a string, because all other JSON is plain ASCII.
            let mut units = [0; 2];
            line.extend(letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_cannot_affect_a_terminal_and_keeps_every_character() {
        let text = "\u{1b}ä\u{9b}\u{7f}\u{202e}\u{1f600}\n\u{fffff}";
        let line = json_line(&text).unwrap();
        assert_eq!(line, r#""\u001bä\u009b\u007f\u202e😀\n\udbbf\udfff""#);
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
