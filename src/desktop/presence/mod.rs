//! Detects whether the user is at the computer, from the session's lock and the last input.
//!
//! Invariant: no connection is opened before the first query. A query starts no program, and a service that hangs costs a few
//! seconds; then it is not known whether the user is there.
//!
//! # Platform-specific behavior
//!
//! Linux: logind, the screen savers of the desktops, and the idle monitor of Mutter, which GNOME and Budgie use. Under X11
//! without any of these, and under Wayland without GNOME's, the time of the last input is unknown. On other systems
//! everything is unknown.

#[cfg(target_os = "linux")]
mod bus;
mod evidence;
#[cfg(target_os = "linux")]
mod logind;
#[cfg(target_os = "linux")]
mod session;
#[cfg(target_os = "linux")]
mod watch;

pub use self::evidence::Evidence;
use crate::ports::{Presence, PresenceWatch};

/// The desktop this program runs on.
#[derive(Clone, Copy, Debug)]
pub struct DesktopPresence;

#[cfg(target_os = "linux")]
impl Presence for DesktopPresence {
    fn watch(&self) -> Box<dyn PresenceWatch> {
        Box::new(watch::Watch::new())
    }
}

#[cfg(not(target_os = "linux"))]
impl Presence for DesktopPresence {
    fn watch(&self) -> Box<dyn PresenceWatch> {
        crate::ports::NoPresence.watch()
    }
}

/// The current evidence, to explain what this desktop reports.
#[cfg(target_os = "linux")]
pub async fn query_evidence() -> Evidence {
    watch::Watch::new().query().await
}

/// The current evidence, to explain what this desktop reports.
#[cfg(not(target_os = "linux"))]
pub async fn query_evidence() -> Evidence {
    std::future::ready(Evidence::default()).await
}
