//! The actions of a notification by the words that go to a notification server and come back.
//!
//! Invariant: a word that comes back and is none of these means nothing.

use crate::domain::notification::NotificationAction;

/// The word for an action.
pub(super) fn key(action: NotificationAction) -> &'static str {
    match action {
        NotificationAction::Default => "default",
        NotificationAction::OpenLink => "open-link",
        NotificationAction::Acknowledge => "acknowledge",
        NotificationAction::MarkRead => "mark-read",
        NotificationAction::SignIn => "sign-in",
        NotificationAction::TakeBack => "take-back",
    }
}

/// The action a word stands for.
pub(super) fn action(key: &str) -> Option<NotificationAction> {
    let all = [
        NotificationAction::Default,
        NotificationAction::OpenLink,
        NotificationAction::Acknowledge,
        NotificationAction::MarkRead,
        NotificationAction::SignIn,
        NotificationAction::TakeBack,
    ];
    all.into_iter().find(|action| self::key(*action) == key)
}
