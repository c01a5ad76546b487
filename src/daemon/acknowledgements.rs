//! The task that acknowledges emergencies: it carries out the decisions of `engine::receipts`.
//!
//! Invariant: a request is saved before it is sent, except when the user asks for it and the disk cannot be written. It
//! is saved only after its message was shown, or because the user asked. It stays pending, across restarts, until it is
//! confirmed, refused or expired.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::driver::Driver;
use super::shared::Shared;
use super::shared::channels::{AckCommand, AckOutcome, SyncCommand};
use super::shared::parts::Step;
use crate::app::Problem;
use crate::app::acknowledge::{UNACKNOWLEDGED, still_pending};
use crate::domain::account::Credentials;
use crate::domain::message::{LONGEST_EMERGENCY, Receipt};
use crate::domain::status::{Cause, Issue, LinkState};
use crate::engine::receipts::{Action, Input, Receipts};
use crate::ports::{Notifier, SecretStore};
use crate::pushover::{Error, Remedy};
use crate::store::{PendingAck, Store};
use crate::system::clock;

/// How long a request is kept, in seconds: it never outlives the emergency it is about.
const LONGEST_REQUEST: u64 = LONGEST_EMERGENCY.unsigned_abs();

/// When to read the message log again for requests that could not be read, or could not be sent with this login.
const READ_AGAIN: Duration = Duration::from_mins(10);

/// Sends the pending acknowledgements until the daemon stops.
pub(super) async fn acknowledge<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    commands: mpsc::UnboundedReceiver<AckCommand>,
) {
    shared.stop().run_until_cancelled(serve(&shared, commands)).await;
}

async fn serve<N: Notifier, S: SecretStore>(
    shared: &Arc<Shared<N, S>>,
    mut commands: mpsc::UnboundedReceiver<AckCommand>,
) -> ! {
    let mut receipts = Driver::new(Receipts::new());
    let mut tracker = AckTracker::new(shared);
    let mut request: Option<AckRequest> = None;
    loop {
        let input = tokio::select! {
            biased;
            (receipt, answer) = answered(&mut request) => {
                request = None;
                Some(tracker.on_answer(receipt, answer).await)
            }
            Some(command) = commands.recv() => tracker.handle(command),
            () = clock::until(tracker.read_at) => tracker.read_pending().await,
            () = clock::until(receipts.deadline()) => None,
        };
        match receipts.step(input) {
            Some(Action::Send(receipt)) => request = Some(send(shared, receipt)),
            Some(Action::GiveUp(receipt)) => {
                tracing::warn!("an emergency could not be acknowledged before it expired");
                tracker.finish(&receipt, &AckOutcome::Expired).await;
            }
            None => {}
        }
    }
}

/// The service's reply to an acknowledgement.
enum Answer {
    Confirmed,
    /// A final refusal of this emergency.
    Refused(Error),
    /// A refusal of this emergency, which was sent to another device, perhaps of another account.
    RefusedToOther(Error),
    /// A refusal that may be about the login.
    LoginRefused(Error),
    /// No reply.
    Failed(Error),
    /// Nobody is signed in.
    SignedOut,
}

/// A request under way.
type AckRequest = Pin<Box<dyn Future<Output = (Receipt, Answer)> + Send>>;

fn send<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>, receipt: Receipt) -> AckRequest {
    let shared = Arc::clone(shared);
    Box::pin(async move {
        let Some(login) = shared.credentials() else { return (receipt, Answer::SignedOut) };
        let answer = match shared.rest().acknowledge(&login.secret, &receipt).await {
            Ok(()) => {
                close_notification(&shared, &receipt).await;
                Answer::Confirmed
            }
            Err(error) if !error.is_final() => Answer::Failed(error),
            Err(error) if !is_about_receipt(&shared, &login, &error).await => Answer::LoginRefused(error),
            Err(error) if is_for(&shared, &login, &receipt).await => Answer::Refused(error),
            Err(error) => Answer::RefusedToOther(error),
        };
        (receipt, answer)
    })
}

