//! Shows notices: on a desktop through its notification server, elsewhere as lines of text.
//!
//! Invariant: `Ok` from [`Notifier::show`] means that somebody took the notice, never that it was only sent.
//!
//! # Platform-specific behavior
//!
//! Linux: `org.freedesktop.Notifications` on the session bus. A click is a click on the notice itself or on
//! a button; which of the two a server offers differs, so nothing may depend on one alone.

#[cfg(target_os = "linux")]
mod courier;
#[cfg(target_os = "linux")]
pub mod freedesktop;
#[cfg(target_os = "linux")]
mod inquiry;
#[cfg(target_os = "linux")]
mod markup;
pub mod printed;
#[cfg(target_os = "linux")]
mod protocol;

#[cfg(target_os = "linux")]
use crate::desktop::sound::Player;
use crate::domain::notice::{Notice, NoticeEvent, NoticeId};
use crate::ports::{NotShown, Notifier};

/// The desktop's notification server; where there is none, lines of text if a place for them was given.
pub struct DesktopNotifier {
    #[cfg(target_os = "linux")]
    server: freedesktop::FreedesktopNotifier,
    instead: Option<printed::PrintedNotifier>,
}

impl DesktopNotifier {
    /// The notification server of the user's session.
    pub fn of_session() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            server: freedesktop::FreedesktopNotifier::new(None).playing_with(Player::of_session()),
            instead: None,
        }
    }

    /// The same, with a place for what no server shows.
    #[must_use]
    pub fn or_printed(mut self, printed: printed::PrintedNotifier) -> Self {
        self.instead = Some(printed);
        self
    }
}

/// Who shows the notices, and what is missing there.
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
    /// Buttons, and clicks on a notice.
    Buttons,
    /// Bold, italic and underlined text.
    Styles,
    /// Links in the text.
    Links,
    /// Sounds.
    Sounds,
}

/// Asks the notification server of the user's session who it is; nothing is shown.
pub async fn describe_server() -> Result<Server, NotShown> {
    #[cfg(target_os = "linux")]
    return inquiry::inquire().await;
    #[cfg(not(target_os = "linux"))]
    std::future::ready(Err(NotShown::NoServer("not on this system yet".to_owned()))).await
}

impl Notifier for DesktopNotifier {
    async fn show(&self, notice: &Notice) -> Result<NoticeId, NotShown> {
        #[cfg(target_os = "linux")]
        let shown = self.server.show(notice).await;
        #[cfg(not(target_os = "linux"))]
        let shown = Err(NotShown::NoServer("not on this system yet".to_owned()));
        match (shown, &self.instead) {
            (Err(NotShown::NoServer(_)), Some(printed)) => printed.show(notice).await,
            (shown, _) => shown,
        }
    }

    async fn amend(&self, id: NoticeId, notice: &Notice) {
        #[cfg(target_os = "linux")]
        self.server.amend(id, notice).await;
        #[cfg(not(target_os = "linux"))]
        let _ = (id, notice);
    }

    async fn close(&self, id: NoticeId) {
        #[cfg(target_os = "linux")]
        self.server.close(id).await;
        #[cfg(not(target_os = "linux"))]
        drop(id);
    }

    async fn next_event(&self) -> NoticeEvent {
        #[cfg(target_os = "linux")]
        return self.server.next_event().await;
        #[cfg(not(target_os = "linux"))]
        std::future::pending().await
    }
}
