//! What all requests share: the account, the open websockets, the scripted faults, the journal.
//!
//! Invariant: no lock is held across an await, and no two are held at once.

mod access;
mod addresses;
mod callback;
mod initial;
mod sockets;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::account::State;
use super::faults::Faults;
use super::journal::{Journal, SharedCounters};
use super::protocol::Rejection;

pub(super) use access::{Access, Refusal, SERVICE_HOSTS};
pub(super) use addresses::Addresses;
pub(super) use initial::Initial;
pub(super) use sockets::{SocketCommand, Sockets};

/// The sandbox without its listener.
#[derive(Debug)]
pub(super) struct Service {
    state: Mutex<State>,
    pub(super) sockets: Sockets,
    pub(super) faults: Faults,
    pub(super) journal: Arc<Journal>,
    pub(super) counters: Arc<SharedCounters>,
    pub(super) closing: CancellationToken,
    pub(super) access: Access,
    pub(super) addresses: Addresses,
    /// What it begins with, and goes back to.
    pub(super) initial: Initial,
    /// Changes whenever something changed that no counter counts.
    pub(super) changes: watch::Sender<u64>,
    /// Changes whenever the clock was moved.
    clock_moves: watch::Sender<()>,
    runtime: Handle,
}

impl Service {
    pub(super) fn new(
        initial: Initial,
        counters: Arc<SharedCounters>,
        access: Access,
        addresses: Addresses,
        runtime: Handle,
    ) -> Self {
        Self {
            state: Mutex::new(initial.state()),
            sockets: Sockets::default(),
            faults: Faults::default(),
            journal: Arc::new(Journal::new(Arc::clone(&counters))),
            counters,
            closing: CancellationToken::new(),
            access,
            addresses,
            initial,
            changes: watch::Sender::new(0),
            clock_moves: watch::Sender::new(()),
            runtime,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signals devices that something new is queued for them.
    pub(super) fn signal(&self, devices: impl IntoIterator<Item = impl AsRef<str>>) {
        if self.state().switches.signal_new {
            for device in devices {
                self.sockets.signal(device.as_ref());
            }
        }
    }

    /// Acknowledges an emergency for all recipients, and calls its sender back.
    pub(super) fn acknowledge(
        self: &Arc<Self>,
        receipt: &str,
        user: &str,
        device: &str,
    ) -> Result<(), Rejection> {
        let callback = self.state().acknowledge(receipt, user, device)?;
        self.note_change();
        let Some(callback) = callback else { return Ok(()) };
        let (service, receipt) = (Arc::downgrade(self), receipt.to_owned());
        let is_remote_allowed = self.access.remote_callbacks;
        self.runtime.spawn(async move {
            if callback::post(&callback.url, &callback.form, is_remote_allowed).await
                && let Some(service) = service.upgrade()
            {
                service.state().mark_called_back(&receipt);
                service.counters.update(|counters| counters.callbacks += 1);
            }
        });
        Ok(())
    }

    /// Delivers an emergency again every `retry`, until it has ended.
    pub(super) fn repeat_until_ended(self: &Arc<Self>, receipt: String) {
        let (service, closing) = (Arc::downgrade(self), self.closing.clone());
        let mut clock_moves = self.clock_moves.subscribe();
        let repeat = async move {
            loop {
                let until_repeat =
                    service.upgrade().and_then(|service| service.state().until_repeat(&receipt));
                let Some(seconds) = until_repeat else { return };
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
                    Ok(()) = clock_moves.changed() => continue,
                }
                let Some(service) = service.upgrade() else { return };
                if !service.repeat(&receipt) {
                    return;
                }
            }
        };
        self.runtime.spawn(async move {
            tokio::select! {
                () = closing.cancelled() => {}
                () = repeat => {}
            }
        });
    }

    /// Disables a device, as its owner can on the web site; its socket gets `E` and is closed.
    pub(super) fn disable(&self, device: &str) -> bool {
        let was_enabled = self.state().disable(device);
        self.sockets.close(Some(device), b"E");
        self.note_change();
        was_enabled
    }

    /// Queues an item exactly as given on every enabled device; returns its deletion id on each of them.
    pub(super) fn inject(&self, item: &Value) -> Vec<u64> {
        let devices = self.state().device_ids();
        devices.iter().filter_map(|device| self.inject_into(device, item.clone())).collect()
    }

    /// The same for one device; `None` when there is no such device or it is disabled.
    pub(super) fn inject_into(&self, device: &str, item: Value) -> Option<u64> {
        let id = self.state().inject(device, item)?;
        self.counters.update(|counters| counters.sent += 1);
        self.signal([device]);
        Some(id)
    }

    /// Moves the clock forward. Everything that would have happened until then happens now, in its order.
    pub(super) fn advance_clock(&self, seconds: u32) {
        let end = self.state().now().saturating_add(i64::from(seconds));
        loop {
            let next = self.state().next_repeat_until(end);
            let Some((time, receipt)) = next else { break };
            self.set_time(time);
            self.repeat(&receipt);
        }
        self.set_time(end);
        self.clock_moves.send_replace(());
        self.note_change();
    }

    /// Tells whoever watches that something changed.
    pub(super) fn note_change(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Sets the clock, unless it is later already.
    fn set_time(&self, time: i64) {
        let mut state = self.state();
        let behind = time.saturating_sub(state.now()).max(0);
        state.switches.clock_ahead += behind;
    }

    /// Delivers an emergency again; false when it has ended.
    fn repeat(&self, receipt: &str) -> bool {
        let Some(devices) = self.state().repeat(receipt) else { return false };
        self.counters.update(|counters| counters.repeats += 1);
        self.signal(&devices);
        true
    }
}
