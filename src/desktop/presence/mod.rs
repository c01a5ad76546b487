//! Tells whether somebody is at the computer: whether the session is locked, and when it was last touched.
//!
//! Invariant: nothing is opened or asked unless somebody wants to know. Nothing is started by asking, and a service that
//! hangs costs a few seconds: what it would have said is not known then.
//!
//! # Platform-specific behavior
//!
//! Linux: logind, the screen savers of the desktops, and the idle monitor of Mutter, which GNOME and Budgie use. Under X11
//! without any of these, and under Wayland without GNOME's, the time of the last input is not known. Elsewhere nothing
//! is known.

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

/// What this desktop says now, to explain what can be known here.
#[cfg(target_os = "linux")]
pub async fn look() -> Evidence {
    watch::Watch::new().look().await
}

/// What this desktop says now, to explain what can be known here.
#[cfg(not(target_os = "linux"))]
pub async fn look() -> Evidence {
    std::future::ready(Evidence::default()).await
}
