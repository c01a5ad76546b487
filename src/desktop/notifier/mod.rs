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
mod markup;
pub mod printed;
#[cfg(target_os = "linux")]
mod protocol;

use crate::domain::notice::{Notice, NoticeEvent, NoticeId};
use crate::ports::{NotShown, Notifier};

/// The notifier of this run, whichever it is.
pub enum DesktopNotifier {
    /// The desktop's notification server.
    #[cfg(target_os = "linux")]
    Freedesktop(freedesktop::FreedesktopNotifier),
    /// Lines of text.
    Printed(printed::PrintedNotifier),
}

impl Notifier for DesktopNotifier {
    async fn show(&self, notice: &Notice) -> Result<NoticeId, NotShown> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Freedesktop(notifier) => notifier.show(notice).await,
            Self::Printed(notifier) => notifier.show(notice).await,
        }
    }

    async fn close(&self, id: NoticeId) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Freedesktop(notifier) => notifier.close(id).await,
            Self::Printed(notifier) => notifier.close(id).await,
        }
    }

    async fn next_event(&self) -> NoticeEvent {
        match self {
            #[cfg(target_os = "linux")]
            Self::Freedesktop(notifier) => notifier.next_event().await,
            Self::Printed(notifier) => notifier.next_event().await,
        }
    }
}
