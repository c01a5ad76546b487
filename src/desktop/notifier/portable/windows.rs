//! The differences of Windows.
//!
//! Invariant: an emergency stays on the screen; and a Windows without notifications, such as a server, is reported as such.

use std::sync::atomic::{AtomicBool, Ordering};

use notify_rust::{Notification as Native, Urgency as NativeUrgency};

use super::capabilities::Capabilities;
use super::one_response;
pub(super) use super::one_response::{CAPABILITIES, DEFAULT_IS_A_BUTTON, Handle, REPLACES, close, response};
use crate::desktop::notifier::server_info::ServerInfo;
use crate::domain::notification::{Notification, NotificationId, Urgency};
use crate::ports::ShowError;

/// The name of the system's own sound.
const SOUND: &str = "Default";

/// `REGDB_E_CLASSNOTREG`, as notify-rust writes it in the text of an error: the part of Windows that shows notifications
/// is not installed.
const NOT_INSTALLED: &str = "0x80040154";

/// Whether a notification failed for that reason, which does not change while the program runs.
static IS_NOT_INSTALLED: AtomicBool = AtomicBool::new(false);

pub(super) fn capabilities() -> Result<Capabilities, ShowError> {
    if IS_NOT_INSTALLED.load(Ordering::Relaxed) { Err(not_installed()) } else { Ok(CAPABILITIES) }
}

pub(super) fn show(native: &Native) -> Result<(NotificationId, Handle), ShowError> {
    one_response::show(native).map_err(|error| match error {
        ShowError::Refused(why) if why.to_ascii_lowercase().contains(NOT_INSTALLED) => {
            IS_NOT_INSTALLED.store(true, Ordering::Relaxed);
            not_installed()
        }
        error => error,
    })
}

fn not_installed() -> ShowError {
    ShowError::NoServer("this Windows has no notifications".to_owned())
}

pub(super) fn label(label: &str) -> String {
    label.to_owned()
}

pub(super) fn finish(native: &mut Native, notification: &Notification) {
    if !notification.silent {
        native.sound_name(SOUND);
    }
    native.urgency(match notification.urgency {
        Urgency::Low => NativeUrgency::Low,
        Urgency::Normal => NativeUrgency::Normal,
        Urgency::High | Urgency::Critical => NativeUrgency::Critical,
    });
}

pub(in crate::desktop::notifier) fn server_info() -> ServerInfo {
    one_response::server_info("Windows")
}
