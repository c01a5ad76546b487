//! Notifications in which the user reads messages: one with its whole text, or many in a list.
//!
//! Invariant: no ciphertext is shown, and no link that may not be opened; such a notification makes no sound, and stays until
//! the user handles it.

mod list;
mod message;

pub use list::{List, list_messages, messages};
pub use message::{is_cut, message};

use crate::domain::notification::{Notification, NotificationAction, Urgency};
use crate::domain::text::Text;

/// A notification with this text, in as many parts as it takes where so much of a text is shown. The last one has the link and
/// the actions.
fn in_parts(notification: &Notification, text: &Text, limit: usize) -> Vec<Notification> {
    let mut parts = text.split(limit);
    if parts.is_empty() {
        parts.push(Text::default());
    }
    let count = parts.len();
    let numbered = |number: usize, title: &str| {
        if count == 1 { title.to_owned() } else { format!("({number}/{count}) {title}") }
    };
    let of_part = |(number, body): (usize, Text)| {
        let is_last = number == count;
        let actions =
            notification.actions.iter().filter(|(action, _)| *action != NotificationAction::ShowText);
        Notification {
            replaces: None,
            emergency: None,
            title: numbered(number, &notification.title),
            title_beside_app: notification.title_beside_app.as_deref().map(|title| numbered(number, title)),
            body,
            is_list: false,
            is_cut: false,
            part: (count > 1).then_some(number),
            link: notification.link.clone().filter(|_| is_last),
            urgency: Urgency::Normal,
            resident: true,
            silent: true,
            sound: None,
            actions: actions.filter(|_| is_last).cloned().collect(),
            ..notification.clone()
        }
    };
    (1..).zip(parts).map(of_part).collect()
}
