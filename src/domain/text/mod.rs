//! Message text as runs of one style each, safe to display.
//!
//! Invariant: whatever goes in, no run holds a control or bidirectional-override character besides `\n`, a tag that
//! is not on the allow-list leaves only its content, and the time and memory to read a text grow with its length.

mod as_sent;
mod color;
mod html;
mod links;
mod mailto;
mod safe;
mod scheme;
mod split;

use std::sync::Arc;

use html::Runs;
use safe::{safe_letters, safe_text};
use unicode_segmentation::UnicodeSegmentation as _;

pub use as_sent::html_words;
pub use color::Color;
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
    /// In a font whose letters are all of one width.
    pub monospace: bool,
    /// `<font color="…">`
    pub color: Option<Color>,
    /// `<a href="…">`, as sent; its scheme is not checked yet. Shared by all runs of the link, so that a long
    /// address with many runs is not copied for each.
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

/// The most runs of one text. What comes after them is kept without its styles: no message needs more, and each run
/// costs a notification server time.
const MAX_RUNS: usize = 2_000;

/// The longest link that is kept, in bytes; browsers and servers refuse longer ones.
const MAX_LINK: usize = 2_048;

/// Message text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(Vec<Span>);

impl Text {
    /// Plain text: no character of it is markup.
    pub fn from_plain(text: &str) -> Self {
        let mut plain = Self::default();
        plain.push(Span::plain(text));
        plain
    }

    /// Text whose tags are markup: `b strong i em u a[href] font[color] br` are understood, blocks and table cells are
    /// kept apart, list items get a bullet or a number; of `script` and `style` nothing is kept, of every other tag
    /// its content.
    pub fn from_html(html: &str) -> Self {
        let mut text = Self::default();
        html::read(html, &mut text);
        text
    }

    /// The same text with every web address in it made a link, unless it is one already.
    #[must_use]
    pub fn linked(&self) -> Self {
        links::link(self)
    }

    /// The same in a monospaced font.
    #[must_use]
    pub fn monospaced(mut self) -> Self {
        for span in &mut self.0 {
            span.style.monospace = true;
        }
        self
    }

    /// Its runs; none is empty, and no two neighbours look the same.
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// Its runs, grouped by the link they belong to, or by having none.
    pub fn links(&self) -> impl Iterator<Item = &[Span]> {
        links::groups(&self.0)
    }

    /// The words, with the address after each link that does not show it.
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

    /// The text cut to at most `max_chars` characters, styles kept; `…` is the last of them where it was cut. What a
    /// reader takes for one letter, such as an emoji joined from several characters, is not cut in half.
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

    /// The same with this instead of the last line break.
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

/// As many whole letters of a text as `room` characters hold.
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
        // One more than the limit shows that the line is cut, whatever follows; after a blank nothing may follow.
        if length > limit.saturating_add(1) {
            break;
        }
    }
    Text::from_plain(line.trim_end()).shortened(limit).to_plain()
}

