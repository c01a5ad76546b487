//! The notification that says why no messages arrive; on the screen for as long as it is true.
//!
//! Invariant: there is one at most, and each need is told of once, to every notification server that comes. The
//! connection never waits for it, and it stays behind only when the program is killed.

use tokio::sync::watch;

use crate::daemon::Shared;
use crate::desktop::terminal;
use crate::domain::notification::{Notification, NotificationAction, NotificationId, Urgency};
use crate::domain::settings::SoundSetting;
use crate::domain::status::{Cause, Issue};
use crate::engine::link::Halt;
use crate::engine::outage;
use crate::ports::{Notifier, SecretStore};

/// What keeps messages from arriving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::daemon) enum Need {
    /// Nobody signed in yet, and there is no terminal to say so on.
    SignIn,
    /// The link ended for good, and only the user can mend it.
    End(Halt),
    /// There has been no connection for a while; it mends itself.
    Connection(outage::Kind),
}

/// What is to be told, and to whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::daemon) struct Word {
    pub(in crate::daemon) need: Option<Need>,
    /// The how-manieth notification server is there to show it.
    pub(in crate::daemon) server: u64,
}

/// Keeps the notification as it is to be until the sender is gone, and takes it away then: what it offers nobody would do.
pub(in crate::daemon) async fn warn<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    mut words: watch::Receiver<Word>,
) {
    let mut warning = Warning::default();
    let mut server = 0;
    while words.changed().await.is_ok() {
        let word = *words.borrow_and_update();
        if word.server != server {
            server = word.server;
            warning = Warning::default();
        }
        warning.follow(shared, word.need).await;
    }
    warning.follow(shared, None).await;
}

#[derive(Default)]
struct Warning {
    of: Option<Need>,
    notification: Option<NotificationId>,
}

impl Warning {
    /// Shows it, changes it or takes it away.
    async fn follow<N: Notifier, S: SecretStore>(&mut self, shared: &Shared<N, S>, need: Option<Need>) {
        if self.of == need {
            return;
        }
        self.of = need;
        let Some(need) = need else {
            if let Some(notification) = self.notification.take() {
                shared.notifier().close(notification).await;
            }
            return;
        };
        let mut notification = notification(shared, need);
        notification.replaces = self.notification;
        match shared.notifier().show(&notification).await {
            Ok(id) => self.notification = Some(id),
            // It is shown when a notification server comes.
            Err(error) => shared.issue(Issue::Notifications, Some(Cause::from(&error))),
        }
    }
}

fn notification<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, need: Need) -> Notification {
    let (sentence, cause) = {
        let status = shared.status.borrow();
        (status.link.sentence(), status.cause_of(Issue::Service).map(str::to_owned))
    };
    let title = match need {
        Need::SignIn | Need::End(_) => sentence,
        Need::Connection(outage::Kind::Offline) => "Offline for five minutes",
        Need::Connection(outage::Kind::Unsteady) => "No steady connection for five minutes",
    };
    let mut notification = Notification::about_handover(title, &explain(need, cause.as_deref()));
    match need {
        Need::End(Halt::Displaced) => {
            notification.actions.push((NotificationAction::TakeBack, "Take back".to_owned()));
        }
        Need::SignIn | Need::End(Halt::LoginRejected | Halt::KeepsRefusing) if terminal::is_there() => {
            notification.actions.push((NotificationAction::SignIn, "Sign in".to_owned()));
        }
        Need::SignIn | Need::End(Halt::LoginRejected | Halt::KeepsRefusing) | Need::Connection(_) => {}
    }
    let mends_itself = matches!(need, Need::Connection(_));
    notification.urgency = if mends_itself { Urgency::Normal } else { Urgency::Critical };
    notification.resident = !mends_itself;
    notification.silent = mends_itself || shared.settings().sound != SoundSetting::On;
    notification
}

fn explain(need: Need, cause: Option<&str>) -> String {
    let said = cause.map(|cause| format!("{cause}.\n")).unwrap_or_default();
    match need {
        Need::SignIn => "Sign in with `handover setup` in a terminal. It goes on by itself then.".to_owned(),
        Need::End(Halt::LoginRejected) => format!(
            "{said}No messages arrive until you sign in again with `handover setup`, or, when the cause is over, \
             connect again with `handover sync`. Nothing here was deleted."
        ),
        Need::End(Halt::KeepsRefusing) => {
            "It keeps ending the connection although the login is valid. Sign in again with \
                                `handover setup`, or connect again with `handover sync`."
                .to_owned()
        }
        Need::End(Halt::Displaced) => {
            "Messages arrive there now. Take the connection back here, or with `handover sync`.".to_owned()
        }
        Need::Connection(outage::Kind::Offline) => format!(
            "{said}The service keeps messages for 21 days; they are fetched as soon as there is a connection."
        ),
        Need::Connection(outage::Kind::Unsteady) => format!(
            "{said}Connections are made and do not last, so messages may come late. The service keeps them for 21 \
             days."
        ),
    }
}
