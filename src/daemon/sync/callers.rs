//! The callers that wait for a sync.
//!
//! Invariant: each of them gets one reply, at the end of the next sync at the latest.

use tokio::sync::oneshot;

use super::outcome::{Failure, SyncOutcome};
use crate::daemon::shared::channels::SyncReply;
use crate::domain::status::{Cause, Issue};

/// The callers that wait for the sync under way, or for the next one.
#[derive(Default)]
pub(super) struct WaitingCallers {
    current: Vec<oneshot::Sender<SyncReply>>,
    next: Vec<oneshot::Sender<SyncReply>>,
    /// Why the latest sync failed, if it did.
    failure: Option<Cause>,
}

impl WaitingCallers {
    /// Adds a caller that waits for the next sync to begin and end.
    pub(super) fn push(&mut self, caller: oneshot::Sender<SyncReply>) {
        self.next.push(caller);
    }

    /// A sync begins.
    pub(super) fn on_started(&mut self) {
        self.current.append(&mut self.next);
    }

    /// Tells the waiting callers why no sync begins: the next retry is too far off to wait for.
    pub(super) fn refuse_next(&mut self) {
        let early = || Cause::new("it is too early to try again", "try again in a few minutes");
        let reply = Err(self.failure.clone().unwrap_or_else(early));
        answer(&mut self.next, &reply);
    }

    /// A sync ended.
    pub(super) fn on_finished(&mut self, outcome: &SyncOutcome) {
        let reply = reply_for(outcome);
        self.failure = reply.as_ref().err().cloned();
        answer(&mut self.current, &reply);
        if reply.is_err() {
            // The next sync may be a long way off, and would most likely fail the same way.
            answer(&mut self.next, &reply);
        }
    }
}

fn answer(callers: &mut Vec<oneshot::Sender<SyncReply>>, reply: &SyncReply) {
    for caller in callers.drain(..) {
        // The caller may have hung up.
        drop(caller.send(reply.clone()));
    }
}

fn reply_for(outcome: &SyncOutcome) -> SyncReply {
    match outcome {
        SyncOutcome::Completed { new, .. } => Ok(*new),
        SyncOutcome::Failed(Failure::Service(error) | Failure::Undeleted(error)) => Err(Cause::from(error)),
        SyncOutcome::Failed(Failure::Storage(error)) => {
            let cause = Cause::from(error);
            Err(Cause { why: Issue::Storage.sentence(&cause.why), ..cause })
        }
        SyncOutcome::Failed(Failure::Stopped) => {
            Err(Cause::new("the daemon is stopping", "start it again with `handover start`"))
        }
        SyncOutcome::Failed(Failure::Outdated) => {
            Err(Cause::new("the login changed in the meantime", "try again"))
        }
    }
}