/// A link without a character that could hide where it leads.
fn printable(link: &str) -> Option<&str> {
    let link = link.trim();
    let fits =
        (1..=MAX_LINK).contains(&link.len()) && link.chars().all(|letter| letter != '\n' && is_safe(letter));
    fits.then_some(link)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text with its styles in brackets, for tables that can be read.
    fn sketch(text: &Text) -> String {
        let mut sketch = String::new();
        for Span { text, style } in text.spans() {
            let marks: Vec<String> = [
                style.bold.then(|| "b".to_owned()),
                style.italic.then(|| "i".to_owned()),
                style.underline.then(|| "u".to_owned()),
                style.monospace.then(|| "tt".to_owned()),
                style.color.map(|color| color.to_string()),
                style.link.as_deref().map(str::to_owned),
            ]
            .into_iter()
            .flatten()
            .collect();
            let run = if marks.is_empty() { text.clone() } else { format!("[{}|{text}]", marks.join(" ")) };
            sketch.push_str(&run);
        }
        sketch
    }

    #[test]
    fn html_becomes_runs() {
        for (html, runs) in [
            ("", ""),
            ("plain", "plain"),
            ("a <b>b</b> <strong>c</strong>", "a [b|b] [b|c]"),
            ("<i>a</i><em>b</em><u>c</u>", "[i|ab][u|c]"),
            ("<B>a<I>b</I></B>", "[b|a][b i|b]"),
            // Crossed, unclosed, never opened, twice opened.
            ("<b>a<i>b</b>c</i>d", "[b|a][b i|b][i|c]d"),
            ("<b>a", "[b|a]"),
            ("a</b></i></font></a>b", "ab"),
            ("<b><b>a</b>b</b>c", "[b|ab]c"),
            // Colours: by number and by name, inner before outer, outer again.
            ("<font color=#F00>a</font>", "[#ff0000|a]"),
            ("<font color='#00ff0A'>a<font color=\"Red\">b</font></font>c", "[#00ff0a|a][#ff0000|b]c"),
            ("<font color=rebeccapurple>a</font><font color=nocolour>b</font>", "[#663399|a]b"),
            ("<font color=#111>a<font color=#222>b</font>c</font>", "[#111111|a][#222222|b][#111111|c]"),
            ("<font color=#12345>a</font><font color=#ggg>b</font><font>c</font>", "abc"),
            // Links: as sent, never nested, not when they hide something.
            ("<a href=\"https://a.example/?x=1&amp;y=2\">a</a>b", "[https://a.example/?x=1&y=2|a]b"),
            ("<a href=one>1<a href=two>2</a>3", "[one|1][two|2]3"),
            ("<a>a</a><a href=''>b</a><a href='x&#8238;y'>c</a><a href='x&#10;y'>d</a>", "abcd"),
            // Lines.
            ("a<br>b<br/>c</br>d", "a\nb\ncd"),
            ("<p>a</p><p>b</p>", "a\nb"),
            ("<p>a</p>\n  <p>b</p>\n", "a\nb"),
            ("a<div>b</div>c", "a\nb\nc"),
            ("a<br><p>b</p>", "a\nb"),
            ("<p>a</p><br>b", "a\n\nb"),
            ("a\nb  c", "a\nb  c"),
            // Blocks, lists and tables are kept apart as in a browser.
            ("<h3>Backup failed</h3><ul><li>web01</li><li>db02</li></ul>", "Backup failed\n• web01\n• db02"),
            ("a<ol><li>b<li>c<ul><li>d</ul></ol>e", "a\n1. b\n2. c\n• d\ne"),
            ("<ul><li><p>a</p></li><li><b>b</b></li></ul>", "• a\n• [b|b]"),
            ("<ul>\n  <li>a</li>\n  <li>b</li>\n</ul>\nc", "• a\n• b\nc"),
            (
                "<table><tr><th>host</th><th>state</th></tr><tr><td>web01</td><td>up</td></tr></table>",
                "host state\nweb01 up",
            ),
            ("a<hr>b<hr/>c", "a\nb\nc"),
            ("a<blockquote>b</blockquote>c<pre>d</pre><dl><dt>e<dd>f</dl>", "a\nb\nc\nd\ne\nf"),
            ("<li>a<li>b", "• a\n• b"),
            // Of what is not on the list, the content is left, or nothing at all.
            ("<h1 onclick=x()>a</h1><img src=x onerror=y()>b<blink>c", "a\nbc"),
            ("a<script>b<b>c</script>d<style>e{}</style>f", "adf"),
            ("a<script>b", "a"),
            ("a<!-- <b> -->b<!doctype html>c<?php x ?>d", "abcd"),
            ("<title><b>a</b></title><textarea><i>b</i></textarea>", "[b|a][i|b]"),
            // Entities, and what only looks like a tag.
            ("&lt;b&gt;a&lt;/b&gt; &amp;amp; &quot;&#39;&#x41;&eacute;", "<b>a</b> &amp; \"'Aé"),
            ("1 < 2 && 3 > 2 &unknown; &", "1 < 2 && 3 > 2 &unknown; &"),
            ("a&#0;b&#8238;c&#7;d&#13;e", "a\u{fffd}bcd\ne"),
            ("a\0b", "ab"),
        ] {
            assert_eq!(sketch(&Text::from_html(html)), runs, "{html:?}");
        }
    }

    #[test]
    fn plain_text_is_kept_but_for_what_a_desktop_trips_over() {
        for (sent, kept) in [
            ("<b>no</b> &amp; \"markup\"", "<b>no</b> &amp; \"markup\""),
            ("  two\n\n lines ", "  two\n\n lines "),
            ("a\tb\r\nc\rd\n\re", "a b\nc\nd\n\ne"),
            ("a\0b\x1b[31mc\x07\x7f\u{85}d", "ab[31mcd"),
            ("\u{feff}user\u{202e}gpj.exe\u{202c}\u{2066}\u{2069}", "usergpj.exe"),
            ("a\u{200e}b\u{200f}c\u{61c}d", "a\u{200e}b\u{200f}c\u{61c}d"),
            ("a\u{2028}b\u{2029}c", "a\nb\nc"),
            ("a\u{fffe}b\u{1ffff}c\u{fdd0}d", "abcd"),
            ("👩\u{200d}🔬 می\u{200c}خواهم é e\u{301} 日本", "👩\u{200d}🔬 می\u{200c}خواهم é e\u{301} 日本"),
        ] {
            assert_eq!(Text::from_plain(sent).to_plain(), kept, "{sent:?}");
        }
        assert!(Text::from_plain("").is_empty());
        assert!(Text::from_plain("\0\u{202e}").is_empty());
        assert!(!Text::from_plain(" ").is_empty());
    }

    #[test]
    fn a_long_text_is_cut_at_a_character_and_keeps_its_styles() {
        let text = Text::from_html("äb<b>cd</b>ef");
        for (max, runs) in [
            (6, "äb[b|cd]ef"),
            (5, "äb[b|cd]…"),
            (4, "äb[b|c…]"),
            (3, "äb[b|…]"),
            (2, "ä…"),
            (1, "…"),
            (0, ""),
        ] {
            assert_eq!(sketch(&text.shortened(max)), runs, "{max}");
        }
    }

    #[test]
    fn what_looks_like_one_letter_is_not_cut_in_half() {
        let family = "👩\u{200d}👩\u{200d}👧";
        for (text, max, short) in [
            (format!("a{family}b"), 6, "a…".to_owned()),
            (format!("a{family}bc"), 7, format!("a{family}…")),
            ("e\u{301}e\u{301}e\u{301}".to_owned(), 4, "e\u{301}…".to_owned()),
            ("🇩🇪🇫🇷!".to_owned(), 4, "🇩🇪…".to_owned()),
            (format!("a{}", "\u{301}".repeat(9)), 5, "…".to_owned()),
        ] {
            assert_eq!(Text::from_plain(&text).shortened(max).to_plain(), short, "{text:?} to {max}");
        }
    }

    #[test]
    fn runs_can_be_added() {
        let mut text = Text::default();
        let link = Style { link: Some("https://a.example".into()), ..Style::default() };
        text.push_line(Span::plain("a"));
        text.push(Span::plain("b\0"));
        text.push_line(Span { text: "c".into(), style: link });
        assert_eq!(sketch(&text), "ab\n[https://a.example|c]");
        let style = Style { link: Some("\u{202e}".into()), ..Style::default() };
        text.push(Span { text: "d".into(), style });
        assert_eq!(sketch(&text), "ab\n[https://a.example|c]d");
    }

    #[test]
    fn a_title_is_one_line() {
        assert_eq!(one_line(" a\r\nb\tc\0\u{202e}\n"), "a b c");
        assert_eq!(one_line("\n"), "");
        assert_eq!(one_short_line(" a\r\n  b\tc\0\u{202e}\n", 9), "a b c");
        assert_eq!(one_short_line("a  b c", 4), "a b…");
    }

    #[test]
    fn a_flood_of_tags_is_read_in_one_pass() {
        let text = Text::from_html(&"<b><font color=#123><a href=x><p>y".repeat(50_000));
        assert_eq!(text.to_plain().len(), 50_000 * 2 - 1);
    }

    #[test]
    fn a_link_is_shared_by_its_runs_and_limited() {
        let html = format!("<a href=\"http://e.net/{}\">{}", "x".repeat(2_000), "<b>a</b>c".repeat(900));
        let text = Text::from_html(&html);
        let links: Vec<_> = text.spans().iter().filter_map(|span| span.style.link.as_ref()).collect();
        assert_eq!(links.len(), 1_800);
        assert!(links.iter().all(|link| Arc::ptr_eq(link, links[0])), "one address for all runs");
        let linked = text.linked();
        let linked = linked.spans().iter().filter_map(|span| span.style.link.as_ref());
        assert!(
            linked.into_iter().all(|link| Arc::ptr_eq(link, links[0])),
            "also where addresses are linked"
        );
        let too_long =
            format!("<a href=\"http://e.net/{}\">{}", "x".repeat(32_000), "<b>a</b>c".repeat(3_550));
        assert!(Text::from_html(&too_long).spans().iter().all(|span| span.style.link.is_none()));
    }

    #[test]
    fn styles_end_at_the_limit_of_runs_and_no_text_is_lost() {
        let text = Text::from_html(&"<b>a</b>c".repeat(5_000));
        assert!(text.spans().len() <= MAX_RUNS + 1);
        assert_eq!(text.to_plain(), "ac".repeat(5_000));
        assert_eq!(text.spans().last().map(|span| &span.style), Some(&Style::default()));
    }

    /// HTML as a hostile sender would write it: pieces that mean something, in any order.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-z<>&;#/\"'= \n]{0,6}",
            any::<String>(),
            prop::sample::select(vec![
                "<b>",
                "</b>",
                "<i",
                ">",
                "</p>",
                "<br>",
                "<script>",
                "</script>",
                "<style>",
                "<!--",
                "-->",
                "<a href='",
                "'>",
                "</a>",
                "<font color=",
                "<td>",
                "<li>",
                "<hr>",
                "#fff>",
                "</font>",
                "&#0;",
                "&#8238;",
                "&#x1f;",
                "&lt;",
                "\0",
                "\u{202e}",
                "\u{feff}",
                "\r",
                "<![CDATA[",
                "<plaintext>",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    fn assert_invariant(text: &Text) {
        let mut before: Option<&Style> = None;
        for Span { text, style } in text.spans() {
            assert!(!text.is_empty());
            assert_ne!(before, Some(style), "neighbours of one style were not merged");
            before = Some(style);
            for letter in text.chars().chain(style.link.iter().flat_map(|link| link.chars())) {
                let forbidden = (letter.is_control() && letter != '\n')
                    || "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}"
                        .contains(letter)
                    || "\u{feff}\u{2028}\u{2029}\u{fffe}\u{ffff}".contains(letter);
                assert!(!forbidden, "{letter:?} got through");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_forbidden_gets_through(text in hostile(), max in 0_usize..40) {
            for text in [Text::from_html(&text), Text::from_plain(&text)] {
                assert_invariant(&text);
                let short = text.shortened(max);
                assert_invariant(&short);
                prop_assert!(short.to_plain().chars().count() <= max);
                prop_assert_eq!(text.shortened(usize::MAX), text);
            }
            prop_assert!(!one_line(&text).contains(['\n', '\r', '\t', '\0']));
        }

        #[test]
        fn ordinary_text_stays_as_it_is(text in "[ -~\n¡-ÿА-я日本語👍\u{200d}]{0,60}") {
            prop_assert_eq!(Text::from_plain(&text).to_plain(), text);
        }

        #[test]
        fn escaped_text_comes_back(text in "[ -~¡-ÿ\n]{0,60}") {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
            prop_assert_eq!(Text::from_html(&escaped).to_plain(), text);
        }
    }
}
