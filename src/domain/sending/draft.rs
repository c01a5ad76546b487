//! A message that is to be sent, and the limits of the service for it.
//!
//! Invariant: a draft that [`check`](Draft::check) accepts is not refused for its size or for a value out of range.

use super::settings::Format;
use crate::domain::account::DeviceName;
use crate::domain::message::Priority;

/// A message that is to be sent, without its recipients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The title; without one the service shows the name of the application.
    pub title: Option<String>,
    /// The text.
    pub message: String,
    /// How the text is interpreted.
    pub format: Format,
    /// The link.
    pub url: Option<String>,
    /// The title of the link.
    pub url_title: Option<String>,
    /// The priority.
    pub priority: Priority,
    /// How often an emergency is repeated, in seconds.
    pub retry: Option<u32>,
    /// For how long an emergency is repeated, in seconds.
    pub expire: Option<u32>,
    /// The name of the sound.
    pub sound: Option<String>,
    /// How long the message is kept, in seconds.
    pub ttl: Option<u32>,
    /// The time that is shown for the message, unix seconds.
    pub timestamp: Option<i64>,
    /// The devices; empty for all of them.
    pub devices: Vec<String>,
    /// The address that the service calls when an emergency is acknowledged.
    pub callback: Option<String>,
    /// The tags of an emergency, by which it can be cancelled.
    pub tags: Vec<String>,
    /// A picture.
    pub attachment: Option<Attachment>,
    /// Whether the texts are encrypted end to end.
    pub encrypted: bool,
}

/// A picture that is sent with a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its media type.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment({}, {} bytes)", self.media_type, self.bytes.len())
    }
}

/// The most characters of a text.
const MESSAGE: usize = 1024;
/// The most characters of a title.
const TITLE: usize = 250;
/// The most characters of a link.
const URL: usize = 512;
/// The most characters of the title of a link.
const URL_TITLE: usize = 100;
/// The largest picture in bytes.
pub const ATTACHMENT: usize = 5_242_880;
/// The shortest time between two repeats of an emergency, in seconds.
const SHORTEST_RETRY: u32 = 30;
/// The longest time for which an emergency is repeated, in seconds.
const LONGEST_EXPIRE: u32 = 10_800;
/// The most recipients of one request.
pub const RECIPIENTS: usize = 50;
/// How often an emergency is repeated by default, in seconds.
const DEFAULT_RETRY: u32 = 60;
/// For how long an emergency is repeated by default, in seconds.
const DEFAULT_EXPIRE: u32 = 3_600;

impl Draft {
    /// The times of an emergency; `None` for any other message.
    pub fn repeats(&self) -> Option<(u32, u32)> {
        let times = (self.retry.unwrap_or(DEFAULT_RETRY), self.expire.unwrap_or(DEFAULT_EXPIRE));
        (self.priority == Priority::Emergency).then_some(times)
    }

    /// Everything that the service would refuse, a sentence each.
    pub fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.message.trim().is_empty() {
            faults.push("the message is empty".to_owned());
        }
        for (what, text, most) in [
            ("the message", Some(&self.message), MESSAGE),
            ("the title", self.title.as_ref(), TITLE),
            ("the link", self.url.as_ref(), URL),
            ("the title of the link", self.url_title.as_ref(), URL_TITLE),
        ] {
            faults.extend(text.and_then(|text| self.too_long(what, text, most)));
        }
        if self.url_title.is_some() && self.url.is_none() {
            faults.push("the title of a link needs a link".to_owned());
        }
        self.check_repeats(&mut faults);
        if self.ttl == Some(0) {
            faults.push("the message would expire at once: its time to live is 0".to_owned());
        }
        if let Some(name) = self.devices.iter().find(|name| DeviceName::new(name).is_none()) {
            faults.push(format!("{name:?} cannot be the name of a device"));
        }
        if let Some(callback) = &self.callback
            && !["http://", "https://"].iter().any(|scheme| callback.to_ascii_lowercase().starts_with(scheme))
        {
            faults.push("the callback is not an address that begins with http:// or https://".to_owned());
        }
        if let Some(tag) = self.tags.iter().find(|tag| tag.contains(',') || tag.trim().is_empty()) {
            faults.push(format!("{tag:?} cannot be a tag: it is empty or contains a comma"));
        }
        if let Some(attachment) = &self.attachment
            && attachment.bytes.len() > ATTACHMENT
        {
            let size = attachment.bytes.len();
            faults.push(format!("the attachment is too large: {size} bytes, at most {ATTACHMENT}"));
        }
        faults
    }

    /// Shortens the title, and a text that is not HTML, to what the service accepts.
    pub fn shorten(&mut self) {
        if self.format != Format::Html {
            shorten(&mut self.message, MESSAGE);
        }
        if let Some(title) = &mut self.title {
            shorten(title, TITLE);
        }
    }

    fn too_long(&self, what: &str, text: &str, most: usize) -> Option<String> {
        let count = text.chars().count();
        let how = if self.encrypted { " once encrypted" } else { "" };
        let over = count.checked_sub(most).filter(|over| *over > 0)?;
        Some(format!("{what} is too long: {count} characters{how}, at most {most}, so {over} too many"))
    }

    fn check_repeats(&self, faults: &mut Vec<String>) {
        let Some((retry, expire)) = self.repeats() else {
            for (name, is_given) in [
                ("a retry time", self.retry.is_some()),
                ("an expiry time", self.expire.is_some()),
                ("a callback", self.callback.is_some()),
                ("a tag", !self.tags.is_empty()),
            ] {
                if is_given {
                    faults.push(format!("only an emergency, priority 2, can have {name}"));
                }
            }
            return;
        };
        if retry < SHORTEST_RETRY {
            faults.push(format!("the retry time is too short: {retry} s, at least {SHORTEST_RETRY}"));
        }
        if expire > LONGEST_EXPIRE {
            faults.push(format!("the expiry time is too long: {expire} s, at most {LONGEST_EXPIRE}"));
        }
        if expire == 0 {
            faults.push("the emergency would expire at once: its expiry time is 0".to_owned());
        }
    }
}

