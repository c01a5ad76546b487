//! Shows the daemon's status and the unread messages in a notification, for desktops without the window.
//!
//! Invariant: at most one such notification is on the screen.

use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

use crate::domain::notification::{Notification, NotificationAction, NotificationEvent, NotificationId};
use crate::domain::status::Status;
use crate::domain::text::Span;
use crate::engine::announce::reading::List;
use crate::ports::{Notifier, ShowError};

/// How long a request to show the status waits for the notification server.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The longest title that every server shows in full.
const TITLE_LIMIT: usize = 40;

/// The notification that shows the status.
#[derive(Debug, Default)]
pub(in crate::daemon) struct StatusNotification {
    /// Held while the status is being shown, so that each caller replaces what the previous one showed.
    turn: Mutex<()>,
    on_screen: watch::Sender<Option<NotificationId>>,
}

impl StatusNotification {
    /// Forgets the notification when it has left the screen.
    pub(in crate::daemon) fn follow(&self, event: &NotificationEvent) {
        let gone = match event {
            NotificationEvent::ActionInvoked(id, _)
            | NotificationEvent::Dismissed(id)
            | NotificationEvent::Closed(id)
            | NotificationEvent::Expired(id) => Some(*id),
            NotificationEvent::Activated(..) => return,
            NotificationEvent::Moved(before, now) => {
                self.on_screen.send_if_modified(|on_screen| {
                    let is_it = *on_screen == Some(*before);
                    if is_it {
                        *on_screen = Some(*now);
                    }
                    is_it
                });
                return;
            }
            // A new server numbers from the start, so the id may belong to another program's notification.
            NotificationEvent::ServerAvailable => None,
        };
        self.on_screen.send_if_modified(|on_screen| {
            on_screen.take_if(|on_screen| gone.is_none_or(|gone| gone == *on_screen)).is_some()
        });
    }

    /// Shows the status and the unread messages in place of the previous notification; returns the one now on the
    /// screen.
    pub(in crate::daemon) async fn show<N: Notifier>(
        &self,
        notifier: &N,
        status: &Status,
        unread: &List,
    ) -> Option<NotificationId> {
        let _turn = self.turn.lock().await;
        let before = *self.on_screen.borrow();
        let shown = show_status(notifier, status, unread, before).await;
        self.on_screen.send_replace(shown);
        shown
    }

    /// Closes the notification before the daemon ends: the status would be wrong, and nothing would react to its buttons.
    pub(in crate::daemon) async fn close<N: Notifier>(&self, notifier: &N) {
        if let Some(id) = self.on_screen.send_replace(None) {
            notifier.close(id).await;
        }
    }
}

/// Shows the status with this list under it, in place of the previous notification; returns the one now on the screen.
pub(in crate::daemon) async fn show_status<N: Notifier>(
    notifier: &N,
    status: &Status,
    unread: &List,
    before: Option<NotificationId>,
) -> Option<NotificationId> {
    let (title, rest) = title_and_rest(&status.to_string());
    let lines: Vec<_> = rest.into_iter().chain(details(status)).collect();
    let mut notification = Notification::about_handover(&title, &lines.join("\n"));
    let mut body = notification.body.clone();
    if !unread.text.is_empty() {
        body.push_line(Span::plain(""));
    }
    for span in unread.text.spans() {
        body.push(span.clone());
    }
    notification.body = body;
    // A list is read for longer than a server shows a notification.
    notification.resident = !unread.whole.is_empty();
    if !unread.whole.is_empty() {
        notification.actions = vec![(NotificationAction::MarkRead, "Mark as read".to_owned())];
    }
    notification.replaces = before;
    let shown = timeout(TIMEOUT, notifier.show(&notification)).await;
    match shown
        .unwrap_or_else(|_| Err(ShowError::NoServer("the notification server does not respond".into())))
    {
        Ok(id) => Some(id),
        Err(error) => {
            tracing::warn!("the status cannot be shown: {error}");
            before
        }
    }
}

/// Splits the status into a title that every server shows in full, and the rest. Otherwise a server that truncates the title
/// would show the status twice: truncated in the title and complete in the body.
fn title_and_rest(status: &str) -> (String, Option<String>) {
    let end = status
        .match_indices(", ")
        .map(|(at, _)| at)
        .chain([status.len()])
        .take_while(|end| *end <= TITLE_LIMIT)
        .last();
    let first = || status.find(", ").unwrap_or(status.len());
    let (title, rest) = status.split_at(end.unwrap_or_else(first));
    (title.to_owned(), rest.strip_prefix(", ").map(str::to_owned))
}

/// The sentence that a second start of this program prints.
pub(in crate::daemon) fn sentence(status: &Status) -> String {
    let sentences: Vec<_> =
        [format!("already running: {status}")].into_iter().chain(status.problems()).collect();
    sentences.join("; ")
}

/// The hints and problems that follow the sentence.
pub(in crate::daemon) fn details(status: &Status) -> Vec<String> {
    let hint = |hint: Option<&str>| hint.map(|hint| format!("hint: {hint}"));
    let mut lines: Vec<_> = hint(status.link_hint()).into_iter().collect();
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
    use crate::domain::status::{Cause, Issue, LinkState};

    #[test]
    fn problems_are_shown_with_their_hints() {
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
    fn what_does_not_fit_into_the_title_is_the_first_line() {
        let emergency = "1 emergency to acknowledge";
        for (status, title, rest) in [
            ("Connected as desk, 2 unread", "Connected as desk, 2 unread", None),
            (
                "Connected as desk, 2 unread, 1 emergency to acknowledge",
                "Connected as desk, 2 unread",
                Some(emergency),
            ),
            (
                "Stopped: this device is connected from somewhere else, 1 emergency to acknowledge",
                "Stopped: this device is connected from somewhere else",
                Some(emergency),
            ),
            ("Stopped: the service refuses this device", "Stopped: the service refuses this device", None),
        ] {
            assert_eq!(title_and_rest(status), (title.to_owned(), rest.map(str::to_owned)));
        }
    }

    #[test]
    fn only_a_notification_on_the_screen_is_replaced() {
        let notification = StatusNotification::default();
        let after = |event| {
            notification.on_screen.send_replace(Some(NotificationId(7)));
            notification.follow(&event);
            *notification.on_screen.borrow()
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
