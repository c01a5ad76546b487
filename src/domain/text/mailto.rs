//! Restricts what a `mailto:` link may ask of a mail program.
//!
//! Invariant: a link has only recipients, a subject and a text. Some mail programs attach any file that a link names.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The fields of a mail that a link may fill in.
const FIELDS: [&str; 4] = ["to", "cc", "subject", "body"];

/// The link to open: a `mailto:` link without any other fields, and any other link unchanged.
pub fn without_unsafe_fields(link: &str) -> Cow<'_, str> {
    let is_mail = link.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    let Some((recipients, fields)) = link.split_once('?').filter(|_| is_mail) else { return link.into() };
    let kept: Vec<&str> = fields.split('&').filter(|field| is_safe(field)).collect();
    let separator = if kept.is_empty() { "" } else { "?" };
    format!("{recipients}{separator}{}", kept.join("&")).into()
}

/// A line break would begin another header, except in the text.
fn is_safe(field: &str) -> bool {
    let (name, value) = field.split_once('=').unwrap_or((field, ""));
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy();
    let name = decoded(name).to_ascii_lowercase();
    FIELDS.contains(&name.as_str()) && (name == "body" || !decoded(value).contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_a_mail_keeps_only_recipients_subject_and_text() {
        for (link, kept) in [
            ("mailto:a@b.example", "mailto:a@b.example"),
            (
                "mailto:a@b.example?subject=Hi%20you&body=1%0A2",
                "mailto:a@b.example?subject=Hi%20you&body=1%0A2",
            ),
            ("MAILTO:?to=a@b.example&CC=c@b.example", "MAILTO:?to=a@b.example&CC=c@b.example"),
            ("mailto:a@b.example?attach=/etc/passwd", "mailto:a@b.example"),
            ("mailto:a?subject=x&attachment=/etc/passwd&body=y", "mailto:a?subject=x&body=y"),
            ("mailto:a?subject=x&amp;attach=/etc/passwd", "mailto:a?subject=x"),
            ("mailto:a?%61ttach=/etc/passwd&bcc=b&x-header=1&su%62ject=z", "mailto:a?su%62ject=z"),
            ("mailto:a?subject=x%0d%0aBcc:b&cc=c%0A", "mailto:a"),
            ("mailto:a?attach&subject", "mailto:a?subject"),
            ("https://a.example/?attach=/etc/passwd", "https://a.example/?attach=/etc/passwd"),
        ] {
            assert_eq!(without_unsafe_fields(link), kept, "{link}");
        }
    }
}
