//! Renders text in the markup of the notification specification, as far as a server supports it.
//!
//! Invariant: `<`, `>` and `&` of a message reach a server that reads markup only escaped, and the
//! tags that reach it are `b`, `i`, `u`, `a href` and, where Pango reads them, `span foreground` and `tt`, each closed in
//! order.
//!
//! The markup: <https://specifications.freedesktop.org/notification-spec/latest/markup.html>. It has neither
//! colours nor fonts; some servers draw with Pango, which has both: <https://docs.gtk.org/Pango/pango_markup.html>.

use super::server_traits::ServerTraits;
use crate::domain::text::{Span, Style, Text, misleads, scheme_of, unsaid, without_unsafe_fields};

/// The longest body that is sent, in characters: more does not fit any screen.
const MAX_CHARS: usize = 4_000;
/// A body that is longer than this with its markup, in bytes, is sent without markup.
const MAX_BYTES: usize = 64 * 1024;
/// The longest address that is shown after its link, in characters.
const MAX_ADDRESS: usize = 200;
/// The schemes a server may offer to open.
const SCHEMES: [&str; 3] = ["https", "http", "mailto"];

/// The links that a server shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// None.
    #[default]
    None,
    /// Those whose address needs no escaping.
    Plain,
    /// Every link.
    All,
}

/// The markup that a server supports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Markup {
    /// None: it shows every character as it is.
    #[default]
    None,
    /// It understands `<b>`, `<i>` and `<u>`.
    Styles {
        /// And `<a href>`.
        links: Links,
        /// And `<span foreground>` and `<tt>`.
        pango: bool,
    },
}

impl Markup {
    /// The markup of the server with this name and these words of `GetCapabilities`.
    pub fn of_server(name: &str, words: &[String]) -> Self {
        let has = |word: &str| words.iter().any(|other| other == word);
        if !has("body-markup") {
            return Self::None;
        }
        let ServerTraits { spoils_links, reads_pango, .. } = ServerTraits::of(name);
        let links = match (has("body-hyperlinks"), spoils_links) {
            (false, _) => Links::None,
            (true, true) => Links::Plain,
            (true, false) => Links::All,
        };
        Self::Styles { links, pango: reads_pango }
    }

    /// Whether it can show a link with this address.
    pub(super) fn has_link(self, address: &str) -> bool {
        match self {
            Self::None | Self::Styles { links: Links::None, .. } => false,
            Self::Styles { links: Links::Plain, .. } => escaped_attribute(address) == address,
            Self::Styles { links: Links::All, .. } => true,
        }
    }
}

/// The text as a body for a server that understands `markup`.
pub fn render(text: &Text, markup: Markup) -> String {
    let text = text.shortened(MAX_CHARS);
    let mut body = String::new();
    for runs in text.links() {
        render_linked(&mut body, runs, markup);
    }
    if body.len() <= MAX_BYTES {
        return body;
    }
    match markup {
        Markup::None => text.to_plain(),
        Markup::Styles { .. } => escaped(&text.to_plain()),
    }
}

/// Renders spans with the same link, or without one.
fn render_linked(body: &mut String, runs: &[Span], markup: Markup) {
    let link = runs.first().and_then(|run| run.style.link.as_deref());
    let anchor = link.filter(|link| markup.has_link(link) && is_openable(link));
    if let Some(link) = anchor {
        body.push_str("<a href=\"");
        body.push_str(&escaped_attribute(&without_unsafe_fields(link)));
        body.push_str("\">");
    }
    for run in runs {
        render_run(body, run, markup);
    }
    let address = if let Some(link) = anchor {
        body.push_str("</a>");
        let words: String = runs.iter().map(|run| run.text.as_str()).collect();
        misleads(&words, link).then_some(link)
    } else {
        unsaid(runs)
    };
    if let Some(address) = address {
        let address = Text::from_plain(address).shortened(MAX_ADDRESS);
        render_run(body, &Span::plain(format!(" ({})", address.to_plain())), markup);
    }
}

fn render_run(body: &mut String, Span { text, style }: &Span, markup: Markup) {
    let Markup::Styles { pango, .. } = markup else {
        body.push_str(text);
        return;
    };
    let Style { bold, italic, underline, monospace, color, link: _ } = style;
    let color = color.filter(|_| pango);
    if let Some(color) = color {
        body.push_str("<span foreground=\"");
        body.push_str(&color.to_string());
        body.push_str("\">");
    }
    let tags = [(*bold, "b"), (*italic, "i"), (*underline, "u"), (*monospace && pango, "tt")];
    for (_, tag) in tags.iter().filter(|(is_set, _)| *is_set) {
        body.push('<');
        body.push_str(tag);
        body.push('>');
    }
    body.push_str(&escaped(text));
    for (_, tag) in tags.iter().rev().filter(|(is_set, _)| *is_set) {
        body.push_str("</");
        body.push_str(tag);
        body.push('>');
    }
    if color.is_some() {
        body.push_str("</span>");
    }
}

