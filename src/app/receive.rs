//! The message path, in program order, in one task.
//!
//! Invariant: the order of [`pass`] is the promise. A message is recorded before it is announced, and
//! recorded before it is deleted on the server; whatever line the process dies at, the next pass finishes
//! the rest. Nothing else in the program records, announces or deletes.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::{Problem, Shared, Step, acknowledge, clock, problem};
use crate::domain::account::DeviceId;
use crate::domain::message::{Entry, Known, MessageId, Receipt, Seq};
use crate::domain::status::Trouble;
use crate::engine::announce::{self, Circumstances};
use crate::engine::backoff::Backoff;
use crate::engine::fetch::{self, Fetch, Reason};
use crate::engine::{inbox, link};
use crate::ports::{NotShown, Notifier, SecretStore};
use crate::pushover::{self, Remedy};
use crate::store::{self, Wish};

/// How long a notice that is being shown may keep a stopping daemon.
const LAST_NOTICE: Duration = Duration::from_millis(500);

/// After this many refusals in one walk the server is given a rest: one that hangs takes seconds for each.
const MOST_REFUSALS: u32 = 2;

/// What the others may want of this task.
pub(super) enum Wanted {
    /// A download, and all that follows.
    Download(Reason),
    /// The same, now, and word of how it ended.
    Sync(oneshot::Sender<Result<usize, String>>),
    /// Another try at showing what could not be shown.
    Announcement,
}

/// How a pass ended.
enum Passed {
    /// To the end, with this many new messages; `waiting` when something could not be shown.
    Well { new: usize, waiting: bool },
    /// It broke off.
    Badly(Failure),
}

/// Walks the path whenever it is wanted, until the daemon stops.
pub(super) async fn receive<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    mut mailbox: mpsc::Receiver<Wanted>,
) {
    let mut fetch = Fetch::new();
    let mut again = Again::default();
    let mut asking = Asking::default();
    let mut work: Option<Work> = None;
    // What a crash left recorded but not announced does not wait for the network.
    again.now();
    loop {
        let mut input = None;
        tokio::select! {
            biased;
            () = shared.stop().cancelled() => break,
            ended = ended(&mut work) => {
                work = None;
                let (passed, was_download) = ended;
                again.note(&passed);
                if was_download {
                    asking.tell(&passed);
                    input = Some(outcome(&shared, &passed));
                }
            }
            Some(wanted) = mailbox.recv() => match wanted {
                Wanted::Download(reason) => input = Some(fetch::Input::Wanted(reason)),
                Wanted::Sync(told) => {
                    asking.next.push(told);
                    input = Some(fetch::Input::Wanted(Reason::Backlog));
                }
                Wanted::Announcement => again.now(),
            },
            () = clock::until(fetch.poll_timeout()) => {}
            () = clock::until(again.at), if work.is_none() => {
                again.at = None;
                work = Some(announce_only(&shared));
            }
        }
        let (now, jitter) = (clock::instant(), clock::jitter());
        let action = match input {
            Some(input) => fetch.handle_input(input, now, jitter),
            None => fetch.handle_timeout(now, jitter),
        };
        if let Some(fetch::Action::Start(reason)) = action {
            asking.start();
            work = Some(download(&shared, reason, work.take()));
        } else if !fetch.is_running() {
            asking.refuse();
        }
    }
    // A notice that is on its way to the screen is let through and marked, so that it is not shown again.
    if let Some((work, _)) = work {
        drop(tokio::time::timeout(LAST_NOTICE, work).await);
    }
}

