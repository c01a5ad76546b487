//! What the view of the tray is made from.
//!
//! Invariant: nothing is looked up here; the caller has read it all.

use crate::domain::message::MessageId;
use crate::domain::name::Name;
use crate::domain::status::Status;

/// Everything that a view is made from.
#[derive(Clone, Debug)]
pub struct TrayContext<'a> {
    /// The daemon's status.
    pub status: &'a Status,
    /// The time, unix seconds.
    pub unix: i64,
    /// The latest messages, the newest first.
    pub latest: &'a [Headline],
    /// The unacknowledged emergencies, the newest first.
    pub emergencies: &'a [Headline],
    /// Whether this program starts at login.
    pub autostart: bool,
    /// Whether the program with the window is installed.
    pub window: bool,
    /// Whether a test message can be sent.
    pub test_message: bool,
    /// Whether a terminal is installed, to sign in with.
    pub terminal: bool,
}

/// A message in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    /// Which message.
    pub id: MessageId,
    /// Its title or first words, and its application.
    pub name: Name,
    /// When it was sent or, if that is not known, recorded; in words, local time: `14:05`, `yesterday 22:15`.
    pub sent: String,
    /// How often it was repeated, in words, if it is an emergency that was: `repeated 5 times, last 12:18`.
    pub repeats: Option<String>,
    /// Whether it is unread.
    pub unread: bool,
}
