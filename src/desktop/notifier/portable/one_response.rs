//! What macOS and Windows have in common: the system itself shows and keeps notifications.
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
use crate::domain::notification::NotificationId;
use crate::ports::ShowError;

/// What both systems can show.
pub(super) const CAPABILITIES: Capabilities = Capabilities { markup: Markup::None, has_actions: true };

/// A notification can always be clicked.
pub(super) const DEFAULT_IS_A_BUTTON: bool = false;
/// Whether a notification can replace another.
pub(super) const REPLACES: bool = false;

/// A notification on the screen, until a thread waits for it.
pub(super) type Handle = Arc<Mutex<Option<NotificationHandle>>>;

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
pub(super) fn server_info(name: &str) -> ServerInfo {
    ServerInfo::new(name, "notifications", vec![Feature::Styles, Feature::Links])
}
