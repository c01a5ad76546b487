//! Opens the window from the tray or a notification.
//!
//! Invariant: a window that does not start is answered with the reason and the command that does the same.

use crate::daemon::shared::Shared;
use crate::desktop::programs::window;
use crate::domain::notification::{ActivationToken, Notification};
use crate::domain::text::capitalized;
use crate::ports::{Notifier, SecretStore};
use crate::system::off_thread::off_thread;

/// Opens the window with the messages, if it is installed; whether it was opened.
pub(in crate::daemon) async fn open<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    token: Option<ActivationToken>,
) -> bool {
    if !window::is_installed() {
        return false;
    }
    let Err(error) = off_thread(move || window::open(None, token.as_ref())).await else { return true };
    tracing::warn!("the window cannot be opened: {error}");
    let why = capitalized(&error.to_string());
    let body = format!("{why}.\n`handover messages` shows the messages in a terminal.");
    let notification = Notification::about_handover("The window cannot be opened", &body);
    if let Err(error) = shared.notifier().show(&notification).await {
        tracing::warn!("the notification about the window cannot be shown: {error}");
    }
    false
}
