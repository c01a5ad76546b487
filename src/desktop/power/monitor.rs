//! Reports the computer's power and network events, from the source that the system has.
//!
//! Invariant: without a source there are no events.

use std::future::pending;

use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;

use super::event::PowerEvent;
#[cfg(target_os = "linux")]
use super::linux_system::LinuxSystem as System;
#[cfg(not(target_os = "linux"))]
use super::no_source::NoSource as System;

/// Reports sleep and network changes.
#[derive(Debug)]
pub struct PowerMonitor {
    source: Source,
}

#[derive(Debug)]
enum Source {
    System(System),
    /// A mutex only so that `&self` can receive; one task does.
    Channel(Mutex<UnboundedReceiver<PowerEvent>>),
}

impl PowerMonitor {
    /// The system this program runs on. Nothing is opened before the first [`Self::next_event`].
    pub fn of_system() -> Self {
        Self { source: Source::System(System::new()) }
    }

    /// A monitor that reports the events of a test.
    pub fn from_channel(events: UnboundedReceiver<PowerEvent>) -> Self {
        Self { source: Source::Channel(Mutex::new(events)) }
    }

    /// Waits for the next event. Cancel safe; called from one task only.
    pub async fn next_event(&self) -> PowerEvent {
        match &self.source {
            Source::System(system) => system.next_event().await,
            Source::Channel(events) => match events.lock().await.recv().await {
                Some(event) => event,
                None => pending().await,
            },
        }
    }

    /// Says that this process is awake anyway, so that the next check of the clocks can wait. Called at each
    /// keep-alive, this saves a wake-up.
    pub fn note_activity(&self) {
        match &self.source {
            Source::System(system) => system.note_activity(),
            Source::Channel(_) => {}
        }
    }
}
