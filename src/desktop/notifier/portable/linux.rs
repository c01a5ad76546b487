//! What differs on Linux, where there is a server to ask and a notification can be taken back.
//!
//! Invariant: no error repeats what the server said, since that may quote the notification.

use std::sync::Arc;

use notify_rust::{Hint, Notification as Native, NotificationHandle, NotificationResponse, Urgency};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::super::markup::Markup;
use super::Means;
use crate::domain::notification::{self, Notification, NotificationId};
use crate::ports::ShowError;

pub(super) const DEFAULT_IS_A_BUTTON: bool = true;
/// Whether a notification can take the place of another.
pub(super) const REPLACES: bool = true;

/// A notification that stands; its connection ends with the last copy.
pub(super) type Standing = Arc<NotificationHandle>;

pub(super) fn means() -> Result<Means, ShowError> {
    // The cause is not told apart by notify-rust, and may quote what it likes.
    let words = notify_rust::get_capabilities()
        .map_err(|_| ShowError::NoServer("no native server is running".into()))?;
    let has_actions = words.iter().any(|word| word == "actions");
    // A server that will not say who it is shows notifications all the same.
    let name = notify_rust::get_server_information().map(|server| server.name).unwrap_or_default();
    Ok(Means { markup: Markup::of_server(&name, &words), has_actions })
}

pub(super) fn label(label: &str) -> String {
    label.to_owned()
}

pub(super) fn finish(native: &mut Native, notification: &Notification) {
    native.hint(Hint::DesktopEntry("handover".into())).urgency(match notification.urgency {
        notification::Urgency::Low => Urgency::Low,
        notification::Urgency::Normal => Urgency::Normal,
        notification::Urgency::Critical => Urgency::Critical,
    });
    if notification.resident {
        native.hint(Hint::Resident(true));
    }
    if notification.silent {
        native.hint(Hint::SuppressSound(true));
    } else if let Some(sound) = notification.sound.as_deref().and_then(std::path::Path::to_str) {
        native.hint(Hint::SoundFile(sound.to_owned()));
    }
}

pub(super) fn show(native: &Native) -> Result<(NotificationId, Standing), ShowError> {
    let handle = native
        .show()
        .map_err(|_| ShowError::Refused("an error that notify-rust does not tell apart".into()))?;
    Ok((NotificationId(handle.id()), Arc::new(handle)))
}

pub(super) fn response(
    standing: &Standing,
    ended: &CancellationToken,
    runtime: &Handle,
) -> Option<NotificationResponse> {
    let mut response = None;
    let wait = standing.wait_for_action_async(|heard: &NotificationResponse| response = Some(heard.clone()));
    runtime.block_on(ended.run_until_cancelled(wait))?;
    response.filter(|_| !ended.is_cancelled())
}

/// Takes a notification off the screen; whether that can be done at all.
pub(super) async fn close(standing: &Standing) -> bool {
    standing.close_async().await;
    true
}