/// The promise, line by line.
async fn pass<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, reason: Reason) -> Result<Passed, Failure> {
    let Some(credentials) = shared.credentials() else { return Ok(Passed::Well { new: 0, waiting: false }) };
    let device = &credentials.device_id;

    let download = unless_stopped(shared, shared.rest().download(&credentials)).await?;
    let ids: Vec<MessageId> = download.items.iter().map(|item| item.message.id).collect();
    *shared.account() = download.account;
    shared.step(Step::Received(ids.len()));

    let mut durable = shared.store().known(device, &ids)?;
    let sorted = inbox::sort(download.items, &durable);
    let new: Vec<MessageId> = sorted.new.iter().map(|item| item.message.id).collect();
    if !(sorted.new.is_empty() && sorted.repeated.is_empty()) {
        shared.store().record(device, &sorted.new, &sorted.repeated, clock::unix())?;
        shared.step(Step::Recorded(new.clone()));
        durable.extend(new.iter().map(|id| (*id, Known::default())));
    }
    for receipt in sorted.settled {
        shared.store().mark_acknowledged(&receipt, clock::unix())?;
        let notice = shared.announcer().notice_of(&receipt);
        if let Some(notice) = notice {
            shared.notifier().close(notice).await;
        }
    }
    shared.trouble(Trouble::Storage, None);

    let waiting = announce(shared, reason == Reason::Backlog).await?;
    if !shared.store().is_flushed(device)? {
        shared.store().mark_flushed(device, clock::unix())?;
    }

    if let Some(through) = inbox::deletable(&ids, |id| durable.contains_key(&id)) {
        unless_stopped(shared, shared.rest().delete_through(&credentials, through))
            .await
            .map_err(undeleted)?;
        shared.store().mark_deleted_through(device, through, clock::unix())?;
        shared.step(Step::Deleted(through));
    }
    Ok(Passed::Well { new: new.len(), waiting })
}

/// One pass without a daemon; says how many messages were new.
pub(super) async fn pass_once<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> Result<usize, Problem> {
    let what = "the outstanding messages could not be fetched";
    match pass(shared, Reason::Backlog).await {
        Ok(Passed::Well { new, .. }) => Ok(new),
        Ok(Passed::Badly(failure)) | Err(failure) => Err(match failure {
            Failure::Service(error) | Failure::Undeleted(error) => problem::of_service(what, &error),
            Failure::Storage(error) => error.into(),
            Failure::Stopped | Failure::Outdated => Problem::new(what, "it was interrupted"),
        }),
    }
}

/// A refusal right after a download with the same login is no verdict on the login, whatever its words.
fn undeleted(failure: Failure) -> Failure {
    if let Failure::Service(error) = &failure
        && error.is_definite()
    {
        return Failure::Undeleted(error.clone());
    }
    failure
}

/// Shows what is recorded and not yet announced; says whether something is left that could not be shown.
async fn announce<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    backlog: bool,
) -> Result<bool, Failure> {
    shared.finish_marks()?;
    let mut by_device: BTreeMap<DeviceId, Vec<Entry>> = BTreeMap::new();
    for entry in shared.store().unannounced()? {
        by_device.entry(entry.device.clone()).or_default().push(entry);
    }
    let mut failure = None;
    let mut refusals = 0;
    for (device, waiting) in by_device {
        let circumstances = Circumstances {
            unix: clock::unix(),
            backlog,
            first_flush: !shared.store().is_flushed(&device)?,
            quiet_hours: shared.account().quiet_hours,
            backlog_policy: shared.settings().backlog,
            emergency: shared.settings().emergency,
        };
        let plan = shared.announcer().plan(&waiting, &circumstances);
        for step in plan {
            let (seqs, notice, receipt, acknowledge) = match step {
                announce::Step::PassOver { seqs, read } => {
                    shared.store().pass_over(&seqs, read, clock::unix())?;
                    shared.step(Step::PassedOver(seqs));
                    continue;
                }
                announce::Step::Show { seqs, notice, receipt, acknowledge } => {
                    (seqs, notice, receipt, acknowledge)
                }
            };
            if shared.stop().is_cancelled() {
                return Err(Failure::Stopped);
            }
            let id = match shared.notifier().show(&notice).await {
                Ok(id) => id,
                Err(NotShown::Refused(cause)) if refusals < MOST_REFUSALS => {
                    // One notice that the server does not like must not hide the others.
                    refusals += 1;
                    failure = Some(NotShown::Refused(cause));
                    continue;
                }
                Err(NotShown::Refused(cause)) => return Ok(left_waiting(shared, &NotShown::Refused(cause))),
                Err(NotShown::NoServer(cause)) => {
                    return Ok(left_waiting(shared, &NotShown::NoServer(cause)));
                }
            };
            shared.announcer().shown(id, &seqs, receipt.as_ref());
            let wish = receipt.filter(|_| acknowledge).map(|receipt| wish_for(receipt, &waiting));
            shared.mark_shown(seqs.clone(), wish)?;
            shared.step(Step::Shown(id, seqs));
        }
    }
    shared.refresh_counts();
    if let Some(failure) = failure {
        return Ok(left_waiting(shared, &failure));
    }
    shared.trouble(Trouble::Notifications, None);
    Ok(false)
}

