//! Lets one request at a time through to the service.
//!
//! Invariant: together with the websocket there are at most two connections, the most that the service allows. Icons
//! and sounds wait for all other requests, and can be cancelled for one.

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit, watch};
use tokio::task::yield_now;

/// The request gate of one client.
#[derive(Debug)]
pub(super) struct RequestGate {
    semaphore: Semaphore,
    /// How many callers of [`Self::acquire`] are waiting.
    waiting: watch::Sender<usize>,
}

/// Permission to send requests, until it is dropped.
pub(super) type Permit<'a> = Result<SemaphorePermit<'a>, AcquireError>;

impl RequestGate {
    pub(super) fn new() -> Self {
        Self { semaphore: Semaphore::new(1), waiting: watch::Sender::new(0) }
    }

    /// Waits until no other request is under way.
    pub(super) async fn acquire(&self) -> Permit<'_> {
        let _waiting = Waiting::begin(&self.waiting);
        self.next().await
    }

    /// Waits until no other request is under way and no caller of [`Self::acquire`] is waiting.
    pub(super) async fn acquire_low_priority(&self) -> Permit<'_> {
        loop {
            // The sender lives in `self`, so this ends only when the condition holds.
            drop(self.waiting.subscribe().wait_for(|waiting| *waiting == 0).await);
            let permit = self.next().await;
            if *self.waiting.borrow() == 0 {
                return permit;
            }
        }
    }

    /// Waits until a caller of [`Self::acquire`] is waiting.
    pub(super) async fn urgent_request(&self) {
        // The sender lives in `self`, so this ends only when the condition holds.
        drop(self.waiting.subscribe().wait_for(|waiting| *waiting > 0).await);
    }

    async fn next(&self) -> Permit<'_> {
        // The semaphore is never closed.
        let permit = self.semaphore.acquire().await;
        // Hyper's tasks return the connection of the previous request to the pool, or close it. Tokio runs a task that
        // yields after all others that can run, so they are done after this. Otherwise the next request could open a
        // second connection.
        yield_now().await;
        permit
    }
}

/// Counts a caller as waiting until it is dropped.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a watch::Sender<usize>) -> Self {
        waiting.send_modify(|waiting| *waiting += 1);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting = waiting.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;

    use futures_util::FutureExt as _;

    use super::*;

    /// The output of a future if it is ready after its one yield.
    fn poll<F: Future>(future: &mut Pin<Box<F>>) -> Option<F::Output> {
        future.as_mut().now_or_never().or_else(|| future.as_mut().now_or_never())
    }

    #[tokio::test]
    async fn an_urgent_request_goes_before_one_of_low_priority() {
        let gate = RequestGate::new();
        let first = gate.acquire_low_priority().await;
        assert!(gate.urgent_request().now_or_never().is_none());
        let (mut low, mut urgent) = (Box::pin(gate.acquire_low_priority()), Box::pin(gate.acquire()));
        assert!(poll(&mut low).is_none() && poll(&mut urgent).is_none());
        assert!(gate.urgent_request().now_or_never().is_some());
        drop(first);
        assert!(poll(&mut low).is_none(), "it came first and still goes last");
        let permit = poll(&mut urgent);
        drop(urgent);
        assert!(permit.is_some() && gate.urgent_request().now_or_never().is_none());
        assert!(poll(&mut low).is_none());
        drop(permit);
        assert!(poll(&mut low).is_some());
    }

    #[tokio::test]
    async fn a_caller_that_gives_up_no_longer_counts_as_waiting() {
        let gate = RequestGate::new();
        let _permit = gate.acquire().await;
        let mut next = Box::pin(gate.acquire());
        assert!(poll(&mut next).is_none());
        drop(next);
        assert!(gate.urgent_request().now_or_never().is_none());
    }
}
