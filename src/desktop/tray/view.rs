//! What the tray shows, as a value made from how things stand.
//!
//! Invariant: equal circumstances make equal views, so what did not change is not shown again.

use crate::domain::message::MessageId;
use crate::domain::pause::PauseSpan;
use crate::domain::status::Status;

/// All that the tray shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrayView {
    /// Which icon.
    pub icon: Icon,
    /// The state in words, for whoever rests the mouse on it.
    pub tooltip: String,
    /// The menu, from the top.
    pub menu: Vec<Entry>,
}

/// What the icon tells from afar; the first of these that is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Only the user can mend it: not signed in, refused, displaced, or a trouble.
    Attention,
    /// There is a pause.
    Paused,
    /// No connection at the moment.
    Offline,
    /// Messages, or an emergency, wait for the user.
    Unread,
    /// Connected, nothing to see to.
    Connected,
}

/// One line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Words that cannot be chosen.
    Label(String),
    /// Something to choose.
    Item(String, Choice),
    /// Something that is on or off.
    Check {
        /// The words.
        label: String,
        /// Whether it is on.
        on: bool,
        /// What choosing it means.
        choice: Choice,
    },
    /// More of them, one level down.
    Submenu(String, Vec<Self>),
    /// A line between groups.
    Separator,
}

/// What the user can choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Open the message's link, or without one mark it as read.
    Open(MessageId),
    /// Acknowledge the emergency this message is about.
    Acknowledge(MessageId),
    /// Show nothing for a while.
    Pause(PauseSpan),
    /// End the pause.
    Resume,
    /// Show the window with all messages; or, without one, how things stand (also a click on the icon itself).
    Show,
    /// Sign in, in a terminal of its own.
    SignIn,
    /// Take the connection back from the session that displaced this one.
    TakeBack,
    /// Start at login, or do not.
    Autostart(bool),
    /// Stop.
    Quit,
}

/// All that a view is made from.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    /// How things stand.
    pub status: &'a Status,
    /// The time, unix seconds.
    pub unix: i64,
    /// The latest messages, the newest first.
    pub latest: &'a [Headline],
    /// The emergencies that nobody acknowledged yet, the newest first.
    pub emergencies: &'a [Headline],
    /// Whether this program starts at login.
    pub autostart: bool,
    /// Whether the program with the window is installed.
    pub window: bool,
    /// Whether there is a terminal to sign in with.
    pub terminal: bool,
}

/// A message in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    /// Which message.
    pub id: MessageId,
    /// Its title, or else the application; one line.
    pub title: String,
    /// The application.
    pub app: String,
    /// When it was sent or, if that is not known, recorded; unix seconds.
    pub sent: i64,
    /// Whether the user has seen to it.
    pub read: bool,
}
