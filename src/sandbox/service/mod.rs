//! What all requests share: the account, the open websockets, the scripted faults, the journal.
//!
//! Invariant: no lock is held across an await, and no two are held at once.

mod access;
mod callback;
mod sockets;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::account::State;
use super::faults::Faults;
use super::journal::{Journal, SharedCounters};
use super::protocol::Rejection;

pub(super) use access::Access;
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
    pub(super) keep_alive: Duration,
    pub(super) access: Access,
    runtime: Handle,
}

impl Service {
    pub(super) fn new(
        state: State,
        counters: Arc<SharedCounters>,
        keep_alive: Duration,
        access: Access,
        runtime: Handle,
    ) -> Self {
        Self {
            state: Mutex::new(state),
            sockets: Sockets::default(),
            faults: Faults::default(),
            journal: Arc::new(Journal::new(Arc::clone(&counters))),
            counters,
            closing: CancellationToken::new(),
            keep_alive,
            access,
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
    pub(super) fn acknowledge(self: &Arc<Self>, receipt: &str, device: &str) -> Result<(), Rejection> {
        let Some(callback) = self.state().acknowledge(receipt, device)? else { return Ok(()) };
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
    pub(super) fn repeat_until_ended(self: &Arc<Self>, receipt: String, retry: Duration) {
        let (service, closing) = (Arc::downgrade(self), self.closing.clone());
        let repeat = async move {
            loop {
                tokio::time::sleep(retry).await;
                let Some(service) = service.upgrade() else { return };
                let Some(devices) = service.state().repeat(&receipt) else { return };
                service.counters.update(|counters| counters.repeats += 1);
                service.signal(&devices);
            }
        };
        self.runtime.spawn(async move {
            tokio::select! {
                () = closing.cancelled() => {}
                () = repeat => {}
            }
        });
    }
}
