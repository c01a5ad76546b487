//! A message as the service sent it, and the marks this program keeps about it.
//!
//! Invariant: an id is a 64-bit integer from end to end; it never passes through a float.

use std::borrow::Cow;
use std::fmt;

use super::account::DeviceId;
use super::text::{Span, Text, html_words};

/// The text shown for an encrypted message.
const ENCRYPTED: &str = "Encrypted message";

/// How much of a text is displayed, in bytes. The service accepts at most 4 KB, but an encrypted text may be longer
/// once decrypted.
const DISPLAYED: usize = 64 * 1024;

/// Identifies a message on one device.
///
/// Positive: the service's id; a deletion covers all ids up to a given one. Negative: made here from the content of an
/// item whose id could not be read, so that the same item is recognised when it is downloaded again. The service's
/// databases are signed, so no real id is above `i64::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(i64);

impl MessageId {
    /// The service's id; `None` for 0 and for numbers that do not fit into a signed 64-bit integer.
    pub fn from_service(id: u64) -> Option<Self> {
        i64::try_from(id).ok().filter(|id| *id > 0).map(Self)
    }

    /// An id for an item that came without a readable one: always negative, equal for equal content.
    pub fn from_content(content: &[u8]) -> Self {
        // FNV-1a, 64 bit: stable across releases of Rust, which std's hasher does not promise to be.
        let hash = content.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(-1 - (hash >> 1).cast_signed())
    }

    /// The id with this number, as stored or as typed by the user; any integer but 0 is valid.
    pub fn from_stored(number: i64) -> Self {
        Self(number)
    }

    /// The number to store.
    pub fn number(self) -> i64 {
        self.0
    }

    /// Whether the service knows this id, so that it can be deleted there.
    pub fn is_from_service(self) -> bool {
        self.0 > 0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies an emergency; every copy and repeat of it has the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Receipt(String);

impl Receipt {
    /// A receipt that is safe in a URL path: 1 to 64 letters and digits; `None` otherwise.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    /// The receipt as it is written in a URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The longest `expire` that a sender may ask for, in seconds; after it the service no longer repeats an emergency.
pub const LONGEST_EMERGENCY: i64 = 10_800;

/// How urgent the sender says a message is, from -2 to 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// -2: recorded, never shown.
    Lowest,
    /// -1: shown without a sound.
    Low,
    /// 0: shown; quiet during the user's quiet hours.
    #[default]
    Normal,
    /// 1: shown as urgent, also during quiet hours.
    High,
    /// 2: repeated by the service until someone acknowledges it.
    Emergency,
}

impl Priority {
    /// The priority with the service's number; a number out of range counts as the nearest one.
    pub fn from_number(number: i64) -> Self {
        match number {
            ..=-2 => Self::Lowest,
            -1 => Self::Low,
            0 => Self::Normal,
            1 => Self::High,
            2.. => Self::Emergency,
        }
    }

    /// The service's number, -2 to 2.
    pub fn number(self) -> i8 {
        match self {
            Self::Lowest => -2,
            Self::Low => -1,
            Self::Normal => 0,
            Self::High => 1,
            Self::Emergency => 2,
        }
    }
}

/// A message, read as far as it could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id on this device.
    pub id: MessageId,
    /// The message's id on all devices of the account.
    pub umid: Option<i64>,
    /// Name of the sending application; empty when the item could not be read that far.
    pub app: String,
    /// Stem of the application's icon file, as sent: not checked yet.
    pub icon: Option<String>,
    /// The sender's title, if there was one.
    pub title: Option<String>,
    /// The text as sent: HTML when `html`, plain otherwise.
    pub body: String,
    /// Whether the sender asked for its tags to be interpreted.
    pub html: bool,
    /// Whether the sender asked for a monospaced font.
    pub monospace: bool,
    /// How urgent the sender says it is.
    pub priority: Priority,
    /// The sender's time, unix seconds; 0 when it was not given.
    pub date: i64,
    /// When the service accepted it or, if it did not say so, when it arrived here; unix seconds by the service's clock.
    /// 0 when neither is known.
    pub queued: i64,
    /// A link with any scheme, not checked yet.
    pub url: Option<String>,
    /// What to call the link.
    pub url_title: Option<String>,
    /// Name of a sound, as sent; `none` is silence.
    pub sound: Option<String>,
    /// Present on emergencies.
    pub receipt: Option<Receipt>,
    /// Whether the service says that it was acknowledged.
    pub acknowledged: bool,
    /// When it expires, unix seconds by the service's clock.
    pub expires: Option<i64>,
    /// Whether title, text and link are ciphertext.
    pub encrypted: bool,
    /// Why it could not be read completely, in words for a person.
    pub problem: Option<String>,
}

impl Message {
    /// A message of which only the id is known.
    pub fn unread(id: MessageId) -> Self {
        Self {
            id,
            umid: None,
            app: String::new(),
            icon: None,
            title: None,
            body: String::new(),
            html: false,
            monospace: false,
            priority: Priority::default(),
            date: 0,
            queued: 0,
            url: None,
            url_title: None,
            sound: None,
            receipt: None,
            acknowledged: false,
            expires: None,
            encrypted: false,
            problem: None,
        }
    }

