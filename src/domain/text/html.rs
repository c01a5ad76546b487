//! Reads message HTML into runs.
//!
//! Invariant: an unknown tag leaves its content and nothing else; no input, however crossed or unclosed, costs
//! more than one pass.

use html5gum::{StartTag, State, Token, Tokenizer};

use super::{Span, Style, Text, hex_color};

/// What the HTML shows, by the allow-list.
pub(super) fn read(html: &str) -> Text {
    let mut reading = HtmlReading::default();
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
    reading.text
}

/// What is open at a place in HTML. Counted, not nested: so unclosed and crossed tags do no harm, and a
/// message of a million tags costs a million steps.
#[derive(Default)]
struct HtmlReading {
    text: Text,
    bold: usize,
    italic: usize,
    underline: usize,
    colors: Vec<Option<String>>,
    link: Option<String>,
    is_dropping: bool,
    wants_break: bool,
}

impl HtmlReading {
    /// Takes a start tag; the state to read on in, where its content is not HTML.
    fn open(&mut self, tag: &StartTag<()>) -> Option<State> {
        match tag.name.as_slice() {
            b"b" | b"strong" => self.bold += 1,
            b"i" | b"em" => self.italic += 1,
            b"u" => self.underline += 1,
            b"font" => {
                let color = attribute(tag, b"color").as_deref().and_then(hex_color);
                let inherited = self.colors.last().cloned().flatten();
                self.colors.push(color.or(inherited));
            }
            // As in a browser, a link ends where the next begins.
            b"a" => self.link = attribute(tag, b"href"),
            b"br" => self.break_line(),
            b"p" | b"div" => self.wants_break = true,
            b"script" => {
                self.is_dropping = true;
                return Some(State::ScriptData);
            }
            b"style" => {
                self.is_dropping = true;
                return Some(State::RawText);
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
            b"p" | b"div" => self.wants_break = true,
            b"script" | b"style" => self.is_dropping = false,
            _ => (),
        }
    }

    fn words(&mut self, words: &str) {
        if self.is_dropping {
            return;
        }
        let mut words = words;
        if self.wants_break {
            // White space between two blocks is layout of the source, not of the text.
            if words.trim().is_empty() {
                return;
            }
            words = words.trim_start_matches(' ');
            self.wants_break = false;
            if !words.starts_with('\n') && !self.text.is_at_line_start() {
                self.text.push(Span::plain("\n"));
            }
        }
        self.text.push(Span { text: words.to_owned(), style: self.style() });
    }

    fn break_line(&mut self) {
        if self.wants_break && !self.text.is_at_line_start() {
            self.text.push(Span::plain("\n"));
        }
        self.wants_break = false;
        self.text.push(Span { text: "\n".to_owned(), style: self.style() });
    }

    fn style(&self) -> Style {
        Style {
            bold: self.bold > 0,
            italic: self.italic > 0,
            underline: self.underline > 0,
            color: self.colors.last().cloned().flatten(),
            link: self.link.clone(),
        }
    }
}

fn attribute(tag: &StartTag<()>, name: &[u8]) -> Option<String> {
    tag.attributes.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
}
