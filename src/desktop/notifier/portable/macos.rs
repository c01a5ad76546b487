//! The differences of macOS.
//!
//! Invariant: nothing is shown in the name of a program that the user would have to choose.

use std::sync::OnceLock;

use notify_rust::Notification as Native;

use super::capabilities::Capabilities;
pub(super) use super::one_response::{
    CAPABILITIES, DEFAULT_IS_A_BUTTON, Handle, REPLACES, close, response, show,
};
use crate::desktop::notifier::server_info::ServerInfo;
use crate::domain::notification::Notification;
use crate::ports::ShowError;

/// The name of the system's own sound.
const SOUND: &str = "NSUserNotificationDefaultSoundName";

/// A program that is not a bundle must use the name of one, or the system asks the user for one.
pub(super) fn capabilities() -> Result<Capabilities, ShowError> {
    static IS_SET: OnceLock<bool> = OnceLock::new();
    let is_set = IS_SET.get_or_init(|| notify_rust::set_application("com.apple.Terminal").is_ok());
    if *is_set {
        Ok(CAPABILITIES)
    } else {
        Err(ShowError::NoServer("macOS does not accept notifications of this program".into()))
    }
}

/// A comma separates two buttons.
pub(super) fn label(label: &str) -> String {
    label.replace(',', " ")
}

pub(super) fn finish(native: &mut Native, notification: &Notification) {
    if !notification.silent {
        native.sound_name(SOUND);
    }
}

pub(in crate::desktop::notifier) fn server_info() -> ServerInfo {
    super::one_response::server_info("macOS")
}