    /// The heading above the text: the title if it can be read, else the application's name, else a general word.
    pub fn heading(&self) -> &str {
        let title = self.title.as_deref().filter(|_| !self.encrypted).unwrap_or_default();
        [title, &self.app].into_iter().find(|text| !text.trim().is_empty()).unwrap_or("Message")
    }

    /// Its text for display, with addresses as links, cut to what may fit on a screen; a placeholder while it is
    /// encrypted.
    pub fn text(&self) -> Text {
        if self.encrypted {
            return Text::from_plain(ENCRYPTED);
        }
        let body = self.body.get(..self.body.floor_char_boundary(DISPLAYED)).unwrap_or_default();
        let mut text = if self.html { Text::from_html(body) } else { Text::from_plain(body) };
        if body.len() < self.body.len() {
            text.push(Span::plain("…"));
        }
        let text = text.linked();
        if self.monospace { text.monospaced() } else { text }
    }

    /// Its text for programs: without markup, and with every character that was sent; a placeholder while it is
    /// encrypted.
    pub fn words(&self) -> Cow<'_, str> {
        if self.encrypted {
            ENCRYPTED.into()
        } else if self.html {
            html_words(&self.body).into()
        } else {
            (&self.body).into()
        }
    }

    /// The beginning of its words, enough to be searched; nothing while it is encrypted.
    pub fn beginning(&self) -> Cow<'_, str> {
        let body = self.body.get(..self.body.floor_char_boundary(DISPLAYED)).unwrap_or_default();
        if self.encrypted {
            "".into()
        } else if self.html {
            html_words(body).into()
        } else {
            body.into()
        }
    }

    /// When it expires, in unix seconds; `None` for an emergency, which only ends when it is acknowledged.
    pub fn worth_until(&self) -> Option<i64> {
        self.expires.filter(|_| self.priority < Priority::Emergency)
    }

    /// Whether it has expired at this service time.
    pub fn is_expired(&self, unix: i64) -> bool {
        self.worth_until().is_some_and(|end| end <= unix)
    }

    /// The message with one more reason why it could not be read completely.
    #[must_use]
    pub fn with_problem(self, why: &str) -> Self {
        let problem = self.problem.map_or_else(|| why.to_owned(), |other| format!("{other}; {why}"));
        Self { problem: Some(problem), ..self }
    }

    /// The receipt of the emergency that this is a copy of.
    pub fn emergency_receipt(&self) -> Option<&Receipt> {
        self.receipt.as_ref().filter(|_| self.priority == Priority::Emergency)
    }

    /// Whether it is an emergency that, according to the service, was not acknowledged.
    pub fn is_open_emergency(&self) -> bool {
        self.priority == Priority::Emergency && self.receipt.is_some() && !self.acknowledged
    }
}

