//! The lines of the tray's menu.
//!
//! Invariant: a line carries what it means, so it never depends on its position.

use crate::domain::message::MessageId;
use crate::domain::pause::PauseSpan;

/// One line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Text that cannot be chosen.
    Label(String),
    /// A command.
    Item(String, Choice),
    /// A setting that is on or off.
    Check {
        /// The text.
        label: String,
        /// Whether it is on.
        on: bool,
        /// What choosing it means.
        choice: Choice,
    },
    /// A submenu.
    Submenu(String, Vec<Self>),
    /// A line between two groups.
    Separator,
}

/// What the user can choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Open the message's link; a message without one is marked as read.
    Open(MessageId),
    /// Mark all messages as read.
    MarkAllRead,
    /// Acknowledge the emergency this message is about.
    Acknowledge(MessageId),
    /// Pause notifications.
    Pause(PauseSpan),
    /// End the pause.
    Resume,
    /// Show the window with all messages or, without one, the status and what is unread. A click on the icon does the same.
    Show,
    /// Sign in, in a new terminal window.
    SignIn,
    /// Take the connection back from the session that displaced this one.
    TakeBack,
    /// Switch starting at login on or off.
    Autostart(bool),
    /// Send a test message to the user.
    SendTest,
    /// Stop the daemon.
    Quit,
}