fn shorten(text: &mut String, most: usize) {
    if text.chars().count() > most {
        *text = text.chars().take(most.saturating_sub(1)).chain(['…']).collect();
    }
}

/// The media type of a picture, by its first bytes; `None` for anything else.
pub fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    let is_riff = bytes.starts_with(b"RIFF");
    match bytes {
        _ if bytes.starts_with(b"\x89PNG\r\n\x1a\n") => Some("image/png"),
        _ if bytes.starts_with(b"\xff\xd8\xff") => Some("image/jpeg"),
        _ if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") => Some("image/gif"),
        _ if bytes.starts_with(b"BM") => Some("image/bmp"),
        _ if is_riff && bytes.get(8..12) == Some(b"WEBP") => Some("image/webp"),
        _ if bytes.get(4..8) == Some(b"ftyp")
            && matches!(bytes.get(8..12), Some(b"heic" | b"heix" | b"mif1")) =>
        {
            Some("image/heic")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(message: &str) -> Draft {
        Draft { message: message.to_owned(), ..Draft::default() }
    }

    #[test]
    fn the_error_for_a_long_text_has_its_exact_length() {
        let fits = Draft {
            title: Some("ä".repeat(TITLE)),
            url: Some("x".repeat(URL)),
            url_title: Some("x".repeat(URL_TITLE)),
            ..draft(&"🚒".repeat(MESSAGE))
        };
        assert_eq!(fits.check(), Vec::<String>::new());
        let too_long = Draft {
            title: Some("ä".repeat(TITLE + 3)),
            url: Some("x".repeat(URL + 1)),
            url_title: Some("x".repeat(URL_TITLE + 1)),
            attachment: Some(Attachment { media_type: "image/png", bytes: vec![0; ATTACHMENT + 1] }),
            ..draft(&"🚒".repeat(MESSAGE + 37))
        };
        assert_eq!(
            too_long.check(),
            [
                "the message is too long: 1061 characters, at most 1024, so 37 too many",
                "the title is too long: 253 characters, at most 250, so 3 too many",
                "the link is too long: 513 characters, at most 512, so 1 too many",
                "the title of the link is too long: 101 characters, at most 100, so 1 too many",
                "the attachment is too large: 5242881 bytes, at most 5242880",
            ]
        );
    }

    #[test]
    fn retry_and_expiry_are_checked_and_only_emergencies_have_them() {
        let emergency = |retry, expire| Draft { priority: Priority::Emergency, retry, expire, ..draft("x") };
        assert_eq!(emergency(None, None).check(), Vec::<String>::new());
        assert_eq!(emergency(None, None).repeats(), Some((60, 3_600)));
        assert_eq!(
            emergency(Some(29), Some(10_801)).check(),
            [
                "the retry time is too short: 29 s, at least 30",
                "the expiry time is too long: 10801 s, at most 10800"
            ]
        );
        let normal = Draft { retry: Some(60), callback: Some("ftp://x".into()), ..draft("x") };
        assert_eq!(
            normal.check(),
            [
                "only an emergency, priority 2, can have a retry time",
                "only an emergency, priority 2, can have a callback",
                "the callback is not an address that begins with http:// or https://",
            ]
        );
    }

    #[test]
    fn invalid_values_are_refused_before_anything_is_sent() {
        let faults = |draft: Draft| draft.check().join("; ");
        assert_eq!(faults(draft(" \n")), "the message is empty");
        assert_eq!(
            faults(Draft { url_title: Some("x".into()), ..draft("x") }),
            "the title of a link needs a link"
        );
        assert_eq!(
            faults(Draft { devices: vec!["a phone".into()], ..draft("x") }),
            "\"a phone\" cannot be the name of a device"
        );
        assert!(faults(Draft { ttl: Some(0), ..draft("x") }).starts_with("the message would expire at once"));
    }

    #[test]
    fn a_text_can_be_cut_to_what_fits() {
        let mut long = Draft { title: Some("ä".repeat(TITLE + 9)), ..draft(&"🚒".repeat(MESSAGE + 1)) };
        long.shorten();
        assert_eq!(long.check(), Vec::<String>::new());
        assert!(long.message.ends_with("🚒…") && long.message.chars().count() == MESSAGE);
    }

    #[test]
    fn a_picture_is_known_by_its_first_bytes() {
        for (bytes, kind) in [
            (b"\x89PNG\r\n\x1a\n....".as_slice(), Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"GIF89a..", Some("image/gif")),
            (b"RIFF....WEBPVP8 ", Some("image/webp")),
            (b"RIFF....WAVEfmt ", None),
            (b"%PDF-1.7", None),
            (b"", None),
        ] {
            assert_eq!(picture_type(bytes), kind);
        }
    }
}
