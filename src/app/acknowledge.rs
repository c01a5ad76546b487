//! The task that acknowledges emergencies: it does what `engine::receipts` decides.
//!
//! Invariant: only a durable wish is sent, and a wish is made durable only after its message was shown or
//! the user asked; it ends as confirmed, refused or expired, across restarts.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Problem, Shared, Step, clock, problem, walks};
use crate::domain::account::Credentials;
use crate::domain::message::{Acknowledgement, Entry, LONGEST_EMERGENCY, MessageId, Priority, Receipt};
use crate::domain::settings::Emergency;
use crate::domain::status::{Cause, LinkState, Trouble};
use crate::engine::receipts::{Action, Input, Receipts};
use crate::ports::{Notifier, SecretStore};
use crate::pushover::{Error, Remedy, Rest};
use crate::store::{Store, Wish};

/// Seconds: a wish is never older than the emergency it is about.
const LONGEST_WISH: u64 = LONGEST_EMERGENCY.unsigned_abs();

/// What the others may tell this task.
pub(super) enum Letter {
    /// A wish that is durable already, and who wants to hear how it ended.
    Wish(Wish, Option<oneshot::Sender<Outcome>>),
    /// Another login is in use, or none.
    LoginChanged,
    /// The computer woke from sleep or a network came up.
    Woke,
}

/// How a wish ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Confirmed,
    /// With the service's reason.
    Refused(String),
    Expired,
}

/// When wishes are looked at again that could not be read, or sent with this login.
const LATER: Duration = Duration::from_mins(10);

/// Acknowledges what is wanted, until the daemon stops.
pub(super) async fn acknowledge<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    mut mailbox: mpsc::UnboundedReceiver<Letter>,
) {
    let mut receipts = Receipts::new();
    let mut clerk = Clerk { shared: &shared, told: Vec::new(), failing: BTreeSet::new() };
    let mut sending: Option<Sending> = None;
    let mut read_at = Some(clock::instant());
    loop {
        let input = tokio::select! {
            biased;
            () = shared.stop().cancelled() => return,
            (receipt, answer) = answered(&mut sending) => {
                sending = None;
                if matches!(answer, Answer::Unsure(_)) {
                    read_at = Some(clock::instant() + LATER);
                }
                Some(clerk.note(receipt, answer))
            }
            Some(letter) = mailbox.recv() => match letter {
                Letter::Wish(wish, told) => clerk.take(wish, told),
                Letter::LoginChanged => {
                    read_at = Some(clock::instant());
                    clerk.forget();
                    Some(Input::SignedOut)
                }
                Letter::Woke => Some(Input::Woke),
            },
            () = clock::until(receipts.poll_timeout()) => None,
            () = clock::until(read_at) => {
                read_at = if clerk.read() { None } else { Some(clock::instant() + LATER) };
                None
            }
        };
        let (now, jitter) = (clock::instant(), clock::jitter());
        let action = match input {
            Some(input) => receipts.handle_input(input, now, jitter),
            None => receipts.handle_timeout(now, jitter),
        };
        match action {
            Some(Action::Send(receipt)) => sending = Some(send(&shared, receipt)),
            Some(Action::GiveUp(receipt)) => {
                tracing::warn!("an emergency could not be acknowledged before it expired");
                clerk.finish(&receipt, &Outcome::Expired);
            }
            None => {}
        }
    }
}

/// What the service said to an acknowledgement.
enum Answer {
    Confirmed,
    /// Final: about this emergency.
    Refused(Error),
    /// A refusal that may be about the login.
    Unsure(Error),
    /// No answer.
    Failed(Error),
    /// Nobody is signed in.
    SignedOut,
}

/// A request under way.
type Sending = Pin<Box<dyn Future<Output = (Receipt, Answer)> + Send>>;

fn send<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>, receipt: Receipt) -> Sending {
    let shared = Arc::clone(shared);
    Box::pin(async move {
        let Some(login) = shared.credentials() else { return (receipt, Answer::SignedOut) };
        let answer = match shared.rest().acknowledge(&login.secret, &receipt).await {
            Ok(()) => {
                take_down(&shared, &receipt).await;
                Answer::Confirmed
            }
            Err(error) if !error.is_definite() => Answer::Failed(error),
            Err(error) if error.remedy() == Remedy::Bug => Answer::Refused(error),
            // Its words leave open whether it dislikes the receipt or the login; a download tells.
            Err(error) if sync(&shared).await => Answer::Refused(error),
            Err(error) => Answer::Unsure(error),
        };
        (receipt, answer)
    })
}

/// Where the user acknowledges by hand, the notice that asked for it has done its work. An automatic
/// acknowledgement must not take away what nobody has seen yet.
async fn take_down<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, receipt: &Receipt) {
    let notice = shared.announcer().notice_of(receipt);
    if let Some(notice) = notice.filter(|_| shared.settings().emergency != Emergency::Auto) {
        shared.notifier().close(notice).await;
    }
}

