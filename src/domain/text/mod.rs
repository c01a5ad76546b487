//! Message text as runs of one style each, safe to display.
//!
//! Invariant: for any input, no run has a control or bidirectional-override character other than `\n`, only the content
//! is kept of a tag that is not on the allow-list, and the time and memory to parse a text are proportional to its
//! length.

mod as_sent;
mod color;
mod html;
mod links;
mod mailto;
mod safe;
mod scheme;
mod split;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use html::Runs;
use safe::{safe_letters, safe_text};
use unicode_segmentation::UnicodeSegmentation as _;

pub use as_sent::html_words;
pub use color::Color;
pub use html::escaped;
pub use links::{misleads, unsaid};
pub use mailto::without_unsafe_fields;
pub use safe::{capitalized, is_safe, one_line};
pub use scheme::{is_scheme, scheme_of};

/// How a run of text looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// `<b>`
    pub bold: bool,
    /// `<i>`
    pub italic: bool,
    /// `<u>`
    pub underline: bool,
    /// Monospaced.
    pub monospace: bool,
    /// `<font color="…">`
    pub color: Option<Color>,
    /// `<a href="…">`, as sent; its scheme is not checked yet. Shared by all runs of the link, so that a long address
    /// is not copied for each.
    pub link: Option<Arc<str>>,
}

/// A run of text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Plain text; `\n` breaks the line.
    pub text: String,
    /// How it looks.
    pub style: Style,
}

impl Span {
    /// A run without any style.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: Style::default() }
    }
}

/// The most runs of one text; the rest is kept without styles. No message needs more, and each run costs a notification
/// server time.
const MAX_RUNS: usize = 2_000;

/// The longest link that is kept, in bytes; browsers and servers refuse longer ones.
const MAX_LINK: usize = 2_048;

/// Message text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(Vec<Span>);

impl Text {
    /// Plain text, without markup.
    pub fn from_plain(text: &str) -> Self {
        let mut plain = Self::default();
        plain.push(Span::plain(text));
        plain
    }

    /// Text with HTML markup: `b strong i em u a[href] font[color] br` are understood, blocks and table cells are kept
    /// apart, list items get a bullet or a number; nothing is kept of `script` and `style`, and only the content of
    /// every other tag.
    pub fn from_html(html: &str) -> Self {
        let mut text = Self::default();
        html::read(html, &mut text);
        text
    }

    /// The text with every web address turned into a link, unless it already is one.
    #[must_use]
    pub fn linked(&self) -> Self {
        links::link(self)
    }

    /// The text in a monospaced font.
    #[must_use]
    pub fn monospaced(mut self) -> Self {
        for span in &mut self.0 {
            span.style.monospace = true;
        }
        self
    }

    /// Its runs. None is empty, and no two neighbours have the same style.
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// Its runs, grouped by the link they belong to, or by having none.
    pub fn links(&self) -> impl Iterator<Item = &[Span]> {
        links::groups(&self.0)
    }

    /// The words, with the address after each link whose words do not contain it.
    pub fn spelled_out(&self) -> String {
        links::spelled_out(&self.0)
    }

    /// The words alone.
    pub fn to_plain(&self) -> String {
        self.0.iter().map(|span| span.text.as_str()).collect()
    }

    /// Whether there is nothing in it, not even white space.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text cut to at most `max_chars` characters, with its styles; if it was cut, the last character is `…`. A
    /// grapheme cluster, such as an emoji joined from several characters, is not cut in half.
    #[must_use]
    pub fn shortened(&self, max_chars: usize) -> Self {
        let length: usize = self.0.iter().map(|span| span.text.chars().count()).sum();
        if length <= max_chars {
            return self.clone();
        }
        let Some(mut room) = max_chars.checked_sub(1) else { return Self::default() };
        let mut short = Self::default();
        for span in &self.0 {
            let length = span.text.chars().count();
            if length <= room {
                room -= length;
                short.0.push(span.clone());
            } else {
                let text = beginning(&span.text, room) + "…";
                short.0.push(Span { text, style: span.style.clone() });
                break;
            }
        }
        short
    }

    /// Adds a run to the end, without the characters that are not safe to display.
    pub fn push(&mut self, span: Span) {
        let Span { text, style } = span;
        let latest = self.0.last().and_then(|last| last.style.link.as_ref());
        let is_known = |link: &Arc<str>| latest.is_some_and(|latest| Arc::ptr_eq(latest, link));
        let link = style.link.and_then(|link| {
            let printable = if is_known(&link) { &link } else { printable(&link)? };
            Some(if printable.len() == link.len() { link } else { printable.into() })
        });
        self.push_with_checked_link(Span { text, style: Style { link, ..style } });
    }

    fn push_with_checked_link(&mut self, span: Span) {
        let Span { text, mut style } = span;
        let text = safe_text(&text);
        if text.is_empty() {
            return;
        }
        if self.0.len() >= MAX_RUNS {
            style = Style::default();
        }
        match self.0.last_mut() {
            Some(last) if last.style == style => last.text.push_str(&text),
            _ => self.0.push(Span { text, style }),
        }
    }

    /// The text with this separator in place of the last line break.
    #[must_use]
    pub fn with_last_line_after(mut self, separator: &str) -> Self {
        let last = self.0.iter_mut().rev().find_map(|span| Some((span.text.rfind('\n')?, span)));
        if let Some((place, span)) = last {
            span.text.replace_range(place..=place, separator);
        }
        self
    }

    /// Adds a run on a line of its own.
    pub fn push_line(&mut self, span: Span) {
        if !self.is_at_line_start() {
            self.push(Span::plain("\n"));
        }
        self.push(span);
    }
}

impl Runs for Text {
    fn push(&mut self, span: Span) {
        self.push_with_checked_link(span);
    }

    fn link(&self, sent: &str) -> Option<Arc<str>> {
        printable(sent).map(Into::into)
    }

    fn is_at_line_start(&self) -> bool {
        self.0.last().is_none_or(|last| last.text.ends_with('\n'))
    }
}

/// As many whole grapheme clusters of a text as fit into `room` characters.
fn beginning(text: &str, mut room: usize) -> String {
    let fits = |letter: &&str| {
        let left = room.checked_sub(letter.chars().count());
        room = left.unwrap_or(0);
        left.is_some()
    };
    text.graphemes(true).take_while(fits).collect()
}

/// The text as a single line of at most `limit` characters; runs of white space become one space.
pub fn one_short_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for letter in safe_letters(text) {
        if !letter.is_whitespace() {
            line.push(letter);
        } else if !line.is_empty() && !line.ends_with(' ') {
            line.push(' ');
        } else {
            continue;
        }
        length += 1;
        // One character more than the limit shows that the line has to be cut, unless it is a trailing space.
        if length > limit.saturating_add(1) {
            break;
        }
    }
    Text::from_plain(line.trim_end()).shortened(limit).to_plain()
}

/// A link, unless it has a character that could hide where it leads.
fn printable(link: &str) -> Option<&str> {
    let link = link.trim();
    let fits =
        (1..=MAX_LINK).contains(&link.len()) && link.chars().all(|letter| letter != '\n' && is_safe(letter));
    fits.then_some(link)
}
