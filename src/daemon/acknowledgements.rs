//! The task that acknowledges emergencies: it does what `engine::receipts` decides.
//!
//! Invariant: only a durable request is sent, and a request is made durable only after its message was shown or
//! the user asked; it ends as confirmed, refused or expired, across restarts.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Shared, Step, sync};
use crate::domain::message::{LONGEST_EMERGENCY, Receipt};
use crate::domain::settings::Emergency;
use crate::domain::status::{Cause, Issue, LinkState};
use crate::engine::receipts::{Action, Input, Receipts};
use crate::ports::{Notifier, SecretStore};
use crate::pushover::{Error, Remedy};
use crate::store::PendingAck;
use crate::system::clock;

/// Seconds: a request is never older than the emergency it is about.
const LONGEST_WISH: u64 = LONGEST_EMERGENCY.unsigned_abs();

/// What the others may tell this task.
pub(super) enum AckCommand {
    /// A request that is durable already, and who wants to hear how it ended.
    PendingAck(PendingAck, Option<oneshot::Sender<Outcome>>),
    /// Another login is in use, or none.
    LoginChanged,
    /// The computer woke from sleep or a network came up.
    Woke,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Confirmed,
    /// With the service's reason.
    Refused(String),
    Expired,
}

/// When pending are looked at again that could not be read, or sent with this login.
const LATER: Duration = Duration::from_mins(10);

/// Acknowledges what is wanted, until the daemon stops.
pub(super) async fn acknowledge<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    mut mailbox: mpsc::UnboundedReceiver<AckCommand>,
) {
    let mut receipts = Receipts::new();
    let mut tracker = AckTracker { shared: &shared, told: Vec::new(), failing: BTreeSet::new() };
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
                Some(tracker.note(receipt, answer))
            }
            Some(letter) = mailbox.recv() => match letter {
                AckCommand::PendingAck(pending, told) => tracker.take(pending, told),
                AckCommand::LoginChanged => {
                    read_at = Some(clock::instant());
                    tracker.forget();
                    Some(Input::SignedOut)
                }
                AckCommand::Woke => Some(Input::Woke),
            },
            () = clock::until(receipts.poll_timeout()) => None,
            () = clock::until(read_at) => {
                read_at = if tracker.read() { None } else { Some(clock::instant() + LATER) };
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
                tracker.finish(&receipt, &Outcome::Expired);
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

/// Where the user acknowledges by hand, the notification that asked for it has done its work. An automatic
/// acknowledgement must not take away what nobody has seen yet.
async fn take_down<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, receipt: &Receipt) {
    let notification = shared.announcer().notification_of(receipt);
    if let Some(notification) = notification.filter(|_| shared.settings().emergency != Emergency::Auto) {
        shared.notifier().close(notification).await;
    }
}

/// Waits for a download of its own; whether it went well.
async fn sync<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> bool {
    let (told, outcome) = oneshot::channel();
    shared.want(sync::SyncCommand::Sync(told)).await;
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
struct AckTracker<'a, N, S> {
    shared: &'a Shared<N, S>,
    told: Vec<(Receipt, oneshot::Sender<Outcome>)>,
    /// Wishes that did not get through yet.
    failing: BTreeSet<Receipt>,
}

impl<N: Notifier, S: SecretStore> AckTracker<'_, N, S> {
    /// Reads the pending of the log, those of earlier runs included; says whether that is done with.
    fn read(&self) -> bool {
        let link = self.shared.status.borrow().link;
        if matches!(link, LinkState::Refused | LinkState::SignedOut) && self.shared.credentials().is_some() {
            // Whatever is sent with this login is refused. A new one is told of by a letter.
            return false;
        }
        match self.shared.store().pending_acks() {
            Ok(pending) => {
                // They come as letters, like all others.
                for pending in pending {
                    self.shared.tell_acknowledge(AckCommand::PendingAck(pending, None));
                }
                true
            }
            Err(error) => {
                tracing::warn!("the pending to acknowledge cannot be read: {error}");
                false
            }
        }
    }

    fn take(&mut self, pending: PendingAck, told: Option<oneshot::Sender<Outcome>>) -> Option<Input> {
        // Without a login it stays in the log, where the next login finds it.
        self.shared.credentials()?;
        self.told.extend(told.map(|told| (pending.receipt.clone(), told)));
        let left =
            u64::try_from(pending.expires.saturating_sub(clock::unix())).unwrap_or(0).min(LONGEST_WISH);
        Some(Input::Wanted {
            receipt: pending.receipt,
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
                self.shared.issue(Issue::Acknowledgement, Some(Cause::from(&error)));
                Input::Failed { receipt, retry_after: error.retry_after() }
            }
            Answer::Unsure(error) => {
                self.failing.insert(receipt);
                self.shared.issue(Issue::Acknowledgement, Some(Cause::from(&error)));
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
            self.shared.issue(Issue::Acknowledgement, Some(Cause::from(&error)));
            self.failing.insert(receipt.clone());
            return Input::Failed { receipt: receipt.clone(), retry_after: None };
        }
        self.failing.remove(receipt);
        if self.failing.is_empty() {
            self.shared.issue(Issue::Acknowledgement, None);
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
        self.shared.issue(Issue::Acknowledgement, None);
    }
}