/// Whether the service refused the receipt, not the login. If the error names neither, a download with the same login
/// settles it; if that is refused as well, the link notices.
async fn is_about_receipt<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    login: &Credentials,
    error: &Error,
) -> bool {
    error.remedy() == Remedy::Bug
        || (sync_succeeds(shared).await
            && !error.rejects_login()
            && shared.credentials().as_ref() == Some(login))
}

/// Whether the emergency was sent to the device of this login. If its messages were deleted, it is assumed that it was.
async fn is_for<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    login: &Credentials,
    receipt: &Receipt,
) -> bool {
    let (device, receipt) = (login.device_id.clone(), receipt.clone());
    let is_for = move |log: &Store| {
        let copies = log.copies_of(&receipt)?;
        for seq in &copies {
            if log.entry(*seq)?.is_none_or(|entry| entry.device == device) {
                return Ok(true);
            }
        }
        Ok(copies.is_empty())
    };
    shared.log(is_for).await.unwrap_or(false)
}

/// Closes the notification if the user acknowledges by hand, since it has served its purpose. After an automatic
/// acknowledgement it stays: the user may not have seen it yet.
async fn close_notification<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, receipt: &Receipt) {
    let notification = shared.announcer().notification_of(receipt);
    if let Some(notification) = notification.filter(|_| !shared.settings().emergency.is_automatic()) {
        shared.notifier().close(notification).await;
    }
}

async fn sync_succeeds<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> bool {
    let (caller, outcome) = oneshot::channel();
    shared.to.sync(SyncCommand::Sync(caller)).await;
    matches!(outcome.await, Ok(Ok(_)))
}

/// Waits for the request under way; indefinitely when there is none. Cancel safe.
async fn answered(request: &mut Option<AckRequest>) -> (Receipt, Answer) {
    match request {
        Some(request) => request.await,
        None => std::future::pending().await,
    }
}

/// Passes the service's replies on to the message log, the status and the callers.
struct AckTracker<'a, N, S> {
    shared: &'a Shared<N, S>,
    callers: Vec<(Receipt, oneshot::Sender<AckOutcome>)>,
    /// Requests that have not reached the service yet.
    failing: BTreeSet<Receipt>,
    /// When to read the pending acknowledgements from the message log, if they have to be read.
    read_at: Option<Instant>,
}

impl<'a, N: Notifier, S: SecretStore> AckTracker<'a, N, S> {
    fn new(shared: &'a Shared<N, S>) -> Self {
        // They are read once there is a login.
        Self { shared, callers: Vec::new(), failing: BTreeSet::new(), read_at: None }
    }

    fn handle(&mut self, command: AckCommand) -> Option<Input> {
        match command {
            AckCommand::PendingAck(pending, caller) => self.add(pending, caller),
            AckCommand::LoginChanged => {
                self.read_at = Some(clock::instant());
                self.callers.clear();
                self.failing.clear();
                self.shared.issue(Issue::Acknowledgement, None);
                Some(Input::SignedOut)
            }
            AckCommand::Woke => {
                self.read_at = self.read_at.map(|_| clock::instant());
                Some(Input::Woke)
            }
        }
    }

    fn add(&mut self, pending: PendingAck, caller: Option<oneshot::Sender<AckOutcome>>) -> Option<Input> {
        // Without a login it stays in the message log, where the next login finds it.
        self.shared.credentials()?;
        self.callers.extend(caller.map(|caller| (pending.receipt.clone(), caller)));
        // Until the service's time is known, the service decides whether it expired: this computer's clock may be
        // wrong.
        let left = self.shared.rest().service_time().map(|unix| pending.expires.saturating_sub(unix));
        let left = left.map_or(LONGEST_REQUEST, |left| u64::try_from(left).unwrap_or(0).min(LONGEST_REQUEST));
        Some(Input::Requested {
            receipt: pending.receipt,
            give_up_at: clock::instant() + Duration::from_secs(left),
        })
    }

