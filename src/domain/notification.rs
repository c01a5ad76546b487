//! Notifications on the desktop, and the events they cause.
//!
//! Invariant: a notification holds text, never markup; the adapter of the notification server escapes it.

use std::fmt;
use std::path::PathBuf;

use super::message::{Receipt, Seq};
use super::text::{Span, Text};

/// The longest activation token, in bytes; desktops use a few dozen.
const MAX_TOKEN: usize = 1_024;

/// The longest text of the notification that announces a message, in characters. The user can open the whole text.
pub const LONGEST_TEXT: usize = 1_000;

/// How much of a text is shown if the notification server is not known to cut it, see [`Text::fits`]: about a
/// screenful.
pub const SCREENFUL: usize = 3_500;

/// The notification server's own id of a notification on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NotificationId(pub u32);

/// How prominently the desktop is asked to show a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Unobtrusively.
    Low,
    /// As usual.
    Normal,
    /// Noticeably, but without hiding later notifications.
    High,
    /// Above everything, even in "do not disturb" mode, until the user handles it.
    Critical,
}

/// An action that a notification offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotificationAction {
    /// A click on the notification itself.
    Default,
    /// Open the link the message came with.
    OpenLink,
    /// Acknowledge this emergency.
    Acknowledge,
    /// Show the whole text of its messages.
    ShowText,
    /// Mark it as read, and nothing else.
    MarkRead,
    /// Sign in, in a terminal of its own.
    SignIn,
    /// Take the connection back from the session that displaced this one.
    TakeBack,
    /// Mute the application for an hour.
    MuteForAnHour,
    /// Mute the application until the user removes the rule.
    Mute,
}

/// One desktop notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// A notification on the screen that this one replaces.
    pub replaces: Option<NotificationId>,
    /// The application whose messages it is about; `None` when there are several, or none.
    pub app: Option<String>,
    /// The emergency it is about, if it is about one. Other messages must never displace it.
    pub emergency: Option<Receipt>,
    /// One line of plain text.
    pub title: String,
    /// The title for a server that shows the application's name beside it; `None` if it is the same.
    pub title_beside_app: Option<String>,
    /// The text under it.
    pub body: Text,
    /// Whether each line of the text is a message.
    pub is_list: bool,
    /// Whether a part of its messages is left out.
    pub is_cut: bool,
    /// The number of the part that it shows, counted from 1, if a text is split over several notifications.
    pub part: Option<usize>,
    /// The line with its link, for servers that do not show the button that opens it.
    pub link: Option<Span>,
    /// How prominent it is.
    pub urgency: Urgency,
    /// Whether it stays until the user handles it.
    pub resident: bool,
    /// Whether no sound is played.
    pub silent: bool,
    /// What to play, unless it is silent; `None` leaves it to the desktop.
    pub sound: Option<PathBuf>,
    /// A picture beside the text; `None` is this program's own.
    pub icon: Option<PathBuf>,
    /// The actions it offers, with their labels.
    pub actions: Vec<(NotificationAction, String)>,
}

impl Notification {
    /// A silent notification about this program itself.
    pub fn about_handover(title: &str, body: &str) -> Self {
        Self {
            replaces: None,
            app: None,
            emergency: None,
            title: title.to_owned(),
            title_beside_app: None,
            body: Text::from_plain(body),
            is_list: false,
            is_cut: false,
            part: None,
            link: None,
            urgency: Urgency::Normal,
            resident: false,
            silent: true,
            sound: None,
            icon: None,
            actions: Vec::new(),
        }
    }

    /// The actions and their labels on a server that shows this much of a text, see [`Text::fits`]. Showing the whole
    /// text is offered only if the notification does not already do so, and then a click on the notification does the
    /// same.
    pub fn offered(&self, text_limit: usize) -> Vec<(NotificationAction, &str)> {
        let is_whole = !self.is_cut && self.body.fits(text_limit);
        let show_text = self.actions.iter().find(|(action, _)| *action == NotificationAction::ShowText);
        let show_text = show_text.map(|(_, label)| label.as_str()).filter(|_| !is_whole);
        let offered = self.actions.iter().filter_map(|(action, label)| {
            let label = match action {
                NotificationAction::ShowText => show_text?,
                NotificationAction::Default => show_text.unwrap_or(label),
                NotificationAction::OpenLink
                | NotificationAction::Acknowledge
                | NotificationAction::MarkRead
                | NotificationAction::SignIn
                | NotificationAction::TakeBack
                | NotificationAction::MuteForAnHour
                | NotificationAction::Mute => label,
            };
            Some((*action, label))
        });
        offered.collect()
    }

    /// The text with its link, for a desktop without buttons.
    pub fn body_with_link(&self) -> Text {
        let mut body = self.body.clone();
        if let Some(link) = &self.link {
            body.push_line(link.clone());
        }
        body
    }
}

/// A notification of messages that an earlier process showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftoverNotification {
    /// Its id at the notification server.
    pub id: NotificationId,
    /// The messages it is about, in ascending order.
    pub seqs: Vec<Seq>,
    /// The emergency it is about, if it is about one.
    pub receipt: Option<Receipt>,
    /// When its messages expire, in unix seconds.
    pub expires: Option<i64>,
}

/// The token that the desktop sends with a click. A program that is opened with it may come to the front. It is valid
/// once.
#[derive(Clone, PartialEq, Eq)]
pub struct ActivationToken(String);

impl ActivationToken {
    /// The token, if it fits into an environment variable.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=MAX_TOKEN).contains(&text.len()) && !text.contains(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    /// The token, for the program that is opened.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ActivationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActivationToken(redacted)")
    }
}

/// What happened to a notification, or to the notification server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotificationEvent {
    /// The token for the program that the next action opens.
    Activated(NotificationId, ActivationToken),
    /// The user chose an action.
    ActionInvoked(NotificationId, NotificationAction),
    /// The user closed the notification.
    Dismissed(NotificationId),
    /// A program closed the notification.
    Closed(NotificationId),
    /// The notification left the screen although neither the user nor a program closed it: the server dropped it, or
    /// ended.
    Expired(NotificationId),
    /// The notification's id changed from the first to the second one, without the user: it made way for an emergency,
    /// or was shown anew instead of being replaced.
    Moved(NotificationId, NotificationId),
    /// A notification server started or can be reached again, so messages that could not be shown can be shown now.
    ServerAvailable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_text_is_offered_only_if_the_notification_does_not_show_it() {
        let actions = [NotificationAction::Default, NotificationAction::ShowText];
        let actions = actions.map(|action| (action, format!("{action:?}"))).to_vec();
        for (is_cut, length, is_offered) in
            [(false, 10, false), (false, 100, true), (true, 10, true), (true, 100, true)]
        {
            let about = Notification::about_handover("Backup", &"a".repeat(length));
            let notification = Notification { is_cut, actions: actions.clone(), ..about };
            let offered = notification.offered(50);
            let show_text = (NotificationAction::ShowText, "ShowText");
            assert_eq!(offered.contains(&show_text), is_offered, "{is_cut} {length}");
            let click = if is_offered { "ShowText" } else { "Default" };
            assert_eq!(offered.first(), Some(&(NotificationAction::Default, click)), "{is_cut} {length}");
        }
    }
}
