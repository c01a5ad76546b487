//! The notification that says why no messages arrive, on the screen for as long as that lasts.
//!
//! Invariant: there is at most one, and each reason is shown once on every notification server. The connection never
//! waits for it. It is closed when the program ends, unless the program is killed.

use tokio::sync::watch;

use crate::daemon::shared::Shared;
use crate::desktop::programs::terminal;
use crate::domain::notification::{Notification, NotificationAction, NotificationId, Urgency};
use crate::domain::settings::SoundSetting;
use crate::domain::status::{Cause, Issue};
use crate::domain::text::capitalized;
use crate::engine::link::Halt;
use crate::engine::outage;
use crate::ports::{Notifier, SecretStore};

/// Why no messages arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::daemon) enum Reason {
    /// Nobody has signed in yet, and there is no terminal to report that on.
    NotSignedIn,
    /// The link has stopped until the user fixes the reason.
    Halted(Halt),
    /// There has been no connection for a while; reconnecting is automatic.
    NoConnection(outage::Kind),
}

/// What to tell the user, and on which notification server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::daemon) struct OutageReport {
    pub(in crate::daemon) reason: Option<Reason>,
    /// Counts the notification servers, since a new one has to show the report again.
    pub(in crate::daemon) server: u64,
}

/// Keeps the notification up to date until the sender is dropped, then closes it, because its buttons no longer work.
pub(in crate::daemon) async fn show_reports<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    mut reports: watch::Receiver<OutageReport>,
) {
    let mut shown = Shown::default();
    let mut server = 0;
    while reports.changed().await.is_ok() {
        let report = *reports.borrow_and_update();
        if report.server != server {
            server = report.server;
            shown = Shown::default();
        }
        shown.update(shared, report.reason).await;
    }
    shown.update(shared, None).await;
}

#[derive(Default)]
struct Shown {
    reason: Option<Reason>,
    notification: Option<NotificationId>,
}

impl Shown {
    /// Shows, changes or closes the notification.
    async fn update<N: Notifier, S: SecretStore>(&mut self, shared: &Shared<N, S>, reason: Option<Reason>) {
        if self.reason == reason {
            return;
        }
        self.reason = reason;
        let Some(reason) = reason else {
            if let Some(notification) = self.notification.take() {
                shared.notifier().close(notification).await;
            }
            return;
        };
        let mut notification = notification(shared, reason);
        notification.replaces = self.notification;
        match shared.notifier().show(&notification).await {
            Ok(id) => self.notification = Some(id),
            // It is shown once there is a notification server.
            Err(error) => shared.issue(Issue::Notifications, Some(Cause::from(&error))),
        }
    }
}

fn notification<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, reason: Reason) -> Notification {
    let (sentence, cause) = {
        let status = shared.status.borrow();
        (status.link.sentence(), status.cause_of(Issue::Service).map(str::to_owned))
    };
    let title = match reason {
        Reason::NotSignedIn | Reason::Halted(_) => sentence,
        Reason::NoConnection(outage::Kind::Offline) => "Offline for five minutes",
        Reason::NoConnection(outage::Kind::Unsteady) => "No stable connection for five minutes",
    };
    let mut notification = Notification::about_handover(title, &explain(reason, cause.as_deref()));
    match reason {
        Reason::Halted(Halt::Displaced) => {
            notification.actions.push((NotificationAction::TakeBack, "Take the connection back".to_owned()));
        }
        Reason::NotSignedIn | Reason::Halted(Halt::LoginRejected | Halt::KeepsRefusing)
            if terminal::is_installed() =>
        {
            notification.actions.push((NotificationAction::SignIn, "Sign in".to_owned()));
        }
        Reason::NotSignedIn
        | Reason::Halted(Halt::LoginRejected | Halt::KeepsRefusing)
        | Reason::NoConnection(_) => {}
    }
    let is_temporary = matches!(reason, Reason::NoConnection(_));
    notification.urgency = if is_temporary { Urgency::Normal } else { Urgency::High };
    notification.resident = !is_temporary;
    notification.silent = is_temporary || shared.settings().sound != SoundSetting::On;
    notification
}

fn explain(reason: Reason, cause: Option<&str>) -> String {
    // The title already says that the service refused.
    let cause = cause.map(|cause| cause.strip_prefix("the service refused: ").unwrap_or(cause));
    let said = cause.map(|cause| format!("{}.\n", capitalized(cause))).unwrap_or_default();
    match reason {
        Reason::NotSignedIn => {
            "Sign in with `handover setup` in a terminal. Handover continues once you do.".to_owned()
        }
        Reason::Halted(Halt::LoginRejected) => format!(
            "{said}No messages arrive until you sign in again with `handover setup`, or, once the cause is fixed, \
             reconnect with `handover sync`. Your messages are kept."
        ),
        Reason::Halted(Halt::KeepsRefusing) => {
            "The service keeps closing the connection although the login is valid. Sign in again with \
                                `handover setup`, or reconnect with `handover sync`."
                .to_owned()
        }
        Reason::Halted(Halt::Displaced) => {
            "Messages now arrive there. Take the connection back here, or with `handover sync`.".to_owned()
        }
        Reason::NoConnection(outage::Kind::Offline) => format!(
            "{said}The service keeps messages for 21 days; they are fetched as soon as there is a connection."
        ),
        Reason::NoConnection(outage::Kind::Unsteady) => format!(
            "{said}Connections keep breaking, so messages may arrive late. The service keeps them for 21 \
             days."
        ),
    }
}
