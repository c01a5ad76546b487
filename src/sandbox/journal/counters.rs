//! Counters to wait for.
//!
//! Invariant: a change is never missed by whoever waits, unless another change undoes it.

use std::sync::Arc;

use tokio::sync::watch;

/// Counters. Successful requests are those whose response was sent complete, with status 200.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests that arrived, including those for a websocket.
    pub requests: usize,
    /// Requests that met a fault.
    pub faults: usize,
    /// Successful logins.
    pub logins: usize,
    /// Successful downloads.
    pub downloads: usize,
    /// Successful deletions.
    pub deletes: usize,
    /// The id of the last successful deletion.
    pub last_deleted_through: Option<u64>,
    /// Successful acknowledgements.
    pub acknowledges: usize,
    /// Messages sent or injected.
    pub sent: usize,
    /// Repeats of emergencies delivered.
    pub repeats: usize,
    /// Successful callbacks to senders.
    pub callbacks: usize,
    /// Websockets opened so far.
    pub sockets_opened: usize,
    /// Websockets open now.
    pub sockets_now: usize,
    /// Successful websocket logins so far.
    pub socket_logins: usize,
    /// Websocket logins rejected with `E` so far.
    pub socket_refusals: usize,
    /// TCP connections open now.
    pub connections_now: usize,
    /// The most TCP connections open at once, since the start or since the peaks were reset.
    pub max_connections: usize,
    /// HTTP requests in flight now.
    pub in_flight: usize,
    /// The most HTTP requests in flight at once, since the start or since the peaks were reset.
    pub max_concurrency: usize,
}

/// The counters, shared by everything that counts.
#[derive(Debug)]
pub(in crate::sandbox) struct SharedCounters(watch::Sender<Counters>);

impl SharedCounters {
    pub(in crate::sandbox) fn new() -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(Counters::default())))
    }

    pub(in crate::sandbox) fn update(&self, change: impl FnOnce(&mut Counters)) {
        self.0.send_modify(change);
    }

    pub(in crate::sandbox) fn set_connections(&self, now: usize) {
        self.update(|counters| {
            counters.connections_now = now;
            counters.max_connections = counters.max_connections.max(now);
        });
    }

    pub(in crate::sandbox) fn watch(&self) -> watch::Receiver<Counters> {
        self.0.subscribe()
    }
}
