//! A notifier on a private bus, and what all tests check.

use std::time::Duration;

use handover::desktop::notifier::freedesktop::{FreedesktopNotifier, Timeouts};
use handover::domain::notification::{Notification, NotificationEvent, NotificationId};
use handover::domain::text::Text;
use handover::ports::{Notifier, ShowError};
use tokio::time::timeout;

use crate::support::bus::Bus;

pub(crate) fn notifier(bus: &Bus) -> FreedesktopNotifier {
    FreedesktopNotifier::new(Some(bus.address().to_owned()))
}

/// A notifier with short time limits.
pub(crate) fn hasty_notifier(bus: &Bus) -> FreedesktopNotifier {
    let timeouts = Timeouts {
        reply: Duration::from_secs(1),
        show: Duration::from_secs(1),
        first_retry: Duration::from_millis(20),
        longest_retry: Duration::from_millis(40),
    };
    FreedesktopNotifier::with_timeouts(Some(bus.address().to_owned()), timeouts)
}

pub(crate) fn notification(html: &str) -> Notification {
    Notification { body: Text::from_html(html), ..Notification::about_handover("title", "") }
}

pub(crate) async fn next_event(notifier: &FreedesktopNotifier) -> NotificationEvent {
    timeout(Duration::from_secs(10), notifier.next_event()).await.expect("an event comes within 10 s")
}

/// The events so far, once everything that the bus sent was read.
pub(crate) async fn events_so_far(notifier: &FreedesktopNotifier) -> Vec<NotificationEvent> {
    // The reply arrives after every signal that the server sent before it.
    notifier.show(&notification("")).await.expect("a notification to wait for");
    let mut events = Vec::new();
    while let Ok(event) = timeout(Duration::ZERO, notifier.next_event()).await {
        events.push(event);
    }
    events
}

pub(crate) fn is_no_server(outcome: &Result<NotificationId, ShowError>) -> bool {
    outcome.as_ref().is_err_and(ShowError::is_unavailable)
}
