//! What the desktop must offer, as narrow traits.
//!
//! Invariant: nothing here names a crate, a bus or an operating system.

use std::future::{Future, pending, ready};
use std::pin::Pin;

use crate::domain::account::{Credentials, Secret};
use crate::domain::notification::{Notification, NotificationEvent, NotificationId, SCREENFUL};
use crate::domain::presence::UserPresence;
use crate::domain::sending::SecretName;
use crate::domain::settings::SecretBackend;

/// Shows notifications on the desktop.
pub trait Notifier: Send + Sync + 'static {
    /// Shows a notification. `Ok` means that the notification server accepted it, so it may be marked as announced.
    ///
    /// A server that is still starting may take minutes to answer, so nothing may wait for this that has to go on. When the
    /// future is dropped, the notification is closed as soon as the server has shown it.
    fn show(
        &self,
        notification: &Notification,
    ) -> impl Future<Output = Result<NotificationId, ShowError>> + Send;

    /// Replaces a notification that is on the screen; `false` when it has left the screen, or cannot be replaced.
    fn update(&self, _id: NotificationId, _notification: &Notification) -> impl Future<Output = bool> + Send {
        ready(true)
    }

    /// Whether the sound file of a notification would be played, by the notification server or by a program.
    fn can_play_sound(&self) -> impl Future<Output = bool> + Send {
        ready(true)
    }

    /// How many notifications that stay until they are handled can be seen at once; the others wait, unseen. `None` when no
    /// limit is known.
    fn standing_limit(&self) -> Option<usize> {
        None
    }

    /// How much of a text is shown, as in [`Text::fits`](crate::domain::text::Text::fits).
    fn text_limit(&self) -> usize {
        SCREENFUL
    }

    /// A name for the running server process that accepted the latest notification. It differs after a restart of
    /// the server; `None` when there is no such name.
    fn server_name(&self) -> Option<String> {
        None
    }

    /// Receives events of notifications that an earlier process showed through this server. Ids of notifications that were
    /// closed meanwhile are ignored.
    fn reattach(
        &self,
        _server_name: &str,
        _notifications: &[NotificationId],
    ) -> impl Future<Output = Reattached> + Send {
        ready(Reattached::No)
    }

    /// Closes a notification, if it is still on the screen.
    fn close(&self, id: NotificationId) -> impl Future<Output = ()> + Send;

    /// Waits for the next event. Cancel safe; called from one task only.
    fn next_event(&self) -> impl Future<Output = NotificationEvent> + Send;
}

/// What became of the notifications that an earlier process showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reattached {
    /// The server that showed them no longer runs.
    No,
    /// Their events are received.
    Yes,
    /// They can be closed and replaced. The events of each are received once this process has replaced it.
    OnceReplaced {
        /// Whether the server shows one again that was closed meanwhile, when it is replaced.
        revives_closed: bool,
    },
}

/// Why a notification could not be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShowError {
    /// No notification server is running: retry when [`NotificationEvent::ServerAvailable`] arrives.
    NoServer(String),
    /// There is no desktop session: retry when [`NotificationEvent::ServerAvailable`] arrives.
    NoSession(String),
    /// The server rejected the notification: retry later.
    Refused(String),
}

impl ShowError {
    /// Whether [`NotificationEvent::ServerAvailable`] tells when to retry.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::NoServer(_) | Self::NoSession(_) => true,
            Self::Refused(_) => false,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoServer(_) => {
                "start a notification server in your desktop session; until then messages are saved, and shown later"
            }
            Self::NoSession(_) => {
                "start Handover inside your desktop session; until then messages are saved, and shown later"
            }
            Self::Refused(_) => "it is retried automatically; `handover messages` lists what was received",
        }
    }
}

impl std::fmt::Display for ShowError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoServer(cause) | Self::NoSession(cause) => f.write_str(cause),
            Self::Refused(cause) => write!(f, "the notification server refused: {cause}"),
        }
    }
}

/// Stores the login between runs.
pub trait SecretStore: Send + Sync + 'static {
    /// The login, or `None` when no one is signed in.
    fn load(&self) -> impl Future<Output = Result<Option<Credentials>, SecretProblem>> + Send;

    /// Replaces the stored login; durable when it returns.
    fn save(&self, credentials: &Credentials) -> impl Future<Output = Result<(), SecretProblem>> + Send;

    /// Removes the login.
    fn forget(&self) -> impl Future<Output = Result<(), SecretProblem>> + Send;

    /// The end-to-end encryption key as the user entered it; `None` when they entered none.
    fn encryption_key(&self) -> impl Future<Output = Result<Option<Secret>, SecretProblem>> + Send {
        ready(Ok(None))
    }

    /// A secret that is stored beside the login; `None` when there is none.
    fn secret(
        &self,
        _name: &SecretName,
    ) -> impl Future<Output = Result<Option<Secret>, SecretProblem>> + Send {
        ready(Ok(None))
    }

    /// Asks the user to unlock the backend if it is locked, and waits for them for a limited time. No other method
    /// shows a dialog.
    fn unlock(&self) -> impl Future<Output = Result<(), SecretProblem>> + Send {
        ready(Ok(()))
    }

    /// Saves the login with this backend from now on. Until the next [`load`](Self::load) moves it, it is still
    /// found where it was.
    fn use_backend(&self, _backend: SecretBackend) {}

    /// Waits until a backend that the last [`load`](Self::load) could not read becomes readable; indefinitely when
    /// that load succeeded. Cancel safe.
    fn wait_until_readable(&self) -> impl Future<Output = ()> + Send {
        pending()
    }
}

/// What kind of problem a secret store has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretProblemKind {
    /// It is locked; the user can unlock it, and [`SecretStore::wait_until_readable`] tells when they did.
    Locked,
    /// It is not available: no keyring runs, or the session has none.
    Unavailable,
    /// It is available and does not work.
    Failed,
}

/// Why a login could not be read, saved or removed, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretProblem {
    /// What kind of problem it is.
    pub kind: SecretProblemKind,
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

/// A future that a trait object returns.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Tells whether somebody is at the computer.
pub trait Presence: Send + Sync + 'static {
    /// Begins to watch. Nothing is opened, asked or subscribed to while there is no watch.
    fn watch(&self) -> Box<dyn PresenceWatch>;
}

/// Observes whether somebody is at the computer, for as long as that matters.
pub trait PresenceWatch: Send {
    /// Finds out now. A part of the desktop that does not respond is given up after a few seconds. Cancel safe.
    fn current(&mut self) -> PortFuture<'_, UserPresence>;

    /// Waits until [`Self::current`] may have another answer; indefinitely if the desktop does not report changes. Cancel
    /// safe.
    fn changed(&mut self) -> PortFuture<'_, ()>;
}

/// For systems on which nothing can tell whether somebody is at the computer.
#[derive(Clone, Copy, Debug)]
pub struct NoPresence;

impl Presence for NoPresence {
    fn watch(&self) -> Box<dyn PresenceWatch> {
        Box::new(Self)
    }
}

impl PresenceWatch for NoPresence {
    fn current(&mut self) -> PortFuture<'_, UserPresence> {
        Box::pin(ready(UserPresence::Unknown))
    }

    fn changed(&mut self) -> PortFuture<'_, ()> {
        Box::pin(pending())
    }
}
