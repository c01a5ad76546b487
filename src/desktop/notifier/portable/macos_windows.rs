//! The differences of macOS and Windows, where the system itself shows and keeps notifications.
//!
//! Invariant: the thread that waits for the user has the only handle, so nothing is shown twice.

use std::future::ready;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use notify_rust::{Notification as Native, NotificationHandle, NotificationResponse};
use tokio::runtime;
use tokio_util::sync::CancellationToken;

use super::capabilities::Capabilities;
use crate::desktop::notifier::markup::Markup;
use crate::desktop::notifier::server_info::{Feature, ServerInfo};
use crate::domain::notification::{Notification, NotificationId};
use crate::ports::ShowError;

/// A notification can always be clicked.
pub(super) const DEFAULT_IS_A_BUTTON: bool = false;
/// Whether a notification can replace another.
pub(super) const REPLACES: bool = false;
/// The name of the system's own sound.
const SOUND: &str = if cfg!(windows) { "Default" } else { "NSUserNotificationDefaultSoundName" };

/// A notification on the screen, until a thread waits for it.
pub(super) type Handle = Arc<Mutex<Option<NotificationHandle>>>;

pub(super) fn capabilities() -> Result<Capabilities, ShowError> {
    #[cfg(target_os = "macos")]
    sender()?;
    Ok(Capabilities { markup: Markup::None, has_actions: true })
}

/// A program that is not a bundle must use the name of one, or the system asks the user for one.
#[cfg(target_os = "macos")]
fn sender() -> Result<(), ShowError> {
    static IS_SET: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    let is_set = IS_SET.get_or_init(|| notify_rust::set_application("com.apple.Terminal").is_ok());
    if *is_set {
        Ok(())
    } else {
        Err(ShowError::NoServer("macOS does not accept notifications of this program".into()))
    }
}

/// On macOS a comma separates two buttons.
pub(super) fn label(label: &str) -> String {
    if cfg!(target_os = "macos") { label.replace(',', " ") } else { label.to_owned() }
}

pub(super) fn finish(native: &mut Native, notification: &Notification) {
    if !notification.silent {
        native.sound_name(SOUND);
    }
    #[cfg(windows)]
    native.urgency(match notification.urgency {
        crate::domain::notification::Urgency::Low => notify_rust::Urgency::Low,
        crate::domain::notification::Urgency::Normal => notify_rust::Urgency::Normal,
        crate::domain::notification::Urgency::High | crate::domain::notification::Urgency::Critical => {
            notify_rust::Urgency::Critical
        }
    });
}

pub(super) fn show(native: &Native) -> Result<(NotificationId, Handle), ShowError> {
    static LATEST: AtomicU32 = AtomicU32::new(0);
    let handle = native.show().map_err(|error| ShowError::Refused(error.to_string()))?;
    let id = NotificationId(LATEST.fetch_add(1, Ordering::Relaxed).wrapping_add(1));
    Ok((id, Arc::new(Mutex::new(Some(handle)))))
}

/// On macOS only this shows the notification.
pub(super) fn response(
    handle: &Handle,
    _ended: &CancellationToken,
    _runtime: &runtime::Handle,
) -> Option<NotificationResponse> {
    let handle = handle.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    let mut response = None;
    // Without a response it counts as expired.
    drop(handle.wait_for_response(|reply: &NotificationResponse| response = Some(reply.clone())));
    response.or(Some(NotificationResponse::Closed(notify_rust::CloseReason::Expired)))
}

/// Closes a notification; whether the system supports it: notify-rust does only on Linux.
pub(super) fn close(_handle: &Handle) -> impl Future<Output = bool> {
    ready(false)
}

/// The system, which has the role of a notification server.
pub(in crate::desktop::notifier) fn server_info() -> ServerInfo {
    let name = if cfg!(windows) { "Windows" } else { "macOS" };
    ServerInfo::new(name, "notifications", vec![Feature::Styles, Feature::Links])
}
