//! Parses message HTML into runs.
//!
//! Invariant: of an unknown tag only the content is kept; every input takes one pass, however its tags are crossed or
//! unclosed.

use std::sync::Arc;

use html5gum::{StartTag, State, Token, Tokenizer};

use super::{Color, Span, Style};

/// Takes the runs of a text, one after the other.
pub(super) trait Runs {
    /// Adds a run to the end.
    fn push(&mut self, span: Span);

    /// The address to keep for a link. Called once per link, since a link may have very many runs.
    fn link(&self, sent: &str) -> Option<Arc<str>>;

    /// Whether the next run begins a line.
    fn is_at_line_start(&self) -> bool;
}

/// The text with the characters that mean something in HTML escaped.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// Adds the content of the HTML to `text`, according to the allow-list.
pub(super) fn read(html: &str, text: &mut impl Runs) {
    let mut reading = HtmlReading::new(text);
    let mut tokenizer = Tokenizer::new(html);
    while let Some(Ok(token)) = tokenizer.next() {
        match token {
            Token::StartTag(tag) => {
                if let Some(state) = reading.open(&tag) {
                    tokenizer.set_state(state);
                }
            }
            Token::EndTag(tag) => reading.close(&tag.name),
            Token::String(words) => reading.words(&String::from_utf8_lossy(&words)),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => (),
        }
    }
}

/// The elements that begin and end on a line of their own.
const BLOCKS: &[&[u8]] = &[
    b"address",
    b"article",
    b"aside",
    b"blockquote",
    b"caption",
    b"dd",
    b"details",
    b"div",
    b"dl",
    b"dt",
    b"fieldset",
    b"figcaption",
    b"figure",
    b"footer",
    b"form",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"header",
    b"hr",
    b"li",
    b"main",
    b"nav",
    b"ol",
    b"p",
    b"pre",
    b"section",
    b"summary",
    b"table",
    b"tbody",
    b"tfoot",
    b"thead",
    b"tr",
    b"ul",
];

/// What separates the next words from the previous ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    /// Between two cells of a table.
    Blank,
    /// Between two blocks.
    Line,
}

/// The open elements at a position in the HTML. They are counted, not nested, so unclosed and crossed tags do no harm,
/// and a message of a million tags costs a million steps.
struct HtmlReading<'a, R> {
    text: &'a mut R,
    bold: usize,
    italic: usize,
    underline: usize,
    colors: Vec<Option<Color>>,
    link: Option<Arc<str>>,
    /// For each open list the number of its latest item, or `None` if it has bullets.
    lists: Vec<Option<u32>>,
    /// The bullet or number to write before the words of an item.
    marker: Option<String>,
    is_dropping: bool,
    gap: Gap,
}

impl<'a, R: Runs> HtmlReading<'a, R> {
    fn new(text: &'a mut R) -> Self {
        Self {
            text,
            bold: 0,
            italic: 0,
            underline: 0,
            colors: Vec::new(),
            link: None,
            lists: Vec::new(),
            marker: None,
            is_dropping: false,
            gap: Gap::None,
        }
    }

    /// Handles a start tag; returns the state for its content if that is not HTML.
    fn open(&mut self, tag: &StartTag<()>) -> Option<State> {
        match tag.name.as_slice() {
            b"b" | b"strong" => self.bold += 1,
            b"i" | b"em" => self.italic += 1,
            b"u" => self.underline += 1,
            b"font" => {
                let color = attribute(tag, b"color").as_deref().and_then(Color::from_css);
                let inherited = self.colors.last().copied().flatten();
                self.colors.push(color.or(inherited));
            }
            // As in a browser, a link ends where the next begins.
            b"a" => self.link = attribute(tag, b"href").and_then(|link| self.text.link(&link)),
            b"br" => self.break_line(),
            b"td" | b"th" => self.gap = self.gap.max(Gap::Blank),
            b"script" => {
                self.is_dropping = true;
                return Some(State::ScriptData);
            }
            b"style" => {
                self.is_dropping = true;
                return Some(State::RawText);
            }
            name if BLOCKS.contains(&name) => {
                self.gap = Gap::Line;
                match name {
                    b"ul" => self.lists.push(None),
                    b"ol" => self.lists.push(Some(0)),
                    b"li" => self.marker = Some(self.next_marker()),
                    _ => (),
                }
            }
            _ => (),
        }
        None
    }

