//! The task that acknowledges emergencies: it does what `engine::receipts` decides.
//!
//! Invariant: only a durable wish is sent, and a wish is made durable only after its message was shown or
//! the user asked; it ends as confirmed, refused or expired, across restarts.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Problem, Shared, Step, clock, problem};
use crate::domain::account::Credentials;
use crate::domain::message::{Acknowledgement, Entry, MessageId, Priority, Receipt};
use crate::domain::status::Trouble;
use crate::engine::receipts::{Action, Input, Receipts};
use crate::ports::{Notifier, SecretStore};
use crate::pushover::{Error, Rest};
use crate::store::{Store, Wish};

/// Seconds: the longest `expire` a sender may ask for, after which the service repeats no more.
pub(super) const LONGEST_EMERGENCY: i64 = 10_800;

/// A wish that is durable already, and who wants to hear how it ended.
pub(super) struct Order {
    pub(super) wish: Wish,
    pub(super) told: Option<oneshot::Sender<Outcome>>,
}

/// How a wish ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Confirmed,
    /// With the service's reason.
    Refused(String),
    Expired,
}

/// Acknowledges what is wanted, until the daemon stops.
pub(super) async fn acknowledge<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    mut mailbox: mpsc::UnboundedReceiver<Order>,
) {
    let mut receipts = Receipts::new();
    let mut told: Vec<(Receipt, oneshot::Sender<Outcome>)> = Vec::new();
    let mut sending: Option<Sending> = None;
    match shared.store().wanted_acknowledgements() {
        Ok(wishes) => {
            // Those of an earlier run come as letters, like all others.
            for wish in wishes {
                shared.tell_acknowledge(Order { wish, told: None });
            }
        }
        Err(error) => shared.trouble(Trouble::Storage, Some(error.to_string())),
    }
    loop {
        let input = tokio::select! {
            biased;
            () = shared.stop().cancelled() => return,
            (receipt, answer) = answered(&mut sending) => {
                sending = None;
                Some(note(&shared, &mut told, receipt, answer))
            }
            Some(order) = mailbox.recv() => {
                told.extend(order.told.map(|told| (order.wish.receipt.clone(), told)));
                Some(wanted(order.wish))
            }
            () = clock::until(receipts.poll_timeout()) => None,
        };
        let (now, jitter) = (clock::instant(), clock::jitter());
        let action = match input {
            Some(input) => receipts.handle_input(input, now, jitter),
            None => receipts.handle_timeout(now, jitter),
        };
        match action {
            Some(Action::Send(receipt)) => sending = Some(send(&shared, receipt)),
            Some(Action::GiveUp(receipt)) => {
                finish(&shared, &mut told, &receipt, &Outcome::Expired);
            }
            None => {}
        }
    }
}

fn wanted(wish: Wish) -> Input {
    let left = u64::try_from(wish.expires.saturating_sub(clock::unix())).unwrap_or(0);
    Input::Wanted { receipt: wish.receipt, give_up_at: clock::instant() + Duration::from_secs(left) }
}

/// A request under way.
type Sending = Pin<Box<dyn Future<Output = (Receipt, Option<Result<(), Error>>)> + Send>>;

fn send<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>, receipt: Receipt) -> Sending {
    let shared = Arc::clone(shared);
    Box::pin(async move {
        let answer = match shared.credentials() {
            Some(credentials) => Some(shared.rest().acknowledge(&credentials.secret, &receipt).await),
            None => None,
        };
        (receipt, answer)
    })
}

/// Waits for the request under way; for ever when there is none. Cancel safe.
async fn answered(sending: &mut Option<Sending>) -> (Receipt, Option<Result<(), Error>>) {
    match sending {
        Some(sending) => sending.await,
        None => std::future::pending().await,
    }
}

/// Makes the answer durable where it is final.
fn note<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    told: &mut Vec<(Receipt, oneshot::Sender<Outcome>)>,
    receipt: Receipt,
    answer: Option<Result<(), Error>>,
) -> Input {
    match answer {
        Some(Ok(())) => {
            finish(shared, told, &receipt, &Outcome::Confirmed);
            shared.step(Step::Acknowledged(receipt.clone()));
            Input::Confirmed(receipt)
        }
        Some(Err(error)) if error.is_definite() => {
            finish(shared, told, &receipt, &Outcome::Refused(error.to_string()));
            Input::Refused(receipt)
        }
        Some(Err(error)) => {
            shared.trouble(Trouble::Acknowledgement, Some(error.to_string()));
            Input::Failed { receipt, retry_after: error.retry_after() }
        }
        None => Input::Failed { receipt, retry_after: None },
    }
}

fn finish<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    told: &mut Vec<(Receipt, oneshot::Sender<Outcome>)>,
    receipt: &Receipt,
    outcome: &Outcome,
) {
    let (marked, cause) = match outcome {
        Outcome::Confirmed => (shared.store().mark_acknowledged(receipt, clock::unix()), None),
        Outcome::Refused(why) => {
            (shared.store().give_up_acknowledgement(receipt, clock::unix()), Some(why.clone()))
        }
        Outcome::Expired => {
            let why = "the service did not answer before it expired".to_owned();
            (shared.store().give_up_acknowledgement(receipt, clock::unix()), Some(why))
        }
    };
    // Without the mark it is asked again at the next start, which does no harm.
    if let Err(error) = marked {
        shared.trouble(Trouble::Storage, Some(error.to_string()));
    }
    shared.trouble(Trouble::Acknowledgement, cause);
    shared.refresh_counts();
    for (_, told) in told.extract_if(.., |(waiting, _)| waiting == receipt) {
        // Whoever asked may have gone.
        drop(told.send(outcome.clone()));
    }
}

/// The emergency that a message is, and the wish to acknowledge it; or in words why there is none.
pub(super) fn wish_of(store: &Store, id: MessageId) -> Result<Wish, Problem> {
    let what = "the message cannot be acknowledged";
    let Some(entry) = store.find(id)? else {
        return Err(
            Problem::new(what, format!("there is no message {id}")).hint("`handover messages` lists them")
        );
    };
    let Entry { message, acknowledgement, recorded, .. } = entry;
    let (Priority::Emergency, Some(receipt)) = (message.priority, message.receipt) else {
        return Err(Problem::new(what, "it is not an emergency"));
    };
    if acknowledgement == Acknowledgement::Confirmed || message.acknowledged {
        return Err(Problem::new(what, "it is acknowledged already"));
    }
    let expires = recorded.max(message.date).max(clock::unix()).saturating_add(LONGEST_EMERGENCY);
    Ok(Wish { receipt, expires })
}

/// Acknowledges an emergency without a daemon: at once, or, when the service does not answer, by the daemon later.
pub async fn acknowledge_once(
    store: &Store,
    rest: &Rest,
    credentials: &Credentials,
    id: MessageId,
) -> Result<(), Problem> {
    let wish = wish_of(store, id)?;
    store.want_acknowledgement(&wish, clock::unix())?;
    let what = "the message could not be acknowledged";
    match rest.acknowledge(&credentials.secret, &wish.receipt).await {
        Ok(()) => Ok(store.mark_acknowledged(&wish.receipt, clock::unix())?),
        Err(error) if error.is_definite() => {
            store.give_up_acknowledgement(&wish.receipt, clock::unix())?;
            Err(Problem::new(what, error))
        }
        Err(error) => {
            let problem = problem::of_service(what, &error);
            Err(problem.hint("the wish is saved: `handover run` sends it as soon as the service answers"))
        }
    }
}
