//! Combines the signals of the system bus with the clocks.
//!
//! Invariant: one sleep is one event, whichever source reports it first.

use tokio::sync::Mutex;

use super::clock_jump::ClockJump;
use super::event::PowerEvent;
use super::system_bus::SystemBus;

/// The sources of a Linux system.
#[derive(Debug)]
pub(super) struct LinuxSystem {
    clocks: ClockJump,
    /// A mutex only so that `&self` can read; one task does.
    bus: Mutex<SystemBus>,
}

impl LinuxSystem {
    pub(super) fn new() -> Self {
        Self { clocks: ClockJump::new(), bus: Mutex::new(SystemBus::new()) }
    }

    /// Waits for the next event. Cancel safe.
    pub(super) async fn next_event(&self) -> PowerEvent {
        let mut bus = self.bus.lock().await;
        let event = tokio::select! {
            biased;
            event = bus.next_event() => event,
            () = self.clocks.wait_for_sleep() => {
                bus.note_sleep();
                PowerEvent::Woke
            }
        };
        if event == PowerEvent::Woke {
            // This sleep has been reported.
            self.clocks.reset();
        }
        event
    }

    /// See [`PowerMonitor::note_activity`](super::PowerMonitor::note_activity).
    pub(super) fn note_activity(&self) {
        self.clocks.postpone_alarm();
    }
}