fn left_waiting<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, failure: &NotShown) -> bool {
    shared.trouble(Trouble::Notifications, Some(failure.to_string()));
    shared.refresh_counts();
    true
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    /// Marks what is on the screen as announced, with the wish to acknowledge it in the same transaction.
    ///
    /// When the log cannot be written, the mark is kept in memory and made before anything else is shown:
    /// a full disk must not show the same notice at every attempt.
    fn mark_shown(&self, seqs: Vec<Seq>, wish: Option<Wish>) -> Result<(), store::Error> {
        self.unmarked().push((seqs, wish));
        self.finish_marks()
    }

    fn finish_marks(&self) -> Result<(), store::Error> {
        let mut unmarked = self.unmarked();
        while let Some((seqs, wish)) = unmarked.first() {
            self.store().mark_announced(seqs, wish.as_ref(), clock::unix())?;
            if let Some(wish) = wish.clone() {
                self.tell_acknowledge(acknowledge::Order { wish, told: None });
            }
            unmarked.remove(0);
        }
        Ok(())
    }
}

/// The wish to acknowledge one emergency, good for as long as the service would repeat it.
fn wish_for(receipt: Receipt, waiting: &[Entry]) -> Wish {
    let copies = waiting.iter().filter(|entry| entry.message.receipt.as_ref() == Some(&receipt));
    let sent = copies.map(|entry| entry.message.date.max(entry.recorded)).max().unwrap_or_else(clock::unix);
    Wish { receipt, expires: sent.saturating_add(acknowledge::LONGEST_EMERGENCY) }
}

/// Why a pass broke off.
enum Failure {
    Service(pushover::Error),
    /// The service will not delete; the same request is not repeated until there is something new.
    Undeleted(pushover::Error),
    Storage(store::Error),
    /// The daemon is stopping.
    Stopped,
    /// The login was changed meanwhile, so that the answer says nothing of the one in use.
    Outdated,
}

impl From<pushover::Error> for Failure {
    fn from(error: pushover::Error) -> Self {
        Self::Service(error)
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Storage(error)
    }
}

/// Waits for the service, but not while the daemon is to stop: whatever it was asked is asked again.
async fn unless_stopped<N: Notifier, S: SecretStore, T>(
    shared: &Shared<N, S>,
    answer: impl Future<Output = Result<T, pushover::Error>>,
) -> Result<T, Failure> {
    match shared.stop().run_until_cancelled(answer).await {
        Some(answer) => Ok(answer?),
        None => Err(Failure::Stopped),
    }
}

/// Turns the end of a pass into the fetch machine's input, and tells the link and the status.
fn outcome<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, passed: &Passed) -> fetch::Input {
    let (input, for_link) = match passed {
        Passed::Well { .. } => {
            shared.trouble(Trouble::Service, None);
            (fetch::Input::Succeeded, Some(link::Input::Accepted))
        }
        Passed::Badly(Failure::Storage(error)) => {
            shared.trouble(Trouble::Storage, Some(error.to_string()));
            (fetch::Input::Failed { retry_after: None }, Some(link::Input::Accepted))
        }
        // The daemon ends, or the new connection of the new login asks for a download of its own.
        Passed::Badly(Failure::Stopped | Failure::Outdated) => (fetch::Input::Succeeded, None),
        Passed::Badly(Failure::Undeleted(error)) => {
            shared.trouble(Trouble::Service, Some(error.to_string()));
            (fetch::Input::Succeeded, Some(link::Input::Accepted))
        }
        Passed::Badly(Failure::Service(error)) => {
            shared.trouble(Trouble::Service, Some(error.to_string()));
            match error.remedy() {
                Remedy::Retry => (fetch::Input::Failed { retry_after: None }, Some(link::Input::Unanswered)),
                Remedy::RetryAfter(span) => {
                    (fetch::Input::Failed { retry_after: Some(span) }, Some(link::Input::Unanswered))
                }
                Remedy::SignIn | Remedy::License => (fetch::Input::Rejected, Some(link::Input::Rejected)),
                // A request it will never like is not repeated; the next message brings another.
                Remedy::Bug => (fetch::Input::Succeeded, Some(link::Input::Accepted)),
            }
        }
    };
    shared.step(Step::Passed(matches!(passed, Passed::Well { waiting: false, .. })));
    if let Some(for_link) = for_link {
        shared.tell_link(for_link);
    }
    input
}

