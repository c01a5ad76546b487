//! Notifications about issues that need the user, each on the screen for as long as its issue lasts.
//!
//! Invariant: there is at most one for each issue, and it is shown again on every new notification server. Short
//! interruptions are not reported, for example while another program uses the message log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::daemon::shared::Shared;
use crate::domain::notification::{Notification, NotificationId, Urgency};
use crate::domain::status::{Cause, Issue};
use crate::ports::{Notifier, SecretStore};
use crate::system::clock;

/// When to try again to show it.
const RETRY: Duration = Duration::from_mins(1);

/// An issue that is reported, and its wording.
struct Reported {
    issue: Issue,
    /// How long the issue must last before it is reported.
    delay: Duration,
    title: &'static str,
    consequence: &'static str,
}

const STORAGE: Reported = Reported {
    issue: Issue::Storage,
    delay: Duration::from_secs(5),
    title: "Messages cannot be saved",
    consequence: "New messages are shown, but they are neither acknowledged nor deleted from the service until they can be \
                  saved.",
};

const SETTINGS: Reported = Reported {
    issue: Issue::Settings,
    // An editor may write the file in several steps.
    delay: Duration::from_secs(2),
    title: "There is a mistake in the settings",
    consequence: "The previous settings stay in use, but Handover will not start again until the file is corrected.",
};

const EMPTY_SETTINGS: Reported = Reported {
    issue: Issue::EmptySettings,
    delay: Duration::from_secs(2),
    title: "The settings file is empty",
    consequence: "It may have been lost.",
};

const REPAIRED: Reported = Reported {
    issue: Issue::Repaired,
    delay: Duration::ZERO,
    title: "The message log was damaged",
    consequence: "What the service still has is downloaded again.",
};

/// Reports until the daemon stops.
pub(in crate::daemon) async fn report<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    tokio::join!(
        report_one(&shared, &STORAGE),
        report_one(&shared, &REPAIRED),
        report_one(&shared, &SETTINGS),
        report_one(&shared, &EMPTY_SETTINGS)
    );
}

async fn report_one<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, reported: &Reported) {
    let mut status = shared.status.subscribe();
    let mut servers = shared.notification_servers.subscribe();
    let mut due: Option<Instant> = None;
    let mut notification: Option<NotificationId> = None;
    // The cause that was reported last.
    let mut last: Option<Cause> = None;
    loop {
        let cause = cause(shared, reported.issue);
        if cause.is_none() {
            (due, last) = (None, None);
            if let Some(notification) = notification.take() {
                shared.notifier().close(notification).await;
            }
        } else if last != cause {
            due.get_or_insert_with(|| clock::instant() + reported.delay);
        }
        tokio::select! {
            biased;
            () = shared.stop().cancelled() => break,
            // The sender is there as long as the daemon.
            _ = status.changed() => {}
            _ = servers.changed() => {
                // The notification is gone with its server, or was never shown.
                notification = None;
                if last.is_some() {
                    due = Some(clock::instant());
                }
            }
            () = clock::until(due) => {
                let shown = show(shared, reported, cause.as_ref(), notification).await;
                due = if shown.is_some() { None } else { Some(clock::instant() + RETRY) };
                (notification, last) = (shown, cause);
            }
        }
    }
    if let Some(notification) = notification {
        shared.notifier().close(notification).await;
    }
}

fn cause<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, wanted: Issue) -> Option<Cause> {
    let status = shared.status.borrow();
    status.issues.iter().find(|(issue, _)| *issue == wanted).map(|(_, cause)| cause.clone())
}

/// Shows the issue in place of the previous notification.
async fn show<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    reported: &Reported,
    cause: Option<&Cause>,
    before: Option<NotificationId>,
) -> Option<NotificationId> {
    let Cause { why, hint } = cause?;
    let hint = hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    let body = format!("{}\nerror: {why}{hint}", reported.consequence);
    let mut notification = Notification::about_handover(reported.title, &body);
    // Not critical, so that emergencies stay in front of it.
    (notification.urgency, notification.resident, notification.replaces) = (Urgency::High, true, before);
    // A failure is ignored: it is tried again on the next notification server.
    shared.notifier().show(&notification).await.ok()
}
