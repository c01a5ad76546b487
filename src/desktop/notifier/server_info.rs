//! What a notification server says about itself.
//!
//! Invariant: its words are short, one line each.

use crate::domain::text::{Text, one_line};

/// A server's name and its version are each shown on one line with other words, in characters.
const MAX_NAME: usize = 40;

/// A notification server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does not show.
    pub missing: Vec<Feature>,
}

/// Something that a notification server need not support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// The text under the title.
    Text,
    /// Buttons, and clicks on a notification.
    Buttons,
    /// Bold, italic and underlined text.
    Styles,
    /// Links in the text.
    Links,
    /// Sounds.
    Sounds,
}

impl ServerInfo {
    /// A server with this name, which does not support these features.
    pub(super) fn new(name: &str, version: &str, missing: Vec<Feature>) -> Self {
        let short = |words: &str| Text::from_plain(&one_line(words)).shortened(MAX_NAME).to_plain();
        Self { name: short(name), version: short(version), missing }
    }
}
