//! Shows the user that this program is there, and how things stand: in its window or, without one, in a notification.
//!
//! Invariant: at most one such notification is on the screen, and whoever asks on a terminal is told there, too.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::daemon::shared::Shared;
use crate::desktop::programs::window;
use crate::domain::notification::{Notification, NotificationEvent, NotificationId};
use crate::domain::status::Status;
use crate::ports::{Notifier, SecretStore};

/// The notification that says how things stand.
#[derive(Debug, Default)]
pub(in crate::daemon) struct StateNotification {
    /// One asks after the other, so that the second replaces what the first showed.
    turn: tokio::sync::Mutex<()>,
    on_screen: Mutex<Option<NotificationId>>,
}

impl StateNotification {
    /// Takes note of what happened to notifications.
    pub(in crate::daemon) fn follow(&self, event: NotificationEvent) {
        let gone = match event {
            NotificationEvent::ActionInvoked(id, _)
            | NotificationEvent::Dismissed(id)
            | NotificationEvent::Closed(id) => Some(id),
            // Another server counts from the start: the number may be somebody else's notification.
            NotificationEvent::ServerAvailable => None,
        };
        let mut on_screen = self.on_screen();
        if gone.is_none() || gone == *on_screen {
            *on_screen = None;
        }
    }

    fn on_screen(&self) -> MutexGuard<'_, Option<NotificationId>> {
        self.on_screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    /// Shows the status, and returns it in words.
    pub(in crate::daemon) async fn show(&self) -> String {
        let status = self.status.borrow().clone();
        if window::is_installed() {
            match window::open() {
                Ok(()) => return sentence(&status),
                Err(error) => tracing::warn!("the window cannot be opened: {error}"),
            }
        }
        let _turn = self.state_notification.turn.lock().await;
        let before = *self.state_notification.on_screen();
        let shown = show_status(self.notifier(), &status, before).await;
        *self.state_notification.on_screen() = shown;
        sentence(&status)
    }
}

/// Shows the status in a notification, in the place of the one before; the one on the screen then.
pub(in crate::daemon) async fn show_status<N: Notifier>(
    notifier: &N,
    status: &Status,
    before: Option<NotificationId>,
) -> Option<NotificationId> {
    let mut notification = Notification::about_handover(&status.to_string(), &details(status).join("\n"));
    notification.replaces = before;
    match notifier.show(&notification).await {
        Ok(id) => Some(id),
        Err(error) => {
            tracing::warn!("the status cannot be shown: {error}");
            before
        }
    }
}

/// What a second start of this program prints.
pub(in crate::daemon) fn sentence(status: &Status) -> String {
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
    use crate::domain::notification::NotificationAction;
    use crate::domain::status::{Cause, Issue, LinkState};

    #[test]
    fn what_is_wrong_is_said_with_what_to_do() {
        let mut status = Status { link: LinkState::Connected, ..Status::default() };
        status.device = DeviceName::new("desk");
        assert_eq!(sentence(&status), "already running: Connected as desk");
        assert!(details(&status).is_empty());
        status.link = LinkState::Displaced;
        status.set_issue(Issue::Storage, Some(Cause::new("the disk is full", "make room")));
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
    fn only_a_notification_that_is_there_is_replaced() {
        let notification = StateNotification::default();
        let after = |event| {
            *notification.on_screen() = Some(NotificationId(7));
            notification.follow(event);
            *notification.on_screen()
        };
        assert_eq!(after(NotificationEvent::Closed(NotificationId(6))), Some(NotificationId(7)));
        assert_eq!(after(NotificationEvent::Closed(NotificationId(7))), None);
        assert_eq!(after(NotificationEvent::Dismissed(NotificationId(7))), None);
        assert_eq!(
            after(NotificationEvent::ActionInvoked(NotificationId(7), NotificationAction::Default)),
            None
        );
        assert_eq!(after(NotificationEvent::ServerAvailable), None);
    }
}