    fn close(&mut self, name: &[u8]) {
        match name {
            b"b" | b"strong" => self.bold = self.bold.saturating_sub(1),
            b"i" | b"em" => self.italic = self.italic.saturating_sub(1),
            b"u" => self.underline = self.underline.saturating_sub(1),
            b"font" => {
                self.colors.pop();
            }
            b"a" => self.link = None,
            b"td" | b"th" => self.gap = self.gap.max(Gap::Blank),
            b"script" | b"style" => self.is_dropping = false,
            name if BLOCKS.contains(&name) => {
                self.gap = Gap::Line;
                match name {
                    b"ul" | b"ol" => {
                        self.lists.pop();
                    }
                    b"li" => self.marker = None,
                    _ => (),
                }
            }
            _ => (),
        }
    }

    fn next_marker(&mut self) -> String {
        match self.lists.last_mut() {
            Some(Some(number)) => {
                *number = number.saturating_add(1);
                format!("{number}. ")
            }
            Some(None) | None => "• ".to_owned(),
        }
    }

    fn words(&mut self, words: &str) {
        if self.is_dropping {
            return;
        }
        let mut words = words;
        if self.gap != Gap::None || self.marker.is_some() {
            // White space between two blocks or cells is layout of the source, not of the text.
            if words.trim().is_empty() {
                return;
            }
            words = words.trim_start_matches(' ');
            self.fill_gap(words.starts_with('\n'));
        }
        if let Some(marker) = self.marker.take() {
            self.text.push(Span::plain(marker));
            words = words.trim_start();
        }
        self.text.push(Span { text: words.to_owned(), style: self.style() });
    }

    /// Writes the space or line break before the next words, which may themselves begin with a line break.
    fn fill_gap(&mut self, breaks_itself: bool) {
        let is_needed = !breaks_itself && !self.text.is_at_line_start();
        match std::mem::take(&mut self.gap) {
            Gap::Line if is_needed => self.text.push(Span::plain("\n")),
            Gap::Blank if is_needed => self.text.push(Span::plain(" ")),
            Gap::None | Gap::Blank | Gap::Line => (),
        }
    }

    fn break_line(&mut self) {
        if std::mem::take(&mut self.gap) == Gap::Line && !self.text.is_at_line_start() {
            self.text.push(Span::plain("\n"));
        }
        self.text.push(Span { text: "\n".to_owned(), style: self.style() });
    }

    fn style(&self) -> Style {
        Style {
            bold: self.bold > 0,
            italic: self.italic > 0,
            monospace: false,
            underline: self.underline > 0,
            color: self.colors.last().copied().flatten(),
            link: self.link.clone(),
        }
    }
}

fn attribute(tag: &StartTag<()>, name: &[u8]) -> Option<String> {
    tag.attributes.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_address_of_a_link_is_checked_once_however_many_runs_it_has() {
        #[derive(Default)]
        struct Counted {
            links: Cell<usize>,
            runs: usize,
        }
        impl Runs for Counted {
            fn push(&mut self, _span: Span) {
                self.runs += 1;
            }
            fn link(&self, _sent: &str) -> Option<Arc<str>> {
                self.links.update(|links| links + 1);
                None
            }
            fn is_at_line_start(&self) -> bool {
                false
            }
        }
        let mut counted = Counted::default();
        read(&format!("<a href=x>{}</a><a href=y>z</a>", "<b>a</b>c".repeat(1_000)), &mut counted);
        assert_eq!((counted.links.get(), counted.runs), (2, 2_001));
    }
}
