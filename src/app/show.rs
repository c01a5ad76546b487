//! Shows the user that this program is there, and how things stand: in its window or, without one, in a notice.
//!
//! Invariant: at most one such notice is on the screen, and whoever asks on a terminal is told there, too.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Shared;
use crate::desktop::window;
use crate::domain::notice::{Notice, NoticeEvent, NoticeId};
use crate::domain::status::Status;
use crate::ports::{Notifier, SecretStore};

/// The notice that says how things stand.
#[derive(Debug, Default)]
pub(super) struct StateNotice {
    /// One asks after the other, so that the second replaces what the first showed.
    turn: tokio::sync::Mutex<()>,
    on_screen: Mutex<Option<NoticeId>>,
}

impl StateNotice {
    /// Takes note of what happened to notices.
    pub(super) fn follow(&self, event: NoticeEvent) {
        let gone = match event {
            NoticeEvent::Chosen(id, _) | NoticeEvent::Dismissed(id) | NoticeEvent::Gone(id) => Some(id),
            // Another server counts from the start: the number may be somebody else's notice.
            NoticeEvent::Returned => None,
        };
        let mut on_screen = self.on_screen();
        if gone.is_none() || gone == *on_screen {
            *on_screen = None;
        }
    }

    fn on_screen(&self) -> MutexGuard<'_, Option<NoticeId>> {
        self.on_screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    /// Shows how things stand, and says it in words.
    pub(super) async fn show(&self) -> String {
        let status = self.status.borrow().clone();
        if window::is_installed() {
            match window::open() {
                Ok(()) => return sentence(&status),
                Err(error) => tracing::warn!("the window cannot be opened: {error}"),
            }
        }
        let _turn = self.state_notice.turn.lock().await;
        let mut notice = Notice::about_handover(&status.to_string(), &details(&status).join("\n"));
        notice.replaces = *self.state_notice.on_screen();
        match self.notifier().show(&notice).await {
            Ok(id) => *self.state_notice.on_screen() = Some(id),
            Err(error) => tracing::warn!("the state cannot be shown: {error}"),
        }
        sentence(&status)
    }
}

/// What whoever starts this program a second time is told.
pub(super) fn sentence(status: &Status) -> String {
    let sentences: Vec<_> =
        [format!("already running: {status}")].into_iter().chain(status.problems()).collect();
    sentences.join("; ")
}

/// What there is to say besides the sentence.
fn details(status: &Status) -> Vec<String> {
    let hint = |hint: Option<&str>| hint.map(|hint| format!("hint: {hint}"));
    let mut lines: Vec<_> = hint(status.link.hint()).into_iter().collect();
    for (problem, advice) in status.problems().into_iter().zip(status.hints()) {
        lines.push(problem);
        lines.extend(hint(advice));
    }
    lines.extend(status.licence.map(|licence| licence.to_string()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::DeviceName;
    use crate::domain::notice::NoticeAction;
    use crate::domain::status::{Cause, LinkState, Trouble};

    #[test]
    fn what_is_wrong_is_said_with_what_to_do() {
        let mut status = Status { link: LinkState::Connected, ..Status::default() };
        status.device = DeviceName::new("desk");
        assert_eq!(sentence(&status), "already running: Connected as desk");
        assert!(details(&status).is_empty());
        status.link = LinkState::Displaced;
        status.set_trouble(Trouble::Storage, Some(Cause::new("the disk is full", "make room")));
        assert_eq!(
            sentence(&status),
            "already running: Stopped: this device is connected from somewhere else; messages cannot be saved: \
             the disk is full"
        );
        assert_eq!(
            details(&status),
            [
                "hint: take the connection back with `handover sync`",
                "messages cannot be saved: the disk is full",
                "hint: make room",
            ]
        );
    }

    #[test]
    fn only_a_notice_that_is_there_is_replaced() {
        let notice = StateNotice::default();
        let after = |event| {
            *notice.on_screen() = Some(NoticeId(7));
            notice.follow(event);
            *notice.on_screen()
        };
        assert_eq!(after(NoticeEvent::Gone(NoticeId(6))), Some(NoticeId(7)));
        assert_eq!(after(NoticeEvent::Gone(NoticeId(7))), None);
        assert_eq!(after(NoticeEvent::Dismissed(NoticeId(7))), None);
        assert_eq!(after(NoticeEvent::Chosen(NoticeId(7), NoticeAction::Default)), None);
        assert_eq!(after(NoticeEvent::Returned), None);
    }
}
