//! The actions of a notice by the words that go to a notification server and come back.
//!
//! Invariant: a word that comes back and is none of these means nothing.

use crate::domain::notice::NoticeAction;

/// The word for an action.
pub(super) fn key(action: NoticeAction) -> &'static str {
    match action {
        NoticeAction::Default => "default",
        NoticeAction::OpenLink => "open-link",
        NoticeAction::Acknowledge => "acknowledge",
        NoticeAction::MarkRead => "mark-read",
        NoticeAction::SignIn => "sign-in",
        NoticeAction::TakeBack => "take-back",
    }
}

/// The action a word stands for.
pub(super) fn action(key: &str) -> Option<NoticeAction> {
    let all = [
        NoticeAction::Default,
        NoticeAction::OpenLink,
        NoticeAction::Acknowledge,
        NoticeAction::MarkRead,
        NoticeAction::SignIn,
        NoticeAction::TakeBack,
    ];
    all.into_iter().find(|action| self::key(*action) == key)
}
