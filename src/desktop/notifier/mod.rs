//! Shows notifications: on a desktop through its notification server, elsewhere as lines of text.
//!
//! Invariant: `Ok` from [`Notifier::show`] means that somebody took the notification, never that it was only sent.
//!
//! # Platform-specific behavior
//!
//! Linux: `org.freedesktop.Notifications` on the session bus. A click is a click on the notification itself or on
//! a button; which of the two a server offers differs, so nothing may depend on one alone.
//!
//! macOS and Windows: see `portable`, which Linux has too under the feature `portable-notifier`.

#[cfg(target_os = "linux")]
mod actor;
#[cfg(target_os = "linux")]
pub mod freedesktop;
#[cfg(target_os = "linux")]
mod inquiry;
mod keys;
/// Seen from outside by the fuzz target alone, see `tests/fuzz`.
#[doc(hidden)]
pub mod markup;
#[cfg(any(not(target_os = "linux"), feature = "portable-notifier"))]
pub mod portable;
pub mod printed;
#[cfg(target_os = "linux")]
mod protocol;

use crate::desktop::sound;
use crate::domain::notification::{Notification, NotificationEvent, NotificationId};
use crate::ports::{Notifier, ShowError};

#[cfg(all(target_os = "linux", not(feature = "portable-notifier")))]
use self::freedesktop::FreedesktopNotifier as SystemNotifier;
#[cfg(any(not(target_os = "linux"), feature = "portable-notifier"))]
use self::portable::PortableNotifier as SystemNotifier;

/// The desktop's notification server; where there is none, lines of text if a place for them was given.
pub struct DesktopNotifier {
    server: SystemNotifier,
    instead: Option<printed::PrintedNotifier>,
}

impl DesktopNotifier {
    /// The notification server of the user's session.
    pub fn of_session() -> Self {
        Self { server: SystemNotifier::of_session(), instead: None }
    }

    /// The same, with a place for what no server shows.
    #[must_use]
    pub fn or_printed(mut self, printed: printed::PrintedNotifier) -> Self {
        self.instead = Some(printed);
        self
    }
}

/// Who shows the notifications, and what is missing there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// What it calls itself.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it does not show.
    pub lacks: Vec<Lack>,
}

/// Something a notification server may leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// The text under the title.
    Text,
    /// Buttons, and clicks on a notification.
    Buttons,
    /// Bold, italic and underlined text.
    Styles,
    /// Links in the text.
    Links,
    /// Sounds.
    Sounds,
}

/// Asks the notification server of the user's session who it is; nothing is shown.
pub async fn describe_server() -> Result<Server, ShowError> {
    #[cfg(target_os = "linux")]
    return inquiry::inquire().await;
    #[cfg(not(target_os = "linux"))]
    std::future::ready(Ok(portable::elsewhere::server())).await
}

impl Notifier for DesktopNotifier {
    async fn show(&self, notification: &Notification) -> Result<NotificationId, ShowError> {
        match (self.server.show(notification).await, &self.instead) {
            (Err(cause), Some(printed)) if cause.is_unavailable() => printed.show(notification).await,
            (shown, _) => shown,
        }
    }

    async fn update(&self, id: NotificationId, notification: &Notification) {
        #[cfg(target_os = "linux")]
        self.server.update(id, notification).await;
        #[cfg(not(target_os = "linux"))]
        let _ = (id, notification);
    }

    async fn can_play_sound(&self) -> bool {
        let plays_sounds = |server: Server| !server.lacks.contains(&Lack::Sounds);
        // Elsewhere a notification has the system's sound, or none.
        let takes_files = cfg!(target_os = "linux");
        takes_files && (sound::installed().is_some() || describe_server().await.is_ok_and(plays_sounds))
    }

    fn server_name(&self) -> Option<String> {
        self.server.server_name()
    }

    async fn reattach(&self, server: &str, notifications: &[NotificationId]) -> bool {
        self.server.reattach(server, notifications).await
    }

    async fn close(&self, id: NotificationId) {
        self.server.close(id).await;
    }

    async fn next_event(&self) -> NotificationEvent {
        self.server.next_event().await
    }
}
