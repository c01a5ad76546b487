//! The notifier of the program: the desktop's notification server or, where there is none, printed lines.
//!
//! Invariant: a notification is printed only when no notification server can show it.

use super::printed::PrintedNotifier;
use super::server_info::{Feature, ServerInfo};
use crate::desktop::sound;
use crate::domain::notification::{Notification, NotificationEvent, NotificationId};
use crate::ports::{Notifier, Reattached, ShowError};

#[cfg(all(target_os = "linux", not(feature = "portable-notifier")))]
use super::freedesktop::FreedesktopNotifier as SystemNotifier;
#[cfg(target_os = "linux")]
use super::freedesktop::query as system_server;
#[cfg(any(not(target_os = "linux"), feature = "portable-notifier"))]
use super::portable::PortableNotifier as SystemNotifier;

/// macOS and Windows play their own sound, never a file.
const PLAYS_FILES: bool = cfg!(target_os = "linux");

/// The desktop's notification server, with an optional fallback.
pub struct DesktopNotifier {
    server: SystemNotifier,
    fallback: Option<PrintedNotifier>,
}

impl DesktopNotifier {
    /// The notification server of the user's session.
    pub fn of_session() -> Self {
        Self { server: SystemNotifier::of_session(), fallback: None }
    }

    /// Prints notifications where there is no notification server.
    #[must_use]
    pub fn or_printed(mut self, printed: PrintedNotifier) -> Self {
        self.fallback = Some(printed);
        self
    }
}

/// Asks the notification server of the user's session for its name and features; nothing is shown.
pub async fn query_server() -> Result<ServerInfo, ShowError> {
    system_server().await
}

#[cfg(not(target_os = "linux"))]
fn system_server() -> impl Future<Output = Result<ServerInfo, ShowError>> + Send {
    std::future::ready(Ok(super::portable::server_info()))
}

impl Notifier for DesktopNotifier {
    async fn show(&self, notification: &Notification) -> Result<NotificationId, ShowError> {
        match (self.server.show(notification).await, &self.fallback) {
            (Err(error), Some(printed)) if error.is_unavailable() => printed.show(notification).await,
            (shown, _) => shown,
        }
    }

    async fn update(&self, id: NotificationId, notification: &Notification) -> bool {
        self.server.update(id, notification).await
    }

    async fn can_play_sound(&self) -> bool {
        let plays_sounds = |server: ServerInfo| !server.missing.contains(&Feature::Sounds);
        PLAYS_FILES && (sound::installed_player().is_some() || query_server().await.is_ok_and(plays_sounds))
    }

    fn standing_limit(&self) -> Option<usize> {
        self.server.standing_limit()
    }

    fn text_limit(&self) -> usize {
        self.server.text_limit()
    }

    fn server_name(&self) -> Option<String> {
        self.server.server_name()
    }

    async fn reattach(&self, server_name: &str, notifications: &[NotificationId]) -> Reattached {
        self.server.reattach(server_name, notifications).await
    }

    async fn close(&self, id: NotificationId) {
        self.server.close(id).await;
    }

    async fn next_event(&self) -> NotificationEvent {
        self.server.next_event().await
    }
}
