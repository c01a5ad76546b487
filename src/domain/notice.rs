//! What is put on the desktop for a message, and what comes back from it.
//!
//! Invariant: a notice holds text, never markup; escaping belongs to whoever knows the notification server.

use std::path::PathBuf;

use super::message::{Receipt, Seq};
use super::text::Text;

/// The notification server's own id of a notice on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeId(pub u32);

/// How loudly the desktop is asked to show a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// In passing.
    Low,
    /// As usual.
    Normal,
    /// Above everything, also when the desktop is set not to disturb.
    Critical,
}

/// Something a notice offers to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeAction {
    /// A click on the notice itself.
    Default,
    /// Open the link the message came with.
    OpenLink,
    /// Acknowledge this emergency.
    Acknowledge,
    /// Take note of it, and no more.
    MarkRead,
    /// Sign in, in a terminal of its own.
    SignIn,
    /// Take the connection back from the session that displaced this one.
    TakeBack,
}

/// One desktop notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// A notice on the screen that this one takes the place of.
    pub replaces: Option<NoticeId>,
    /// One line of plain text.
    pub title: String,
    /// The text under it.
    pub body: Text,
    /// How loudly.
    pub urgency: Urgency,
    /// Whether it stays until the user sees to it.
    pub resident: bool,
    /// Whether a sound is out of place.
    pub silent: bool,
    /// What to play, unless it is silent; `None` leaves it to the desktop.
    pub sound: Option<PathBuf>,
    /// A picture beside the text; `None` is this program's own.
    pub icon: Option<PathBuf>,
    /// What it offers, with the words for it.
    pub actions: Vec<(NoticeAction, String)>,
}

impl Notice {
    /// A notice that says something about this program itself, without a sound.
    pub fn about_handover(title: &str, body: &str) -> Self {
        Self {
            replaces: None,
            title: title.to_owned(),
            body: Text::from_plain(body),
            urgency: Urgency::Normal,
            resident: false,
            silent: true,
            sound: None,
            icon: None,
            actions: Vec::new(),
        }
    }
}

/// A notice of messages that an earlier process put on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftNotice {
    /// Its id at the notification server.
    pub id: NoticeId,
    /// The messages it stands for, in ascending order.
    pub seqs: Vec<Seq>,
    /// The emergency it is about, if it is about one.
    pub receipt: Option<Receipt>,
    /// When it is not worth showing any more, unix seconds.
    pub expires: Option<i64>,
}

/// What happened to a notice, or to the server that shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeEvent {
    /// The user chose an action.
    Chosen(NoticeId, NoticeAction),
    /// The user closed it.
    Dismissed(NoticeId),
    /// It left the screen without the user.
    Gone(NoticeId),
    /// A notification server is there (again): what could not be shown may be shown now.
    Returned,
}
