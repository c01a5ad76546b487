//! Tests how text is read: its runs, its limits, and what is never let through.

use proptest::prelude::*;

use super::*;

/// The text with its styles in brackets, for readable tables.
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
        // Blocks, list items and table cells are kept apart as in a browser.
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
        // Tags that are not on the list leave their content, or nothing at all.
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
fn plain_text_is_kept_except_for_unsafe_characters() {
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
    for (max, runs) in
        [(6, "äb[b|cd]ef"), (5, "äb[b|cd]…"), (4, "äb[b|c…]"), (3, "äb[b|…]"), (2, "ä…"), (1, "…"), (0, "")]
    {
        assert_eq!(sketch(&text.shortened(max)), runs, "{max}");
    }
}

#[test]
fn a_grapheme_cluster_is_not_cut_in_half() {
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
    assert!(linked.into_iter().all(|link| Arc::ptr_eq(link, links[0])), "also where addresses are linked");
    let too_long = format!("<a href=\"http://e.net/{}\">{}", "x".repeat(32_000), "<b>a</b>c".repeat(3_550));
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
