//! The callers that wait for a sync, or for the message path to rest.
//!
//! Invariant: each of them gets one answer, and none waits longer than until the end of the next sync.

use tokio::sync::oneshot;

use super::outcome::{Failure, SyncOutcome};
use crate::daemon::shared::channels::SyncReply;
use crate::domain::status::{Cause, Issue};

/// Who waits for a sync: the one under way, or the one after it.
#[derive(Default)]
pub(super) struct WaitingCallers {
    current: Vec<oneshot::Sender<SyncReply>>,
    next: Vec<oneshot::Sender<SyncReply>>,
    /// Why the latest sync failed, if it did.
    failure: Option<Cause>,
}

impl WaitingCallers {
    /// Adds a caller, who waits for a sync that begins from now on.
    pub(super) fn push(&mut self, caller: oneshot::Sender<SyncReply>) {
        self.next.push(caller);
    }

    /// A sync begins.
    pub(super) fn on_started(&mut self) {
        self.current.append(&mut self.next);
    }

    /// No sync can begin before a retry is due, and a person does not wait that long: answers why.
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
            // The next sync may be a long time off, and would most likely end the same way.
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
            Err(Cause::new("the daemon is stopping", "start it again with `handover run`"))
        }
        SyncOutcome::Failed(Failure::Outdated) => {
            Err(Cause::new("the login changed in the meantime", "try again"))
        }
    }
}