/// One item of a download: the message and the JSON it came as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What could be read.
    pub message: Message,
    /// The item as it came, byte for byte.
    pub raw: String,
}

/// The number of a row in the message log, in the order of recording; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub i64);

/// The state of an emergency's acknowledgement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acknowledgement {
    /// It was not requested here.
    #[default]
    NotWanted,
    /// It was requested and the request is saved; the service has not confirmed it.
    Wanted,
    /// The service confirmed it, or the emergency was acknowledged elsewhere.
    Confirmed,
    /// The service refused it, or the emergency expired before the request succeeded.
    GivenUp,
}

/// How a message arrived at this device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrival {
    /// It waited at the service until this program connected.
    #[default]
    Waited,
    /// It arrived while this program was connected.
    Live,
}

/// A message in the message log, with its marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its row.
    pub seq: Seq,
    /// The device it was sent to.
    pub device: DeviceId,
    /// What was recorded.
    pub message: Message,
    /// When it was recorded, unix seconds by this computer's clock.
    pub recorded: i64,
    /// How it arrived when it was first recorded.
    pub arrival: Arrival,
    /// When it was shown or deliberately skipped, unix seconds.
    pub announced: Option<i64>,
    /// When the user read it, unix seconds.
    pub read: Option<i64>,
    /// The state of its acknowledgement, which belongs to the receipt, so all repeats share it.
    pub acknowledgement: Acknowledgement,
    /// How often the service delivered it again: as another copy of the same emergency, or after it was deleted.
    pub repeats: u32,
    /// The row of its first copy, if it is an emergency; else its own.
    pub first: Seq,
}

impl Entry {
    /// Whether it is neither read nor expired at this service time.
    pub fn is_unread(&self, unix: i64) -> bool {
        self.read.is_none() && !self.message.is_expired(unix)
    }

    /// When the service stops repeating it at the latest, if it is an emergency; by the service's clock.
    pub fn repeated_until(&self) -> i64 {
        // Messages from before `queued` was recorded have none.
        let began = if self.message.queued > 0 { self.message.queued } else { self.recorded };
        began.saturating_add(LONGEST_EMERGENCY)
    }

    /// When it was last delivered again, if it was; unix seconds by this computer's clock.
    pub fn last_repeat(&self) -> Option<i64> {
        if self.repeats == 0 {
            return None;
        }
        // A message that is delivered again with the same id is announced again, but `recorded` stays the first time.
        let again = self.announced.filter(|_| self.seq == self.first);
        Some(again.unwrap_or(self.recorded))
    }

    /// Whether it is an emergency that still has to be acknowledged.
    pub fn awaits_acknowledgement(&self) -> bool {
        self.message.is_open_emergency() && self.acknowledgement == Acknowledgement::NotWanted
    }
}

