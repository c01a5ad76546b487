//! What the notification of an emergency says once somebody acknowledged it.
//!
//! Invariant: it no longer stays in front of others, and makes no sound.

use crate::domain::notification::{Notification, Urgency};
use crate::domain::text::Span;

/// Where an emergency was acknowledged, as far as that is known.
#[derive(Clone, Copy, Debug)]
pub enum Acknowledged<'a> {
    /// Here, and when in words.
    HereAt(Option<&'a str>),
    /// On another device; the service does not tell which one, and when.
    Elsewhere,
    /// Here or on another device.
    Somewhere,
}

/// Says on the notification of an emergency that it was acknowledged, and where. It is over, so it no longer stays in front
/// of others.
pub(super) fn say_acknowledged(notification: &mut Notification, acknowledged: Acknowledged<'_>) {
    let words = match acknowledged {
        Acknowledged::HereAt(Some(when)) => format!("Acknowledged here at {when}"),
        Acknowledged::HereAt(None) => "Acknowledged here".to_owned(),
        Acknowledged::Elsewhere => "Acknowledged on another device".to_owned(),
        Acknowledged::Somewhere => "Acknowledged".to_owned(),
    };
    notification.body.push_line(Span::plain(words));
    (notification.urgency, notification.resident) = (Urgency::High, false);
    (notification.silent, notification.sound) = (true, None);
}
