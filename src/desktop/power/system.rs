//! A Linux system: what its bus tells, and what its clocks show.
//!
//! Invariant: one sleep is one event, whoever tells of it first.

use tokio::sync::Mutex;

use super::PowerEvent;
use super::clock_jump::ClockJump;
use super::system_bus::SystemBus;

/// The system this program runs on.
#[derive(Debug)]
pub(super) struct System {
    clocks: ClockJump,
    bus: Mutex<SystemBus>,
}

impl System {
    pub(super) fn new() -> Self {
        Self { clocks: ClockJump::new(), bus: Mutex::new(SystemBus::new()) }
    }

    /// Waits for the next event. Cancel safe.
    pub(super) async fn next_event(&self) -> PowerEvent {
        let mut bus = self.bus.lock().await;
        let event = tokio::select! {
            biased;
            event = bus.next_event() => event,
            () = self.clocks.jumped() => {
                bus.slept();
                PowerEvent::Woke
            }
        };
        if event == PowerEvent::Woke {
            // What was slept is told of now.
            self.clocks.forget();
        }
        event
    }

    /// See [`super::Power::was_busy`].
    pub(super) fn was_busy(&self) {
        self.clocks.put_off();
    }
}
