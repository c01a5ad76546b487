//! A message as a row of the list.
//!
//! Invariant: a row is small, however long its message is, and whatever it shows by a colour or a font it also says in words.

use jiff::tz::TimeZone;

use crate::app::time_format;
use crate::domain::media::MediaName;
use crate::domain::message::{Acknowledgement, Entry, MessageId, Priority, Receipt, Seq};
use crate::domain::text::one_short_line;
use crate::window::words::tr;

/// How much of a text a row shows, in characters.
const PREVIEW: usize = 160;
const TITLE: usize = 120;

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number in the message log.
    pub seq: Seq,
    /// The message's id.
    pub id: MessageId,
    /// The application's name.
    pub app: String,
    /// The application's icon.
    pub icon: Option<MediaName>,
    /// The title, or the application without one.
    pub title: String,
    /// The beginning of the text on one line.
    pub preview: String,
    /// When it was sent, unix seconds.
    pub time: i64,
    /// How urgent it is.
    pub priority: Priority,
    /// Whether the user has not read it.
    pub is_unread: bool,
    /// The state of the emergency; `None` for any other message.
    pub emergency: Option<EmergencyState>,
    /// The receipt that all copies of an emergency have.
    pub receipt: Option<Receipt>,
}

/// The state of an emergency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmergencyState {
    /// It has to be acknowledged.
    Open,
    /// The acknowledgement is on its way.
    Requested,
    /// It was acknowledged.
    Acknowledged,
    /// It cannot be acknowledged any more.
    GivenUp,
}

impl EmergencyState {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Open => tr("not acknowledged"),
            Self::Requested => tr("acknowledgement waiting"),
            Self::Acknowledged => tr("acknowledged"),
            Self::GivenUp => tr("no longer repeated"),
        }
    }
}

impl Row {
    /// The row of a message at this time of the service.
    pub fn of(entry: &Entry, unix: i64) -> Self {
        let message = &entry.message;
        let text = message.text().to_plain();
        Self {
            seq: entry.seq,
            id: message.id,
            app: one_short_line(&message.app, TITLE),
            icon: message.icon.as_deref().and_then(MediaName::new),
            title: one_short_line(message.heading(), TITLE),
            preview: one_short_line(&text, PREVIEW),
            time: if message.date > 0 { message.date } else { entry.recorded },
            priority: message.priority,
            is_unread: entry.is_unread(unix),
            emergency: emergency_state(entry, unix),
            receipt: message.emergency_receipt().cloned(),
        }
    }

    /// Whether a badge is shown: for any priority but normal, and for the state of an emergency.
    pub fn has_badge(&self) -> bool {
        self.priority != Priority::Normal || self.emergency.is_some()
    }

    /// The word for a priority that is not normal.
    pub fn priority_word(&self) -> Option<&'static str> {
        priority_word(self.priority)
    }

    /// All of it as one text for a screen reader.
    pub fn spoken(&self, unix: i64, zone: &TimeZone) -> String {
        let mut parts: Vec<&str> = Vec::new();
        if self.is_unread {
            parts.push(tr("unread"));
        }
        parts.extend(self.priority_word());
        parts.extend(self.emergency.map(EmergencyState::words));
        parts.push(&self.title);
        if self.app != self.title {
            parts.push(&self.app);
        }
        let time = time_format::words(self.time, unix, zone).unwrap_or_default();
        parts.push(&time);
        parts.push(&self.preview);
        parts.retain(|part| !part.is_empty());
        parts.join(", ")
    }
}

/// The word for a priority that is not normal.
pub fn priority_word(priority: Priority) -> Option<&'static str> {
    match priority {
        Priority::Lowest => Some(tr("lowest priority")),
        Priority::Low => Some(tr("low priority")),
        Priority::Normal => None,
        Priority::High => Some(tr("high priority")),
        Priority::Emergency => Some(tr("emergency")),
    }
}

fn emergency_state(entry: &Entry, unix: i64) -> Option<EmergencyState> {
    entry.message.emergency_receipt()?;
    Some(match entry.acknowledgement {
        Acknowledgement::Confirmed => EmergencyState::Acknowledged,
        _ if entry.message.acknowledged => EmergencyState::Acknowledged,
        Acknowledgement::Wanted => EmergencyState::Requested,
        Acknowledgement::GivenUp => EmergencyState::GivenUp,
        Acknowledgement::NotWanted if entry.repeated_until() < unix => EmergencyState::GivenUp,
        Acknowledgement::NotWanted => EmergencyState::Open,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::account::DeviceId;
    use crate::domain::message::{Arrival, Message};

    /// An entry with this row, title and text.
    pub(crate) fn entry(seq: i64, title: &str, body: &str) -> Entry {
        let mut message = Message::unread(MessageId::from_stored(seq + 100));
        message.app = "Backup".to_owned();
        message.title = Some(title.to_owned());
        message.body = body.to_owned();
        message.date = 1_000 + seq;
        Entry {
            seq: Seq(seq),
            device: DeviceId::new("desk").unwrap(),
            message,
            recorded: 1_000 + seq,
            arrival: Arrival::Live,
            announced: Some(1_000 + seq),
            read: None,
            acknowledgement: Acknowledgement::NotWanted,
            repeats: 0,
            first: Seq(seq),
        }
    }

    #[test]
    fn a_row_says_in_words_what_it_shows() {
        let mut entry = entry(1, "Done", "all\nfiles <b>");
        let row = Row::of(&entry, 2_000);
        assert_eq!(row.preview, "all files <b>");
        assert_eq!(row.spoken(1_100, &TimeZone::UTC), "unread, Done, Backup, 00:16, all files <b>");
        entry.message.priority = Priority::Emergency;
        entry.message.receipt = Receipt::new("abc");
        entry.read = Some(5);
        assert_eq!(
            Row::of(&entry, 2_000).spoken(1_100, &TimeZone::UTC),
            "emergency, not acknowledged, Done, Backup, 00:16, all files <b>"
        );
        entry.acknowledgement = Acknowledgement::Confirmed;
        assert_eq!(Row::of(&entry, 2_000).emergency, Some(EmergencyState::Acknowledged));
    }

    #[test]
    fn an_emergency_that_the_service_no_longer_repeats_is_not_open() {
        let mut entry = entry(1, "Fire", "");
        entry.message.priority = Priority::Emergency;
        entry.message.receipt = Receipt::new("abc");
        let open_until = entry.repeated_until();
        assert_eq!(Row::of(&entry, open_until).emergency, Some(EmergencyState::Open));
        assert_eq!(Row::of(&entry, open_until + 1).emergency, Some(EmergencyState::GivenUp));
    }

    #[test]
    fn a_row_of_a_huge_message_is_small() {
        let row = Row::of(&entry(1, &"t".repeat(10_000), &"x".repeat(100_000)), 0);
        assert!(row.title.chars().count() <= TITLE && row.preview.chars().count() <= PREVIEW);
    }
}
