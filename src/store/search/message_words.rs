//! Extracts the words of a message.
//!
//! Invariant: markup and encrypted text have no words.

use rusqlite::Params;

use super::words;
use crate::domain::message::Message;
use crate::domain::text::Text;

/// The words of a message, in the form of the index.
pub(super) struct Words {
    seq: i64,
    title: String,
    body: String,
    app: String,
    numbers: String,
}

impl Words {
    pub(super) fn of(message: &Message, seq: i64) -> Self {
        // Encrypted text has no words.
        let title = message.title.as_deref().filter(|_| !message.encrypted).unwrap_or_default();
        let body = if message.encrypted {
            String::new()
        } else if message.html {
            Text::from_html(&message.body).spelled_out()
        } else {
            message.body.clone()
        };
        Self {
            seq,
            title: words::words(title),
            body: words::words(&body),
            app: words::words(&message.app),
            numbers: words::numbers(&[title, &body]),
        }
    }

    /// The values of a row of the index.
    pub(super) fn parameters(&self) -> impl Params {
        let Self { seq, title, body, app, numbers } = self;
        (seq, title, body, app, numbers)
    }
}