fn is_openable(link: &str) -> bool {
    scheme_of(link).is_some_and(|scheme| SCHEMES.contains(&scheme.as_str()))
}

/// Text content. Quotes and apostrophes stay as they are: XML does not ask for more, and GNOME Shell and phosh, which
/// do not know numeric entities, would show `&#39;` literally.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// The value of an attribute between double quotes.
fn escaped_attribute(value: &str) -> String {
    escaped(value).replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::text::Color;

    const STYLES: Markup = Markup::Styles { links: Links::None, pango: false };
    const LINKS: Markup = Markup::Styles { links: Links::All, pango: false };
    const PANGO: Markup = Markup::Styles { links: Links::All, pango: true };

    #[test]
    fn a_body_is_rendered_for_its_server() {
        use Markup::None;
        let link = "<a href='https://a.example/?x=\"1\"&amp;y'>he<b>re</b></a>";
        for (html, markup, body) in [
            ("a <b>b</b> &lt;i&gt; &amp; \"'", None, "a b <i> & \"'"),
            ("a <b>b</b> &lt;i&gt; &amp; \"'", STYLES, "a <b>b</b> &lt;i&gt; &amp; \"'"),
            ("Don't &#39;quote&#39; &quot;me&quot;", STYLES, "Don't 'quote' \"me\""),
            ("<b><i><u>x</u></i></b>\n<font color=#f00>y</font>", STYLES, "<b><i><u>x</u></i></b>\ny"),
            (
                "<font color=#f00>y <b>z</b></font> <a href=https://a.example/>l<font color=#0A0>m</font></a>",
                PANGO,
                "<span foreground=\"#ff0000\">y </span><span foreground=\"#ff0000\"><b>z</b></span> \
                 <a href=\"https://a.example/\">l<span foreground=\"#00aa00\">m</span></a>",
            ),
            (
                "<font color='#f00\"><b>'>y</font><font color=red>z</font>",
                PANGO,
                "y<span foreground=\"#ff0000\">z</span>",
            ),
            (link, None, "here (https://a.example/?x=\"1\"&y)"),
            (link, STYLES, "he<b>re</b> (https://a.example/?x=\"1\"&amp;y)"),
            (link, LINKS, "<a href=\"https://a.example/?x=&quot;1&quot;&amp;y\">he<b>re</b></a>"),
            ("<a href=https://a.example>https://a.example</a>!", STYLES, "https://a.example!"),
            ("<a href=https://a.example>a.example</a>!", None, "a.example!"),
            ("<a href=mailto:a@b.example>a@b.example</a>", None, "a@b.example"),
            ("<a href=https://evil.example>good.example</a>", None, "good.example (https://evil.example)"),
            (
                "<a href=https://evil.example/?a&amp;b>good.example</a>",
                LINKS,
                "<a href=\"https://evil.example/?a&amp;b\">good.example</a> (https://evil.example/?a&amp;b)",
            ),
            (
                "<a href=https://a.example>https://a.example.good.bank</a>",
                None,
                "https://a.example.good.bank (https://a.example)",
            ),
            ("<a href=MAILTO:a@b.example>x</a>", LINKS, "<a href=\"MAILTO:a@b.example\">x</a>"),
            (
                "<a href='mailto:a@b.example?attach=/etc/passwd&amp;subject=s'>x</a>",
                LINKS,
                "<a href=\"mailto:a@b.example?subject=s\">x</a>",
            ),
            ("<a href=javascript:x()>y</a>", LINKS, "y (javascript:x())"),
            ("<a href=httpsx>y</a>", LINKS, "y (httpsx)"),
        ] {
            assert_eq!(render(&Text::from_html(html), markup), body, "{html:?} for {markup:?}");
        }
    }

    #[test]
    fn monospaced_text_is_marked_as_such_where_pango_reads_it() {
        let text = Text::from_html("a <b>1 &lt; 2</b> <font color=red>c</font>").monospaced();
        let tagged =
            "<tt>a </tt><b><tt>1 &lt; 2</tt></b><tt> </tt><span foreground=\"#ff0000\"><tt>c</tt></span>";
        for (markup, body) in [(PANGO, tagged), (LINKS, "a <b>1 &lt; 2</b> c"), (Markup::None, "a 1 < 2 c")] {
            assert_eq!(render(&text, markup), body, "{markup:?}");
        }
    }

    #[test]
    fn an_address_that_needs_escaping_is_written_out_where_the_server_would_spoil_it() {
        let words = ["body-markup", "body-hyperlinks"].map(str::to_owned);
        let markup = Markup::of_server("Xfce Notify Daemon", &words);
        for (html, body) in [
            ("<a href=https://a.example/x>l</a>", "<a href=\"https://a.example/x\">l</a>"),
            ("<a href=https://a.example/?x&amp;y>l</a>", "l (https://a.example/?x&amp;y)"),
        ] {
            assert_eq!(render(&Text::from_html(html), markup), body);
        }
    }

    #[test]
    fn a_body_is_limited_in_length() {
        let long = Text::from_plain(&"&".repeat(10_000));
        assert_eq!(render(&long, Markup::None).chars().count(), MAX_CHARS);
        assert_eq!(render(&long, STYLES).len(), 3_999 * 5 + "…".len());
        let address = "x".repeat(2_000);
        let mut links = Text::default();
        for number in 0..1_000 {
            let link = Some(format!("https://{number}{address}").into());
            links.push(Span { text: "<".to_owned(), style: Style { link, ..Style::default() } });
        }
        assert_eq!(render(&links, LINKS), "&lt;".repeat(1_000));
        assert_eq!(render(&links, Markup::None), "<".repeat(1_000));
    }

    /// The words of a body in strict markup; panics when it is not.
    fn read_strictly(body: &str) -> String {
        let mut rest = body;
        let mut open = Vec::new();
        let mut words = String::new();
        while let Some(letter) = rest.chars().next() {
            rest = match letter {
                '<' => {
                    let (tag, after) = rest.split_once('>').expect("a tag ends");
                    match tag.trim_start_matches('<') {
                        name @ ("b" | "i" | "u" | "tt") => open.push(name),
                        tag if tag.starts_with('/') => {
                            assert_eq!(open.pop(), tag.strip_prefix('/'), "{body}");
                        }
                        tag if tag.starts_with("span") => {
                            let color =
                                tag.strip_prefix("span foreground=\"#").and_then(|tag| tag.strip_suffix('"'));
                            let color = color.expect("only colours are left");
                            assert!(
                                color.len() == 6 && color.bytes().all(|digit| digit.is_ascii_hexdigit()),
                                "{body}"
                            );
                            open.push("span");
                        }
                        tag => {
                            let link = tag.strip_prefix("a href=\"").and_then(|link| link.strip_suffix('"'));
                            let link = link.expect("only links are left");
                            assert!(!open.contains(&"a") && !link.contains(['"', '<', '>']), "{body}");
                            assert!(is_openable(&unescape(link)), "{body}");
                            open.push("a");
                        }
                    }
                    after
                }
                '&' => {
                    let (entity, after) = rest.split_once(';').expect("an entity ends");
                    words += &unescape(&format!("{entity};"));
                    after
                }
                _ => {
                    assert!(letter != '>', "{letter} is not escaped in {body}");
                    words.push(letter);
                    rest.strip_prefix(letter).expect("it starts with its first letter")
                }
            };
        }
        assert!(open.is_empty(), "{body}");
        words
    }

    fn unescape(text: &str) -> String {
        let bare =
            text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "\0");
        assert!(!bare.contains('&'), "{text} contains another entity");
        bare.replace('\0', "&")
    }

    fn any_text() -> impl Strategy<Value = Text> {
        let link = prop::option::of("(https://|javascript:|mailto:)?[a-z&<>\"' ]{0,8}");
        let color = prop::option::of("#[0-9a-fA-F]{6}|red|[a-z#\"<>]{0,7}");
        let span = ("[a-c<>&\"'/;#\n é👍]{0,8}", any::<[bool; 4]>(), color, link).prop_map(
            |(text, [bold, italic, underline, monospace], color, link)| Span {
                text,
                style: Style {
                    bold,
                    italic,
                    underline,
                    monospace,
                    color: color.as_deref().and_then(Color::from_css),
                    link: link.map(Into::into),
                },
            },
        );
        prop::collection::vec(span, 0..8).prop_map(|spans| {
            let mut text = Text::default();
            for span in spans {
                text.push(span);
            }
            text
        })
    }

    proptest! {
        #[test]
        fn every_body_is_strict_markup(text in any_text()) {
            read_strictly(&render(&text, LINKS));
            read_strictly(&render(&text, PANGO));
            let words = read_strictly(&render(&text, STYLES));
            prop_assert_eq!(words, render(&text, Markup::None));
        }
    }
}
