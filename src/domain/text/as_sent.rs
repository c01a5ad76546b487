//! Extracts the words of message HTML for programs: without the markup, and with every character that was sent.
//!
//! Invariant: no character is removed, not even an unsafe one; a caller that displays these words must make them safe.

use std::sync::Arc;

use super::html::{self, Runs};
use super::links::spelled_out;
use super::{MAX_LINK, MAX_RUNS, Span, Style};

/// The words of HTML, laid out as for display. Each link is followed by its address, unless its words contain it.
pub fn html_words(html: &str) -> String {
    let mut words = Words::default();
    html::read(html, &mut words);
    spelled_out(&words.0)
}

/// Runs that differ only in their link.
#[derive(Default)]
struct Words(Vec<Span>);

impl Runs for Words {
    fn push(&mut self, Span { text, style }: Span) {
        // An address is written again for each run of its link, so without a limit a small text could become a huge one.
        let link = style.link.filter(|_| self.0.len() < MAX_RUNS);
        match self.0.last_mut() {
            Some(last) if last.style.link == link => last.text.push_str(&text),
            _ => self.0.push(Span { text, style: Style { link, ..Style::default() } }),
        }
    }

    fn link(&self, sent: &str) -> Option<Arc<str>> {
        (sent.len() <= MAX_LINK && !sent.trim().is_empty()).then(|| sent.into())
    }

    fn is_at_line_start(&self) -> bool {
        self.0.last().is_none_or(|last| last.text.ends_with('\n'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Text;

    #[test]
    fn every_character_of_html_is_kept() {
        let all = "a\tb\u{200e}\u{200f}\u{61c}\u{202e}c\u{2066}\u{7}\u{85}\u{2028}\u{feff}d  e";
        assert_eq!(html_words(all), all);
        assert_eq!(html_words(&format!("<b>{all}</b>")), all);
        assert_eq!(html_words("&#9;&#8238;&#13;x"), "\t\u{202e}\rx");
    }

    #[test]
    fn the_words_are_laid_out_as_for_display() {
        for html in [
            "",
            "<h3>Backup failed</h3><ul><li>web01</li><li>db02</li></ul>",
            "see <a href=https://a.example/x>the <b>log</b></a>!<br><p>z</p>",
            "<a href=https://a.example>https://a.example</a> <font color=red>1 &lt; 2</font>",
            "<script>x</script><table><tr><td>a<td>b</table>",
        ] {
            assert_eq!(html_words(html), Text::from_html(html).spelled_out(), "{html:?}");
        }
    }

    #[test]
    fn addresses_are_repeated_a_limited_number_of_times() {
        let link = format!("https://a.example/{}", "x".repeat(2_000));
        let html = format!("<a href=\"{link}\">{}", "<p>b".repeat(50_000));
        assert!(html_words(&html).len() < (MAX_RUNS + 1) * (MAX_LINK + 10) + html.len());
    }
}
