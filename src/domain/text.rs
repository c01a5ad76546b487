//! Message text as runs of one style each, free of anything a desktop could trip over.
//!
//! Invariant: whatever goes in, no run holds a control or bidirectional-override character besides `\n`,
//! and a tag that is not on the allow-list leaves nothing but its content.

/// How a run of text looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// `<b>`
    pub bold: bool,
    /// `<i>`
    pub italic: bool,
    /// `<u>`
    pub underline: bool,
    /// `<font color="#rrggbb">`, lower case with the `#`; names of colours are not kept.
    pub color: Option<String>,
    /// `<a href="…">`, as sent: not yet fit to be opened.
    pub link: Option<String>,
}

/// A run of text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Plain text; `\n` breaks the line.
    pub text: String,
    /// How it looks.
    pub style: Style,
}

/// Message text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(Vec<Span>);

impl Text {
    /// Text that is to be read as it is.
    pub fn from_plain(text: &str) -> Self {
        Self(vec![Span { text: text.to_owned(), style: Style::default() }])
    }

    /// Text whose tags are to be interpreted. To be replaced by the merge: this reads it as it is.
    pub fn from_html(html: &str) -> Self {
        Self::from_plain(html)
    }

    /// Adds a run at the end.
    pub fn push(&mut self, span: Span) {
        self.0.push(span);
    }

    /// Its runs.
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// The words alone.
    pub fn to_plain(&self) -> String {
        self.0.iter().map(|span| span.text.as_str()).collect()
    }
}