    /// Reads the pending acknowledgements from the message log, including those of earlier runs. If that fails, it is
    /// tried again later.
    async fn read_pending(&mut self) -> Option<Input> {
        self.read_at = Some(clock::instant() + READ_AGAIN);
        let link = self.shared.status.borrow().link;
        if matches!(link, LinkState::Refused | LinkState::SignedOut) && self.shared.credentials().is_some() {
            // The service refuses everything that is sent with this login. A command will report a new login.
            return None;
        }
        match self.shared.log(Store::pending_acks).await {
            Ok(pending) => {
                self.read_at = None;
                // The rest are queued as commands, like new requests.
                for pending in pending {
                    self.shared.to.acknowledge(AckCommand::PendingAck(pending, None));
                }
            }
            Err(error) => tracing::warn!("the pending acknowledgements cannot be read: {error}"),
        }
        None
    }

    /// Saves the reply if it is final.
    async fn on_answer(&mut self, receipt: Receipt, answer: Answer) -> Input {
        match answer {
            Answer::Confirmed => {
                let input = self.finish(&receipt, &AckOutcome::Confirmed).await;
                self.shared.to.sync(SyncCommand::Acknowledged(receipt.clone())).await;
                self.shared.step(Step::Acknowledged(receipt));
                input
            }
            Answer::Refused(error) => {
                tracing::warn!("an emergency cannot be acknowledged: {error}");
                self.finish(&receipt, &AckOutcome::Refused(Problem::new(UNACKNOWLEDGED, error))).await
            }
            Answer::Failed(error) => {
                self.failing.insert(receipt.clone());
                self.shared.issue(Issue::Acknowledgement, Some(Cause::from(&error)));
                Input::Failed { receipt, retry_after: error.retry_after() }
            }
            Answer::RefusedToOther(error) => {
                // The request stays in the message log for the next login.
                tracing::warn!("an emergency of another device cannot be acknowledged: {error}");
                self.resolve(&receipt, &AckOutcome::Refused(Problem::new(UNACKNOWLEDGED, error)));
                Input::Refused(receipt)
            }
            Answer::LoginRefused(error) => {
                self.read_at = Some(clock::instant() + READ_AGAIN);
                self.shared.issue(Issue::Acknowledgement, Some(Cause::from(&error)));
                let outcome = AckOutcome::Refused(still_pending(&error));
                for (_, caller) in self.callers.drain(..) {
                    drop(caller.send(outcome.clone()));
                }
                self.failing.insert(receipt);
                Input::SignedOut
            }
            Answer::SignedOut => Input::SignedOut,
        }
    }

    async fn finish(&mut self, receipt: &Receipt, outcome: &AckOutcome) -> Input {
        let (finished, is_confirmed) = (receipt.clone(), *outcome == AckOutcome::Confirmed);
        let marked = self.shared.log(move |log| {
            if is_confirmed {
                log.mark_acknowledged(&finished, clock::unix())
            } else {
                log.give_up_acknowledgement(&finished, clock::unix())
            }
        });
        if let Err(error) = marked.await {
            // The request is sent again later, which does no harm.
            self.shared.issue(Issue::Acknowledgement, Some(Cause::from(&error)));
            self.failing.insert(receipt.clone());
            if is_confirmed {
                self.answer(receipt, outcome);
            }
            return Input::Failed { receipt: receipt.clone(), retry_after: None };
        }
        self.shared.refresh_counts().await;
        self.resolve(receipt, outcome);
        if is_confirmed { Input::Confirmed(receipt.clone()) } else { Input::Refused(receipt.clone()) }
    }

    /// Removes the issue if nothing else is failing, and replies to the callers.
    fn resolve(&mut self, receipt: &Receipt, outcome: &AckOutcome) {
        self.failing.remove(receipt);
        if self.failing.is_empty() {
            self.shared.issue(Issue::Acknowledgement, None);
        }
        self.answer(receipt, outcome);
    }

    fn answer(&mut self, receipt: &Receipt, outcome: &AckOutcome) {
        for (_, caller) in self.callers.extract_if(.., |(waiting, _)| waiting == receipt) {
            // The caller may have hung up.
            drop(caller.send(outcome.clone()));
        }
    }
}
