//! The differences of Linux, where a server has capabilities and a notification can be closed.
//!
//! Invariant: no error quotes the server's words, since those may quote the notification.

use std::sync::Arc;

use notify_rust::{Hint, Notification as Native, NotificationHandle, NotificationResponse, Urgency};
use tokio::runtime;
use tokio_util::sync::CancellationToken;

use super::capabilities::Capabilities;
use crate::desktop::notifier::markup::Markup;
use crate::domain::notification::{self, Notification, NotificationId};
use crate::ports::ShowError;

pub(super) const DEFAULT_IS_A_BUTTON: bool = true;
/// Whether a notification can replace another.
pub(super) const REPLACES: bool = true;

/// A notification on the screen; its connection ends with the last copy.
pub(super) type Handle = Arc<NotificationHandle>;

pub(super) fn capabilities() -> Result<Capabilities, ShowError> {
    // notify-rust does not distinguish the causes, and its text may quote the notification.
    let words = notify_rust::get_capabilities()
        .map_err(|_| ShowError::NoServer("no notification server is running".into()))?;
    let has_actions = words.iter().any(|word| word == "actions");
    // A server without a name can still show notifications.
    let name = notify_rust::get_server_information().map(|server| server.name).unwrap_or_default();
    Ok(Capabilities { markup: Markup::of_server(&name, &words), has_actions })
}

pub(super) fn label(label: &str) -> String {
    label.to_owned()
}

pub(super) fn finish(native: &mut Native, notification: &Notification) {
    native.hint(Hint::DesktopEntry("handover".into())).urgency(match notification.urgency {
        notification::Urgency::Low => Urgency::Low,
        notification::Urgency::Normal => Urgency::Normal,
        notification::Urgency::High | notification::Urgency::Critical => Urgency::Critical,
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

pub(super) fn show(native: &Native) -> Result<(NotificationId, Handle), ShowError> {
    let handle = native.show().map_err(|_| ShowError::Refused("notify-rust gives no cause".into()))?;
    Ok((NotificationId(handle.id()), Arc::new(handle)))
}

pub(super) fn response(
    handle: &Handle,
    ended: &CancellationToken,
    runtime: &runtime::Handle,
) -> Option<NotificationResponse> {
    let mut response = None;
    let wait = handle.wait_for_action_async(|reply: &NotificationResponse| response = Some(reply.clone()));
    runtime.block_on(ended.run_until_cancelled(wait))?;
    response.filter(|_| !ended.is_cancelled())
}

/// Closes a notification; whether the system supports it.
pub(super) async fn close(handle: &Handle) -> bool {
    handle.close_async().await;
    true
}