/// A walk of the path under way, and whether it is a whole pass.
type Work = (Pin<Box<dyn Future<Output = Passed> + Send>>, bool);

/// A whole pass, after whatever is still under way: two never run at once.
fn download<N: Notifier, S: SecretStore>(
    shared: &Arc<Shared<N, S>>,
    reason: Reason,
    before: Option<Work>,
) -> Work {
    let shared = Arc::clone(shared);
    let work = async move {
        if let Some((before, _)) = before {
            before.await;
        }
        let login = shared.credentials();
        let passed = pass(&shared, reason).await.unwrap_or_else(Passed::Badly);
        if shared.credentials() == login { passed } else { Passed::Badly(Failure::Outdated) }
    };
    (Box::pin(work), true)
}

/// Only the part that needs no network.
fn announce_only<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>) -> Work {
    let shared = Arc::clone(shared);
    let work = async move {
        match announce(&shared, true).await {
            Ok(waiting) => Passed::Well { new: 0, waiting },
            Err(failure) => Passed::Badly(failure),
        }
    };
    (Box::pin(work), false)
}

/// Waits for the work under way; for ever when there is none. Cancel safe.
async fn ended(work: &mut Option<Work>) -> (Passed, bool) {
    match work {
        Some((work, is_pass)) => (work.await, *is_pass),
        None => std::future::pending().await,
    }
}

/// When to try again to show what could not be shown.
#[derive(Default)]
struct Again {
    at: Option<Instant>,
    backoff: Backoff,
}

impl Again {
    fn now(&mut self) {
        self.at = Some(clock::instant());
    }

    fn note(&mut self, passed: &Passed) {
        match passed {
            Passed::Well { waiting: false, .. } => {
                self.at = None;
                self.backoff.reset();
            }
            Passed::Well { waiting: true, .. } | Passed::Badly(Failure::Storage(_)) => {
                self.at = Some(clock::instant() + self.backoff.next(clock::jitter()));
            }
            // The download comes again, and the announcement with it.
            Passed::Badly(
                Failure::Service(_) | Failure::Undeleted(_) | Failure::Stopped | Failure::Outdated,
            ) => {}
        }
    }
}

/// Who waits to hear how a download ended: those of the one under way, and those of the one after it.
#[derive(Default)]
struct Asking {
    current: Vec<oneshot::Sender<Result<usize, String>>>,
    next: Vec<oneshot::Sender<Result<usize, String>>>,
    /// Why the latest download failed, if it did.
    failure: String,
}

impl Asking {
    fn start(&mut self) {
        self.current.append(&mut self.next);
    }

    /// No download begins before a wait is over, and a person does not wait that long: says why there is one.
    fn refuse(&mut self) {
        for told in self.next.drain(..) {
            drop(told.send(Err(self.failure.clone())));
        }
    }

    fn tell(&mut self, passed: &Passed) {
        let answer = match passed {
            Passed::Well { new, .. } => Ok(*new),
            Passed::Badly(Failure::Service(error) | Failure::Undeleted(error)) => Err(error.to_string()),
            Passed::Badly(Failure::Storage(error)) => Err(format!("{}: {error}", Trouble::Storage.what())),
            Passed::Badly(Failure::Stopped) => Err("the daemon is stopping".to_owned()),
            Passed::Badly(Failure::Outdated) => Err("the login was changed meanwhile".to_owned()),
        };
        self.failure = answer.clone().err().unwrap_or_default();
        for told in self.current.drain(..) {
            // Whoever asked may have gone.
            drop(told.send(answer.clone()));
        }
    }
}
