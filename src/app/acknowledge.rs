//! Acknowledging one emergency by its message id, and doing so without a running daemon.
//!
//! Invariant: the request is durable before anything is sent, so a crash or a dead network only delays it.

use super::context::Context;
use super::history::OwnLog;
use super::{Problem, problem};
use crate::domain::account::Credentials;
use crate::domain::message::{Acknowledgement, Entry, LONGEST_EMERGENCY, MessageId, Priority};
use crate::store::{PendingAck, Store};
use crate::system::clock;

/// The emergency that a message is, and the request to acknowledge it; or in words why there is none.
pub fn pending_ack_of(store: &Store, id: MessageId) -> Result<PendingAck, Problem> {
    let what = "the message cannot be acknowledged";
    let Some(entry) = store.find(id)? else {
        return Err(Problem::new(what, format!("there is no message {id}"))
            .hint("`handover messages` shows the id of every open emergency"));
    };
    let Entry { message, acknowledgement, recorded, .. } = entry;
    let (Priority::Emergency, Some(receipt)) = (message.priority, message.receipt) else {
        return Err(Problem::new(what, "it is not an emergency"));
    };
    if acknowledgement == Acknowledgement::Confirmed || message.acknowledged {
        return Err(Problem::new(what, "it is already acknowledged"));
    }
    let expires = recorded.max(clock::unix()).saturating_add(LONGEST_EMERGENCY);
    Ok(PendingAck { receipt, expires })
}

/// Acknowledges an emergency without a daemon: at once, or, when the service does not respond, by the daemon later.
pub async fn acknowledge_once(
    context: &Context,
    log: OwnLog,
    credentials: &Credentials,
    id: MessageId,
) -> Result<(), Problem> {
    let pending = pending_ack_of(&log.store, id)?;
    log.store.mark_emergency_read(&pending.receipt, clock::unix())?;
    log.store.request_acknowledgement(&pending, clock::unix())?;
    // A daemon may start while the service is asked. It acknowledges the same again, which does no harm.
    drop(log);
    let outcome = context.rest()?.acknowledge(&credentials.secret, &pending.receipt).await;
    let log = OwnLog::open(context)?;
    let what = "the message could not be acknowledged";
    match (outcome, log) {
        (Ok(()), Some(log)) => Ok(log.store.mark_acknowledged(&pending.receipt, clock::unix())?),
        (Ok(()), None) => Ok(()),
        (Err(error), log) if error.is_final() => {
            if let Some(log) = log {
                log.store.give_up_acknowledgement(&pending.receipt, clock::unix())?;
            }
            Err(Problem::new(what, error))
        }
        (Err(error), _) => {
            let problem = problem::of_service(what, &error);
            Err(problem.hint("the request is saved: `handover run` sends it as soon as the service responds"))
        }
    }
}