/// What the message log knows about a message that is downloaded again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownMessage {
    /// Whether the service confirmed that it was deleted.
    pub deleted: bool,
    /// Whether it is an emergency whose acknowledgement is neither requested nor confirmed; after a failed request it is
    /// still open.
    pub open_emergency: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_all_of_its_64_bits() {
        let id = MessageId::from_service(9_007_199_254_740_993).unwrap();
        assert_eq!(id.to_string(), "9007199254740993");
        assert_eq!(MessageId::from_service(i64::MAX as u64).unwrap().number(), i64::MAX);
        assert_eq!(MessageId::from_service(1 << 63), None);
        assert_eq!(MessageId::from_service(0), None);
    }

    #[test]
    fn content_ids_are_negative_and_equal_for_equal_content() {
        for content in ["", "{}", "{\"id\":null}"] {
            let id = MessageId::from_content(content.as_bytes());
            assert!(id.number() < 0 && !id.is_from_service());
            assert_eq!(id, MessageId::from_content(content.as_bytes()));
        }
        assert_ne!(MessageId::from_content(b"a"), MessageId::from_content(b"b"));
        // FNV-1a of "a" is af63dc4c8601ec8c: the published test vector.
        assert_eq!(
            MessageId::from_content(b"a").number(),
            -1 - (0xaf63_dc4c_8601_ec8c_u64 >> 1).cast_signed()
        );
    }

    #[test]
    fn a_receipt_is_safe_in_a_path() {
        assert!(Receipt::new("rLqVuqTRh62UzxtmqiaLzQmVcPgiCy").is_some());
        for bad in ["", "../x", "a/b", "a b", "ä"] {
            assert_eq!(Receipt::new(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_whole_text_of_a_monospaced_message_is_monospaced() {
        let mut message = Message::unread(MessageId::from_content(b""));
        message.body = "a  b https://a.example/".into();
        for monospace in [false, true] {
            message.monospace = monospace;
            let text = message.text();
            assert!(!text.is_empty() && text.spans().iter().all(|span| span.style.monospace == monospace));
        }
    }

    #[test]
    fn only_the_beginning_of_a_huge_text_is_displayed() {
        let mut message = Message::unread(MessageId::from_content(b""));
        for (body, html, displayed) in [
            ("ä".repeat(DISPLAYED), false, DISPLAYED / 2 + 1),
            ("<b>a</b>c".repeat(DISPLAYED), true, DISPLAYED / 9 * 2 + 2),
            ("a".repeat(DISPLAYED), false, DISPLAYED),
        ] {
            (message.body, message.html) = (body, html);
            assert_eq!(message.text().to_plain().chars().count(), displayed);
        }
        assert!(!message.text().to_plain().ends_with('…'), "a text that fits is not cut");
    }

    #[test]
    fn the_words_are_without_markup_and_without_what_is_encrypted() {
        let mut message = Message::unread(MessageId::from_content(b""));
        message.body = "<b>Disk</b> full".into();
        assert_eq!(message.words(), "<b>Disk</b> full");
        message.html = true;
        assert_eq!(message.words(), "Disk full");
        message.encrypted = true;
        assert_eq!(message.words(), ENCRYPTED);
    }

    #[test]
    fn only_an_emergency_has_a_receipt_to_acknowledge() {
        let mut message = Message::unread(MessageId::from_content(b""));
        message.receipt = Receipt::new("r");
        message.priority = Priority::High;
        assert_eq!(message.emergency_receipt(), None);
        message.priority = Priority::Emergency;
        assert_eq!(message.emergency_receipt(), Receipt::new("r").as_ref());
    }

    #[test]
    fn the_last_repeat_is_when_it_was_announced_again_or_recorded_as_a_copy() {
        let mut entry = Entry {
            seq: Seq(2),
            device: DeviceId::new("desk").unwrap(),
            message: Message::unread(MessageId::from_content(b"")),
            recorded: 10,
            arrival: Arrival::Live,
            announced: Some(20),
            read: None,
            acknowledgement: Acknowledgement::NotWanted,
            repeats: 0,
            first: Seq(2),
        };
        assert_eq!(entry.last_repeat(), None);
        entry.repeats = 1;
        assert_eq!(entry.last_repeat(), Some(20));
        entry.first = Seq(1);
        assert_eq!(entry.last_repeat(), Some(10));
    }

    #[test]
    fn a_heading_is_never_blank() {
        let mut message = Message::unread(MessageId::from_content(b""));
        assert_eq!(message.heading(), "Message");
        message.app = "Backup".into();
        assert_eq!(message.heading(), "Backup");
        message.title = Some("  ".into());
        assert_eq!(message.heading(), "Backup");
        message.title = Some("Done".into());
        assert_eq!(message.heading(), "Done");
        message.encrypted = true;
        assert_eq!(message.heading(), "Backup");
    }
}
