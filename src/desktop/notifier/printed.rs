//! Passes notifications to a function, where there is no notification server: for a demo in a terminal.
//!
//! Invariant: every notification is accepted, and none has events.

use std::future::{pending, ready};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::domain::notification::{Notification, NotificationEvent, NotificationId};
use crate::ports::{Notifier, ShowError};

/// Shows a notification by printing it.
pub struct PrintedNotifier {
    print: Box<dyn Fn(&Notification) + Send + Sync>,
    latest: AtomicU32,
}

impl PrintedNotifier {
    /// A notifier that calls `print` for each notification.
    pub fn new(print: impl Fn(&Notification) + Send + Sync + 'static) -> Self {
        Self { print: Box::new(print), latest: AtomicU32::new(0) }
    }
}

impl Notifier for PrintedNotifier {
    fn show(
        &self,
        notification: &Notification,
    ) -> impl Future<Output = Result<NotificationId, ShowError>> + Send {
        (self.print)(notification);
        let id = self.latest.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        ready(Ok(NotificationId(id)))
    }

    fn close(&self, _id: NotificationId) -> impl Future<Output = ()> + Send {
        ready(())
    }

    fn next_event(&self) -> impl Future<Output = NotificationEvent> + Send {
        pending()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn every_notification_is_printed_under_an_id_of_its_own() {
        let printed = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&printed);
        let notifier =
            PrintedNotifier::new(move |notification| lines.lock().unwrap().push(notification.title.clone()));
        let one = notifier.show(&Notification::about_handover("one", "")).await.unwrap();
        let two = notifier.show(&Notification::about_handover("two", "")).await.unwrap();
        assert!(two > one);
        assert_eq!(*printed.lock().unwrap(), ["one", "two"]);
    }
}