/// Waits for a download of its own; whether it went well.
async fn sync<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> bool {
    let (told, outcome) = oneshot::channel();
    shared.want(walks::Wanted::Sync(told)).await;
    matches!(outcome.await, Ok(Ok(_)))
}

/// Waits for the request under way; for ever when there is none. Cancel safe.
async fn answered(sending: &mut Option<Sending>) -> (Receipt, Answer) {
    match sending {
        Some(sending) => sending.await,
        None => std::future::pending().await,
    }
}

/// Keeps the log, the status and whoever asked in step with what the service said.
struct Clerk<'a, N, S> {
    shared: &'a Shared<N, S>,
    told: Vec<(Receipt, oneshot::Sender<Outcome>)>,
    /// Wishes that did not get through yet.
    failing: BTreeSet<Receipt>,
}

impl<N: Notifier, S: SecretStore> Clerk<'_, N, S> {
    /// Reads the wishes of the log, those of earlier runs included; says whether that is done with.
    fn read(&self) -> bool {
        let link = self.shared.status.borrow().link;
        if matches!(link, LinkState::Refused | LinkState::SignedOut) && self.shared.credentials().is_some() {
            // Whatever is sent with this login is refused. A new one is told of by a letter.
            return false;
        }
        match self.shared.store().wanted_acknowledgements() {
            Ok(wishes) => {
                // They come as letters, like all others.
                for wish in wishes {
                    self.shared.tell_acknowledge(Letter::Wish(wish, None));
                }
                true
            }
            Err(error) => {
                tracing::warn!("the wishes to acknowledge cannot be read: {error}");
                false
            }
        }
    }

    fn take(&mut self, wish: Wish, told: Option<oneshot::Sender<Outcome>>) -> Option<Input> {
        // Without a login it stays in the log, where the next login finds it.
        self.shared.credentials()?;
        self.told.extend(told.map(|told| (wish.receipt.clone(), told)));
        let left = u64::try_from(wish.expires.saturating_sub(clock::unix())).unwrap_or(0).min(LONGEST_WISH);
        Some(Input::Wanted {
            receipt: wish.receipt,
            give_up_at: clock::instant() + Duration::from_secs(left),
        })
    }

    /// Makes the answer durable where it is final.
    fn note(&mut self, receipt: Receipt, answer: Answer) -> Input {
        match answer {
            Answer::Confirmed => {
                let input = self.finish(&receipt, &Outcome::Confirmed);
                self.shared.step(Step::Acknowledged(receipt));
                input
            }
            Answer::Refused(error) => {
                tracing::warn!("an emergency cannot be acknowledged: {error}");
                self.finish(&receipt, &Outcome::Refused(error.to_string()))
            }
            Answer::Failed(error) => {
                self.failing.insert(receipt.clone());
                self.shared.trouble(Trouble::Acknowledgement, Some(Cause::from(&error)));
                Input::Failed { receipt, retry_after: error.retry_after() }
            }
            Answer::Unsure(error) => {
                self.failing.insert(receipt);
                self.shared.trouble(Trouble::Acknowledgement, Some(Cause::from(&error)));
                Input::SignedOut
            }
            Answer::SignedOut => Input::SignedOut,
        }
    }

    fn finish(&mut self, receipt: &Receipt, outcome: &Outcome) -> Input {
        let (store, unix) = (self.shared.store(), clock::unix());
        let (marked, input) = match outcome {
            Outcome::Confirmed => (store.mark_acknowledged(receipt, unix), Input::Confirmed(receipt.clone())),
            Outcome::Refused(_) | Outcome::Expired => {
                (store.give_up_acknowledgement(receipt, unix), Input::Refused(receipt.clone()))
            }
        };
        if let Err(error) = marked {
            // Asked and marked again later: acknowledging twice does no harm.
            self.shared.trouble(Trouble::Acknowledgement, Some(Cause::from(&error)));
            self.failing.insert(receipt.clone());
            return Input::Failed { receipt: receipt.clone(), retry_after: None };
        }
        self.failing.remove(receipt);
        if self.failing.is_empty() {
            self.shared.trouble(Trouble::Acknowledgement, None);
        }
        self.shared.refresh_counts();
        for (_, told) in self.told.extract_if(.., |(waiting, _)| waiting == receipt) {
            // Whoever asked may have gone.
            drop(told.send(outcome.clone()));
        }
        input
    }

    fn forget(&mut self) {
        self.told.clear();
        self.failing.clear();
        self.shared.trouble(Trouble::Acknowledgement, None);
    }
}

/// The emergency that a message is, and the wish to acknowledge it; or in words why there is none.
pub(super) fn wish_of(store: &Store, id: MessageId) -> Result<Wish, Problem> {
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
        return Err(Problem::new(what, "it is acknowledged already"));
    }
    let expires = recorded.max(clock::unix()).saturating_add(LONGEST_EMERGENCY);
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
    store.mark_emergency_read(&wish.receipt, clock::unix())?;
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
