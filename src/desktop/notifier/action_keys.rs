//! The keys by which a notification server knows the actions of a notification.
//!
//! Invariant: any other key that a server sends is ignored.

use crate::domain::notification::NotificationAction;

/// The key of an action.
pub(super) fn key(action: NotificationAction) -> &'static str {
    match action {
        NotificationAction::Default => "default",
        NotificationAction::OpenLink => "open-link",
        NotificationAction::Acknowledge => "acknowledge",
        NotificationAction::ShowText => "show-text",
        NotificationAction::MarkRead => "mark-read",
        NotificationAction::SignIn => "sign-in",
        NotificationAction::TakeBack => "take-back",
        NotificationAction::MuteForAnHour => "mute-for-an-hour",
        NotificationAction::Mute => "mute",
    }
}

/// The action with this key.
pub(super) fn action(key: &str) -> Option<NotificationAction> {
    let all = [
        NotificationAction::Default,
        NotificationAction::OpenLink,
        NotificationAction::Acknowledge,
        NotificationAction::ShowText,
        NotificationAction::MarkRead,
        NotificationAction::SignIn,
        NotificationAction::TakeBack,
        NotificationAction::MuteForAnHour,
        NotificationAction::Mute,
    ];
    all.into_iter().find(|action| self::key(*action) == key)
}
