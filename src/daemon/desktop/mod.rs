//! The daemon's tasks that face the desktop: notifications, tray, icons and sounds, the hook.
//!
//! Invariant: none of them delays the message path.

pub(super) mod hook;
pub(super) mod issue_notifications;
pub(super) mod media;
mod mute;
pub(super) mod notifications;
pub(super) mod outage;
pub(super) mod reading;
pub(super) mod showing;
pub(super) mod status_notification;
pub(super) mod tray;
pub(super) mod window;
