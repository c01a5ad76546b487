//! What the desktop must offer, as narrow traits.
//!
//! Invariant: nothing here names a crate, a bus or an operating system.

use std::future::{Future, pending, ready};

use crate::domain::account::{Credentials, Secret};
use crate::domain::notification::{Notification, NotificationEvent, NotificationId};
use crate::domain::settings::SecretPlace;

/// Why a notification could not be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotShown {
    /// There is no notification server to show it: worth trying again when [`NotificationEvent::Returned`] comes.
    NoServer(String),
    /// There is not even a session in which one could be: likewise.
    NoSession(String),
    /// The server did not take it: worth trying again later.
    Refused(String),
}

impl NotShown {
    /// Whether [`NotificationEvent::Returned`] tells when it is worth trying again.
    pub fn is_absence(&self) -> bool {
        match self {
            Self::NoServer(_) | Self::NoSession(_) => true,
            Self::Refused(_) => false,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoServer(_) => {
                "start a notification server in the session of your desktop; until then messages are saved, and shown \
                 later"
            }
            Self::NoSession(_) => {
                "start handover inside the session of your desktop; until then messages are saved, and shown later"
            }
            Self::Refused(_) => "it is tried again by itself; `handover messages` lists what was received",
        }
    }
}

impl std::fmt::Display for NotShown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoServer(cause) | Self::NoSession(cause) => f.write_str(cause),
            Self::Refused(cause) => write!(f, "the notification server refused: {cause}"),
        }
    }
}

/// Shows notifications on the desktop.
pub trait Notifier: Send + Sync + 'static {
    /// Shows a notification. `Ok` means that the notification server took it, so it may be marked as announced.
    fn show(
        &self,
        notification: &Notification,
    ) -> impl Future<Output = Result<NotificationId, NotShown>> + Send;

    /// Shows a notification in the place of one that is on the screen; does nothing when that is not there any more.
    fn amend(&self, _id: NotificationId, _notification: &Notification) -> impl Future<Output = ()> + Send {
        ready(())
    }

    /// Whether the file that is the sound of a notification would be played, by the server or by something else.
    fn is_heard(&self) -> impl Future<Output = bool> + Send {
        ready(true)
    }

    /// The server that took the latest notification, under a name that no other server and no later life of it has;
    /// `None` when there is no such name.
    fn server(&self) -> Option<String> {
        None
    }

    /// Attends from now on to notifications that an earlier process showed through this server too; `false` when it is
    /// not there any more. Those it closed meanwhile do no harm. dunst tells of a click only the process that showed
    /// the notification: there they can be closed and replaced, and no more.
    fn adopt(&self, _server: &str, _notifications: &[NotificationId]) -> impl Future<Output = bool> + Send {
        ready(false)
    }

    /// Takes a notification off the screen, if it is still there.
    fn close(&self, id: NotificationId) -> impl Future<Output = ()> + Send;

    /// Waits for the next event. Cancel safe; called from one task only.
    fn next_event(&self) -> impl Future<Output = NotificationEvent> + Send;
}

/// What is the matter with the place that keeps a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretFault {
    /// It is locked: the user can open it, and [`SecretStore::opened`] tells when.
    Locked,
    /// It is not there: a keyring that does not run, or a session without one.
    Absent,
    /// It is there and does not work.
    Failed,
}

/// Why a login could not be read, kept or forgotten; `what: why` in words for a person, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretProblem {
    /// What kind of issue it is.
    pub fault: SecretFault,
    /// `<what failed>: <cause>`.
    pub message: String,
    /// What the user can do about it.
    pub hint: String,
}

impl std::fmt::Display for SecretProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SecretProblem {}

/// Keeps the login between runs.
pub trait SecretStore: Send + Sync + 'static {
    /// The login, or `None` when nobody is signed in.
    fn load(&self) -> impl Future<Output = Result<Option<Credentials>, SecretProblem>> + Send;

    /// Keeps a login in place of the one before; durable when it returns.
    fn save(&self, credentials: &Credentials) -> impl Future<Output = Result<(), SecretProblem>> + Send;

    /// Forgets the login.
    fn forget(&self) -> impl Future<Output = Result<(), SecretProblem>> + Send;

    /// The key of end-to-end encryption, as the user gave it; `None` when they gave none.
    fn encryption_key(&self) -> impl Future<Output = Result<Option<Secret>, SecretProblem>> + Send {
        ready(Ok(None))
    }

    /// Asks the user to open the place if it is locked, and waits for them, but not without end. Nothing else
    /// here ever shows a dialog.
    fn unlock(&self) -> impl Future<Output = Result<(), SecretProblem>> + Send {
        ready(Ok(()))
    }

    /// Keeps the login there from now on. Where it lies now it is still found; the next [`load`](Self::load) moves it.
    fn prefer(&self, _place: SecretPlace) {}

    /// Waits until a place that could not be read at the last [`load`](Self::load) can be; for ever when that
    /// one was read. Cancel safe.
    fn opened(&self) -> impl Future<Output = ()> + Send {
        pending()
    }
}
