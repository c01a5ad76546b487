//! The differences of Windows.
//!
//! Invariant: an emergency stays on the screen.

use notify_rust::{Notification as Native, Urgency as NativeUrgency};

use super::capabilities::Capabilities;
pub(super) use super::one_response::{
    CAPABILITIES, DEFAULT_IS_A_BUTTON, Handle, REPLACES, close, response, show,
};
use crate::desktop::notifier::server_info::ServerInfo;
use crate::domain::notification::{Notification, Urgency};
use crate::ports::ShowError;

/// The name of the system's own sound.
const SOUND: &str = "Default";

#[expect(clippy::unnecessary_wraps, reason = "it can fail on the other systems")]
pub(super) fn capabilities() -> Result<Capabilities, ShowError> {
    Ok(CAPABILITIES)
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
    super::one_response::server_info("Windows")
}
