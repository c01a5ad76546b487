//! The text of a message in Pango's markup.
//!
//! Invariant: every character of a message is escaped, tags are closed in order, and a link whose words name another place
//! says where it leads.
//!
//! The markup: <https://docs.gtk.org/Pango/pango_markup.html>, with the links of a `GtkLabel`.

use std::ops::Range;

use crate::domain::text::{Color, Span, Style, Text, escaped, misleads, unsaid, without_unsafe_fields};

/// The longest address that is shown after its link, in characters.
const MAX_ADDRESS: usize = 200;

/// A text with markup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markup {
    /// The text.
    pub text: String,
    /// Its links, in order.
    pub links: Vec<Link>,
}

/// The letters of a link, as bytes of the text without markup, and its address.
pub type Link = (Range<usize>, String);

/// The text with its styles and links, for a light or a dark background.
pub fn markup(text: &Text, is_dark: bool) -> Markup {
    let mut markup = String::new();
    let (mut links, mut length) = (Vec::new(), 0);
    for runs in text.links() {
        let link = runs.first().and_then(|run| run.style.link.as_deref());
        let Some(link) = link else {
            for run in runs {
                length += push_run(&mut markup, run, is_dark);
            }
            continue;
        };
        let address = without_unsafe_fields(link);
        markup.push_str("<a href=\"");
        markup.push_str(&escaped(&address));
        markup.push_str("\">");
        let begin = length;
        for run in runs {
            length += push_run(&mut markup, run, is_dark);
        }
        links.push((begin..length, address.into_owned()));
        markup.push_str("</a>");
        let words: String = runs.iter().map(|run| run.text.as_str()).collect();
        if let Some(address) = unsaid(runs).filter(|_| misleads(&words, link)) {
            let address = Text::from_plain(address).shortened(MAX_ADDRESS).to_plain();
            let said = format!(" ({address})");
            length += said.len();
            markup.push_str(&escaped(&said));
        }
    }
    Markup { text: markup, links }
}

/// Returns the length of the text without markup.
fn push_run(markup: &mut String, Span { text, style }: &Span, is_dark: bool) -> usize {
    let Style { bold, italic, underline, monospace, color, link } = style;
    // The theme knows which colour a link is readable in.
    let color = color.filter(|_| link.is_none()).filter(|color| is_readable(*color, is_dark));
    if let Some(color) = color {
        markup.extend(["<span foreground=\"", &color.to_string(), "\">"]);
    }
    let tags = [(*bold, "b"), (*italic, "i"), (*underline, "u"), (*monospace, "tt")];
    let tags: Vec<&str> = tags.into_iter().filter(|(is_on, _)| *is_on).map(|(_, tag)| tag).collect();
    for tag in &tags {
        markup.extend(["<", tag, ">"]);
    }
    let text = breakable(text);
    markup.push_str(&escaped(&text));
    for tag in tags.iter().rev() {
        markup.extend(["</", tag, ">"]);
    }
    if color.is_some() {
        markup.push_str("</span>");
    }
    text.len()
}

/// After so many letters without a blank a line may break: laying out longer words takes Pango seconds.
const LONGEST_WORD: usize = 200;

fn breakable(text: &str) -> String {
    let mut broken = String::with_capacity(text.len());
    let mut length = 0;
    for letter in text.chars() {
        length = if letter.is_whitespace() { 0 } else { length + 1 };
        if length > LONGEST_WORD {
            broken.push('\u{200b}');
            length = 1;
        }
        broken.push(letter);
    }
    broken
}

/// How different a colour and the background must be, from 1 to 21 (<https://www.w3.org/TR/WCAG21/#contrast-minimum>): the
/// least for large letters.
const CONTRAST: f64 = 3.0;

/// The luminance of the backgrounds of libadwaita: white, and `#1e1e1e`.
fn is_readable(color: Color, is_dark: bool) -> bool {
    let background: f64 = if is_dark { 0.013 } else { 1.0 };
    let (lighter, darker) = (background.max(luminance(color)), luminance(color).min(background));
    (lighter + 0.05) / (darker + 0.05) >= CONTRAST
}

fn luminance(color: Color) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = color.parts();
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_html(html: &str) -> String {
        markup(&Text::from_html(html).linked(), false).text
    }

    #[test]
    fn the_letters_of_every_link_are_known() {
        let html =
            "é &amp; <a href=https://evil.example>good.<b>example</b></a> or https://a.example/?b&amp;c";
        let links = markup(&Text::from_html(html).linked(), false).links;
        let shown = "é & good.example (https://evil.example) or https://a.example/?b&c";
        let words: Vec<_> = links
            .iter()
            .map(|(letters, address)| (shown.get(letters.clone()).unwrap(), &**address))
            .collect();
        assert_eq!(
            words,
            [("good.example", "https://evil.example"), ("https://a.example/?b&c", "https://a.example/?b&c"),]
        );
    }

    #[test]
    fn styles_and_links_are_kept_and_everything_else_is_escaped() {
        for (html, expected) in [
            ("a <b>b <i>c</i></b>", "a <b>b </b><b><i>c</i></b>"),
            ("&lt;b&gt; &amp; \"'", "&lt;b&gt; &amp; &quot;&#39;"),
            (
                "<a href='https://a.example/?x=1&y=\"2\"'>here</a>",
                "<a href=\"https://a.example/?x=1&amp;y=&quot;2&quot;\">here</a>",
            ),
            (
                "<a href=https://evil.example>good.example</a>",
                "<a href=\"https://evil.example\">good.example</a> (https://evil.example)",
            ),
            ("<font color=#800000>red</font>", "<span foreground=\"#800000\">red</span>"),
            ("<script>x</script><blink>y</blink>", "y"),
        ] {
            assert_eq!(of_html(html), expected, "{html}");
        }
    }

    #[test]
    fn a_word_that_fits_no_line_can_be_broken() {
        let markup = of_html(&"x".repeat(500));
        assert_eq!(markup.split('\u{200b}').map(str::len).collect::<Vec<_>>(), [200, 200, 100]);
        assert_eq!(of_html("short words"), "short words");
    }

    #[test]
    fn a_colour_that_nobody_could_read_is_left_out() {
        let text = Text::from_html("<font color=#ffff00>yellow</font>");
        assert_eq!(markup(&text, false).text, "yellow");
        assert_eq!(markup(&text, true).text, "<span foreground=\"#ffff00\">yellow</span>");
        let text = Text::from_html("<font color=#000080>navy</font>");
        assert_eq!(markup(&text, true).text, "navy");
    }
}
