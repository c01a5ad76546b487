//! What differs on macOS and Windows, where the system itself shows notifications and keeps them.
//!
//! Invariant: what waits for the user holds the only handle, so nothing is shown twice.

use std::future::ready;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use notify_rust::{Notification as Native, NotificationHandle, NotificationResponse};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::super::markup::Markup;
use super::super::{Lack, Server};
use super::Means;
use crate::domain::notification::{Notification, NotificationId};
use crate::ports::ShowError;

/// A click on the notification itself is always there.
pub(super) const DEFAULT_IS_A_BUTTON: bool = false;
/// Whether a notification can take the place of another.
pub(super) const REPLACES: bool = false;
/// The name of the system's own sound.
const SOUND: &str = if cfg!(windows) { "Default" } else { "NSUserNotificationDefaultSoundName" };

/// A notification that stands, until somebody waits for it.
pub(super) type Standing = Arc<Mutex<Option<NotificationHandle>>>;

pub(super) fn means() -> Result<Means, ShowError> {
    #[cfg(target_os = "macos")]
    sender()?;
    Ok(Means { markup: Markup::None, has_actions: true })
}

/// A program that is no bundle must borrow the name of one, or the system asks the user for one.
#[cfg(target_os = "macos")]
fn sender() -> Result<(), ShowError> {
    static IS_SET: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    let is_set = IS_SET.get_or_init(|| notify_rust::set_application("com.apple.Terminal").is_ok());
    if *is_set {
        Ok(())
    } else {
        Err(ShowError::NoServer("macOS does not take notifications of this program".into()))
    }
}

/// On macOS a comma would make two buttons of one.
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
        crate::domain::notification::Urgency::Critical => notify_rust::Urgency::Critical,
    });
}

pub(super) fn show(native: &Native) -> Result<(NotificationId, Standing), ShowError> {
    static LATEST: AtomicU32 = AtomicU32::new(0);
    let handle = native.show().map_err(|error| ShowError::Refused(error.to_string()))?;
    let id = NotificationId(LATEST.fetch_add(1, Ordering::Relaxed).wrapping_add(1));
    Ok((id, Arc::new(Mutex::new(Some(handle)))))
}

/// On macOS the notification is put on the screen by this, and not before.
pub(super) fn response(
    standing: &Standing,
    _ended: &CancellationToken,
    _runtime: &Handle,
) -> Option<NotificationResponse> {
    let handle = standing.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    let mut response = None;
    // Without an answer nothing is known of what the user did.
    drop(handle.wait_for_response(|heard: &NotificationResponse| response = Some(heard.clone())));
    response.or(Some(NotificationResponse::Closed(notify_rust::CloseReason::Expired)))
}

/// Whether a notification can be taken off the screen: notify-rust offers it nowhere but on Linux.
pub(super) fn close(_standing: &Standing) -> impl Future<Output = bool> {
    ready(false)
}

/// The system's own way to show notifications, as far as it is known without asking.
pub(in super::super) fn server() -> Server {
    let name = if cfg!(windows) { "Windows" } else { "macOS" };
    let lacks = vec![Lack::Styles, Lack::Links];
    Server { name: name.to_owned(), version: "notifications".to_owned(), lacks }
}
