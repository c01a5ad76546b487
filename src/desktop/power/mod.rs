//! Tells when the computer woke from sleep or a network came up.
//!
//! Invariant: an event says that a connection may have died or become possible, nothing more; without a system
//! that tells, none is invented.
//!
//! # Platform-specific behavior
//!
//! Linux: logind and NetworkManager tell on the system bus, over one connection; where there is no logind, and
//! before it speaks, the clocks show that the computer slept. Elsewhere nothing is told: there the link finds out
//! by itself, with the first byte that does not come.

#[cfg(target_os = "linux")]
mod clock_jump;
#[cfg(target_os = "linux")]
mod logind;
#[cfg(target_os = "linux")]
mod network_manager;
#[cfg(target_os = "linux")]
mod system;
#[cfg(target_os = "linux")]
mod system_bus;

use std::future::pending;

use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;

/// What happened to the computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerEvent {
    /// It woke from sleep.
    Woke,
    /// A network came up, or another took its place.
    NetworkUp,
}

/// Listens to the system.
#[derive(Debug)]
pub struct Power {
    source: Source,
}

#[derive(Debug)]
enum Source {
    #[cfg(target_os = "linux")]
    System(system::System),
    #[cfg(not(target_os = "linux"))]
    Nobody,
    Told(Mutex<UnboundedReceiver<PowerEvent>>),
}

impl Power {
    /// The system this program runs on. Nothing is opened before the first [`Self::next_event`].
    pub fn of_system() -> Self {
        #[cfg(target_os = "linux")]
        let source = Source::System(system::System::new());
        #[cfg(not(target_os = "linux"))]
        let source = Source::Nobody;
        Self { source }
    }

    /// Somebody who tells what happens: a test.
    pub fn told_by(events: UnboundedReceiver<PowerEvent>) -> Self {
        Self { source: Source::Told(Mutex::new(events)) }
    }

    /// Waits for the next event. Cancel safe; called from one task only.
    pub async fn next_event(&self) -> PowerEvent {
        match &self.source {
            #[cfg(target_os = "linux")]
            Source::System(system) => system.next_event().await,
            #[cfg(not(target_os = "linux"))]
            Source::Nobody => pending().await,
            Source::Told(events) => match events.lock().await.recv().await {
                Some(event) => event,
                None => pending().await,
            },
        }
    }

    /// Takes note that the computer was just busy anyway, so that looking at the clocks can wait: called with each
    /// keep-alive, it spares this program a timer of its own.
    pub fn was_busy(&self) {
        match &self.source {
            #[cfg(target_os = "linux")]
            Source::System(system) => system.was_busy(),
            #[cfg(not(target_os = "linux"))]
            Source::Nobody => {}
            Source::Told(_) => {}
        }
    }
}
