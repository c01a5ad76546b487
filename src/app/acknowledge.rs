//! Finds the emergency with a message id, and acknowledges it without a running daemon.
//!
//! Invariant: the request is saved before anything is sent, so a crash or a dead network only delays it.

use super::Problem;
use super::context::Context;
use super::history::{self, OwnLog};
use crate::domain::account::Credentials;
use crate::domain::message::{Acknowledgement, Entry, LONGEST_EMERGENCY, MessageId, Priority};
use crate::pushover::{self, Remedy, Rest};
use crate::store::{PendingAck, Store};
use crate::system::clock;

/// How many open emergencies are listed at most.
const LISTED: usize = 100;

/// What failed, for every error about an acknowledgement.
pub const UNACKNOWLEDGED: &str = "the message could not be acknowledged";

/// The request to acknowledge the emergency with this message id; the error says why there is none.
pub fn pending_ack_of(store: &Store, id: MessageId) -> Result<PendingAck, Problem> {
    let what = "the message cannot be acknowledged";
    let Some(entry) = store.find(id)? else {
        return Err(Problem::new(what, format!("there is no message {id}"))
            .hint("`handover messages` shows the id of every open emergency"));
    };
    let repeated_until = entry.repeated_until();
    let Entry { message, acknowledgement, .. } = entry;
    let (Priority::Emergency, Some(receipt)) = (message.priority, message.receipt) else {
        return Err(Problem::new(what, "it is not an emergency"));
    };
    if acknowledgement == Acknowledgement::Confirmed || message.acknowledged {
        return Err(Problem::new(what, "it is already acknowledged"));
    }
    let expires = repeated_until.max(clock::unix().saturating_add(LONGEST_EMERGENCY));
    Ok(PendingAck { receipt, expires })
}

/// The emergencies that still have to be acknowledged, the newest first. `unix` is the time of the service.
pub fn open_emergencies(context: &Context, unix: i64) -> Result<Vec<Entry>, Problem> {
    match history::open(context)? {
        Some(log) => Ok(log.open_emergencies(LISTED, unix)?),
        None => Ok(Vec::new()),
    }
}

/// How many acknowledgements the service has not confirmed yet.
pub fn pending_acks(context: &Context) -> Result<usize, Problem> {
    match history::open(context)? {
        Some(log) => Ok(log.pending_acks()?.len()),
        None => Ok(0),
    }
}

/// Acknowledges an emergency without a daemon. Unless the service confirms or refuses it, the request stays pending,
/// and the next daemon sends it.
pub async fn acknowledge_once(context: &Context, log: OwnLog, id: MessageId) -> Result<(), Problem> {
    let login = context.login().await;
    let pending = match pending_ack_of(&log.store, id) {
        Err(_) if matches!(login, Ok(None)) => return Err(Problem::not_signed_in()),
        pending => pending?,
    };
    let device = log.store.find(id)?.map(|entry| entry.device);
    log.store.mark_emergency_read(&pending.receipt, clock::unix())?;
    log.store.request_acknowledgement(&pending, clock::unix())?;
    let Some(login) = login.map_err(|problem| still_pending_without_login(&problem))? else {
        return Err(still_pending_without_login(&Problem::not_signed_in()));
    };
    // A daemon that starts meanwhile sends the same request again, which does no harm.
    drop(log);
    let rest = context.rest()?;
    let Err(error) = rest.acknowledge(&login.secret, &pending.receipt).await else {
        if let Some(log) = OwnLog::open(context)? {
            log.store.mark_acknowledged(&pending.receipt, clock::unix())?;
        }
        return Ok(());
    };
    if !is_refused(&rest, &login, &error).await {
        return Err(still_pending(&error));
    }
    // A refusal to another account says nothing about the account that received the emergency.
    if device == Some(login.device_id)
        && let Some(log) = OwnLog::open(context)?
    {
        log.store.give_up_acknowledgement(&pending.receipt, clock::unix())?;
    }
    Err(Problem::new(UNACKNOWLEDGED, error))
}

/// Whether the service refused this receipt, rather than the login.
async fn is_refused(rest: &Rest, login: &Credentials, error: &pushover::Error) -> bool {
    if !error.is_final() || error.rejects_login() {
        return false;
    }
    // A refusal that names no parameter may be about either one; a download shows whether the login is refused.
    error.remedy() == Remedy::Bug || is_accepted(rest, login).await
}

async fn is_accepted(rest: &Rest, login: &Credentials) -> bool {
    match rest.download(login).await {
        Ok(mut download) => download.next().await.is_ok(),
        Err(_) => false,
    }
}

/// The failure of a request that stays pending, and what has to be done before it can succeed.
pub fn still_pending(error: &pushover::Error) -> Problem {
    let hint = match error.remedy() {
        Remedy::SignIn => {
            "acknowledgement waiting: sign in again with `handover setup`, then the daemon sends it"
        }
        Remedy::License => {
            "acknowledgement waiting: buy a licence for Pushover for Desktop at https://pushover.net/licensing, then the \
             daemon sends it"
        }
        Remedy::Retry | Remedy::RetryAfter(_) | Remedy::Bug => {
            "acknowledgement waiting: `handover start` sends it as soon as the service responds"
        }
    };
    Problem::new(UNACKNOWLEDGED, error).hint(hint)
}

/// The failure of a request that stays pending because no login could be read.
pub fn still_pending_without_login(problem: &Problem) -> Problem {
    let first = problem.hint.as_deref().unwrap_or("sign in with `handover setup`");
    problem.clone().hint(format!("acknowledgement waiting: {first}, then the daemon sends it"))
}
