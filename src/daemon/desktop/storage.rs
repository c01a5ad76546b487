//! The notification that says that messages cannot be saved; on the screen for as long as that is so.
//!
//! Invariant: there is at most one, and every notification server that comes shows it. Short interruptions, as while another
//! program uses the message log, are not reported.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::daemon::shared::Shared;
use crate::domain::notification::{Notification, NotificationId, Urgency};
use crate::domain::status::{Cause, Issue};
use crate::ports::{Notifier, SecretStore};
use crate::system::clock;

/// How long it lasts before it is reported.
const DELAY: Duration = Duration::from_secs(5);

/// When to try again to show it.
const RETRY: Duration = Duration::from_mins(1);

/// Reports until the daemon stops.
pub(in crate::daemon) async fn report<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let mut status = shared.status.subscribe();
    let mut servers = shared.notification_servers.subscribe();
    let mut due: Option<Instant> = None;
    let mut notification: Option<NotificationId> = None;
    // Whether it has lasted long enough.
    let mut is_reported = false;
    loop {
        let cause = cause(&shared);
        if cause.is_none() {
            (due, is_reported) = (None, false);
            if let Some(notification) = notification.take() {
                shared.notifier().close(notification).await;
            }
        } else if notification.is_none() {
            due.get_or_insert_with(|| clock::instant() + DELAY);
        }
        tokio::select! {
            biased;
            () = shared.stop().cancelled() => break,
            // The sender is there as long as the daemon.
            _ = status.changed() => {}
            _ = servers.changed() => {
                // It disappeared with the server that showed it, or there was none to show it.
                notification = None;
                if is_reported {
                    due = Some(clock::instant());
                }
            }
            () = clock::until(due) => {
                is_reported = true;
                let shown = show(&shared, cause.as_ref()).await;
                due = if shown.is_some() { None } else { Some(clock::instant() + RETRY) };
                notification = shown;
            }
        }
    }
    if let Some(notification) = notification {
        shared.notifier().close(notification).await;
    }
}

fn cause<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> Option<Cause> {
    let status = shared.status.borrow();
    status.issues.iter().find(|(issue, _)| *issue == Issue::Storage).map(|(_, cause)| cause.clone())
}

async fn show<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    cause: Option<&Cause>,
) -> Option<NotificationId> {
    let Cause { why, hint } = cause?;
    let hint = hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    let body = format!(
        "New messages are shown, but they are neither acknowledged nor deleted from the service until they can be saved.\n\
         error: {why}{hint}"
    );
    let mut notification = Notification::about_handover("Messages cannot be saved", &body);
    // An emergency has to be in front of it.
    (notification.urgency, notification.resident) = (Urgency::High, true);
    // Without a notification server there is nothing on the screen that it would explain.
    shared.notifier().show(&notification).await.ok()
}
