//! HTML that is put together from text.
//!
//! Invariant: only what the page's own code writes as markup is markup.

use std::fmt::Write as _;

use crate::domain::text::{Style, Text, is_safe, scheme_of};

/// The schemes of links that can be clicked.
const LINK_SCHEMES: [&str; 3] = ["http", "https", "mailto"];

/// Text for an element or a quoted attribute. Characters that turn the direction of the text around are made visible.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&quot;",
            '\'' => html += "&#39;",
            '\n' | '\t' => html.push(letter),
            _ if is_safe(letter) => html.push(letter),
            _ => _ = write!(html, "\\u{{{:x}}}", u32::from(letter)),
        }
    }
    html
}

/// Text in its styles, as a phone would show it.
pub(super) fn styled(text: &Text) -> String {
    let mut html = String::new();
    for span in text.spans() {
        let Style { bold, italic, underline, monospace, color, link } = &span.style;
        let link = link.as_deref().filter(|link| is_clickable(link)).map(escaped);
        let tags = [
            (
                link.is_some(),
                format!("a href=\"{}\" rel=\"noopener noreferrer\"", link.unwrap_or_default()),
                "a",
            ),
            (
                color.is_some(),
                color.map(|color| format!("font color=\"{color}\"")).unwrap_or_default(),
                "font",
            ),
            (*bold, "b".to_owned(), "b"),
            (*italic, "i".to_owned(), "i"),
            (*underline, "u".to_owned(), "u"),
            (*monospace, "code".to_owned(), "code"),
        ];
        for (is_used, tag, _) in &tags {
            if *is_used {
                _ = write!(html, "<{tag}>");
            }
        }
        html += &escaped(&span.text);
        for (is_used, _, name) in tags.iter().rev() {
            if *is_used {
                _ = write!(html, "</{name}>");
            }
        }
    }
    html
}

/// A link that can be clicked, or its address as text.
pub(super) fn link(address: &str, words: &str) -> String {
    if is_clickable(address) {
        format!("<a href=\"{}\" rel=\"noopener noreferrer\">{}</a>", escaped(address), escaped(words))
    } else {
        format!("{} <code>{}</code>", escaped(words), escaped(address))
    }
}

fn is_clickable(address: &str) -> bool {
    scheme_of(address).is_some_and(|scheme| LINK_SCHEMES.contains(&scheme.as_str()))
}

/// Pairs as a list of definitions.
pub(super) fn definitions<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a String)>) -> String {
    let items = pairs
        .into_iter()
        .map(|(name, value)| format!("<div><dt>{}</dt><dd>{}</dd></div>", escaped(name), escaped(value)));
    format!("<dl>{}</dl>", items.collect::<String>())
}

/// A point in time, in the time zone of this computer.
pub(super) fn time(unix: i64) -> String {
    let Ok(time) = jiff::Timestamp::from_second(unix) else { return String::new() };
    let local = time.to_zoned(jiff::tz::TimeZone::system());
    format!(
        "<time datetime=\"{time}\" title=\"{}\">{}</time>",
        local.strftime("%Y-%m-%d %H:%M:%S"),
        local.strftime("%H:%M:%S")
    )
}

/// A line for a shell, with a button that copies it.
pub(super) fn command(line: &str) -> String {
    format!(
        "<div class=\"command\"><pre><code>{}</code></pre><button type=\"button\" class=\"copy\" hidden>Copy</button></div>",
        escaped(line)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_never_becomes_markup() {
        assert_eq!(escaped("<img src=x onerror='a'>\"&"), "&lt;img src=x onerror=&#39;a&#39;&gt;&quot;&amp;");
        assert_eq!(escaped("a\u{202e}b\u{1b}"), "a\\u{202e}b\\u{1b}");
        let html = "<b>x</b><script>1</script><img src=x><a href='javascript:1'>j</a>\
            <a href='https://a.example/?\"&gt;<'>ok</a><font color='red\" onclick=1'>f</font>";
        let shown = styled(&Text::from_html(html));
        assert!(
            !shown.contains("<script") && !shown.contains("<img") && !shown.contains("javascript"),
            "{shown}"
        );
        assert!(shown.starts_with("<b>x</b>") && shown.contains("&quot;"), "{shown}");
        assert!(!shown.contains("onclick"), "{shown}");
        assert_eq!(link("javascript:alert(1)", "x"), "x <code>javascript:alert(1)</code>");
    }
}
