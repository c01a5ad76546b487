//! Whose turn it is to ask the service.
//!
//! Invariant: one request at a time: with the websocket that makes two connections, the most the service wants to
//! see. Icons and sounds wait for everything else, and make way while they are under way.

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit, watch};

/// The turns of one client.
#[derive(Debug)]
pub(super) struct Turns {
    one: Semaphore,
    /// How many wait that go first.
    waiting: watch::Sender<usize>,
}

/// A turn, until it is dropped.
pub(super) type Turn<'a> = Result<SemaphorePermit<'a>, AcquireError>;

impl Turns {
    pub(super) fn new() -> Self {
        Self { one: Semaphore::new(1), waiting: watch::Sender::new(0) }
    }

    /// Waits until no other request is under way, and holds the next back until it is dropped.
    pub(super) async fn take(&self) -> Turn<'_> {
        let _waiting = Waiting::begin(&self.waiting);
        // It is never closed.
        self.one.acquire().await
    }

    /// The same for what can wait.
    pub(super) async fn take_last(&self) -> Turn<'_> {
        loop {
            // The sender lives in `self`.
            drop(self.waiting.subscribe().wait_for(|waiting| *waiting == 0).await);
            let turn = self.one.acquire().await;
            if *self.waiting.borrow() == 0 {
                return turn;
            }
        }
    }

    /// Waits until somebody wants a turn who goes first.
    pub(super) async fn wanted(&self) {
        // Likewise.
        drop(self.waiting.subscribe().wait_for(|waiting| *waiting > 0).await);
    }
}

/// Counted as waiting until it is dropped.
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
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn what_can_wait_goes_last() {
        let turns = Turns::new();
        let first = turns.take_last().await;
        assert!(turns.wanted().now_or_never().is_none());
        let (mut last, mut next) = (Box::pin(turns.take_last()), Box::pin(turns.take()));
        assert!(last.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
        assert!(turns.wanted().now_or_never().is_some());
        drop(first);
        assert!(last.as_mut().now_or_never().is_none(), "it came earlier, and goes last");
        let turn = next.as_mut().now_or_never();
        assert!(turn.is_some() && turns.wanted().now_or_never().is_none());
        assert!(last.as_mut().now_or_never().is_none());
        drop(turn);
        assert!(last.as_mut().now_or_never().is_some());
    }

    #[tokio::test]
    async fn who_gives_up_waits_no_more() {
        let turns = Turns::new();
        let _turn = turns.take().await;
        let mut next = Box::pin(turns.take());
        assert!(next.as_mut().now_or_never().is_none());
        drop(next);
        assert!(turns.wanted().now_or_never().is_none());
    }
}
