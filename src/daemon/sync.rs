//! The task that sync the message path: one walk at a time, whatever is wanted meanwhile.
//!
//! Invariant: a request for a download, and a message that waits to be shown, are never forgotten: each is either
//! being seen to or has a time at which it will be.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::pause::Pausing;
use super::receive::{Failure, SyncOutcome, announce, pass};
use super::{Shared, Step};
use crate::app::Problem;
use crate::desktop::memory;
use crate::domain::pause::PausedUntil;
use crate::domain::status::{Cause, Issue};
use crate::engine::backoff::Backoff;
use crate::engine::fetch::{self, Fetch, Reason};
use crate::engine::link;
use crate::ports::{Notifier, SecretStore};
use crate::pushover::Remedy;
use crate::system::clock;

/// How long a notification that is being shown may keep a stopping daemon.
const LAST_NOTIFICATION: Duration = Duration::from_millis(500);

/// From this many messages on, a walk leaves enough memory behind to be worth giving back: 10,000 leave 17 MB.
const LARGE: usize = 500;

/// What the others may want of this task.
pub(super) enum SyncCommand {
    /// A download, and all that follows.
    Download(Reason),
    /// The same, now, and word of how it ended.
    Sync(oneshot::Sender<Result<usize, Cause>>),
    /// Another try at showing what could not be shown.
    Announcement,
    /// A pause, and a sentence that says until when.
    Pause(PausedUntil, oneshot::Sender<Result<String, Problem>>),
    /// The end of the pause, and a sentence that says what it held back.
    Resume(oneshot::Sender<Result<String, Problem>>),
    /// A look at the clock and at what waits: the computer woke, or a network came up.
    Woke,
    /// Word when no walk is under way.
    WaitUntilIdle(oneshot::Sender<()>),
}

/// Walks the path whenever it is wanted, until the daemon stops.
pub(super) async fn run<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    mut mailbox: mpsc::Receiver<SyncCommand>,
) {
    let mut fetch = Fetch::new();
    let mut again = Again::default();
    let mut asking = Asking::default();
    let mut resting: Vec<oneshot::Sender<()>> = Vec::new();
    let mut work: Option<Work> = None;
    let mut unrecorded = false;
    let mut pausing = Pausing::default();
    // What a crash left recorded but not announced does not wait for the network.
    again.now();
    loop {
        let mut input = None;
        if pausing.look(&shared) {
            again.now();
        }
        tokio::select! {
            biased;
            () = shared.stop().cancelled() => break,
            ended = ended(&mut work) => {
                work = None;
                let (passed, was_download) = ended;
                again.note(&passed);
                note_storage(&shared, &passed, was_download, &mut unrecorded);
                if matches!(passed, SyncOutcome::Completed { new: LARGE.., .. }) {
                    memory::give_back();
                }
                if was_download {
                    asking.tell(&passed);
                    input = Some(outcome(&shared, &passed));
                }
            }
            Some(command) = mailbox.recv() => match command {
                SyncCommand::Download(reason) => input = Some(fetch::Input::Wanted(reason)),
                SyncCommand::Sync(told) => {
                    asking.next.push(told);
                    input = Some(fetch::Input::Wanted(Reason::Backlog));
                }
                SyncCommand::Announcement => again.now(),
                SyncCommand::Pause(until, told) => {
                    // Whoever asked may have gone.
                    drop(told.send(pausing.begin(&shared, until)));
                    again.now();
                }
                SyncCommand::Resume(told) => {
                    drop(told.send(pausing.end(&shared)));
                    again.now();
                }
                SyncCommand::Woke => input = Some(fetch::Input::Woke),
                SyncCommand::WaitUntilIdle(told) => resting.push(told),
            },
            () = clock::until(fetch.poll_timeout()) => {}
            () = clock::until(pausing.next_look()) => {}
            () = clock::until(again.at), if work.is_none() => {
                again.begin();
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
        if work.is_none() {
            for told in resting.drain(..) {
                let _ = told.send(());
            }
        }
    }
    // A notification that is on its way to the screen is let through and marked, so that it is not shown again.
    if let Some((work, _)) = work {
        drop(tokio::time::timeout(LAST_NOTIFICATION, work).await);
    }
}

/// Turns the end of a pass into the fetch machine's input, and tells the link and the status.
fn outcome<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, passed: &SyncOutcome) -> fetch::Input {
    let (input, for_link) = match passed {
        SyncOutcome::Completed { .. } => {
            shared.issue(Issue::Service, None);
            shared.downloaded.notify_one();
            (fetch::Input::Succeeded, Some(link::Input::Accepted))
        }
        SyncOutcome::Failed(Failure::Storage(_)) => {
            (fetch::Input::Failed { retry_after: None }, Some(link::Input::Accepted))
        }
        // The daemon ends, or the new connection of the new login asks for a download of its own.
        SyncOutcome::Failed(Failure::Stopped | Failure::Outdated) => (fetch::Input::Succeeded, None),
        SyncOutcome::Failed(Failure::Undeleted(error)) => {
            shared.issue(Issue::Service, Some(Cause::from(error)));
            (fetch::Input::Succeeded, Some(link::Input::Accepted))
        }
        SyncOutcome::Failed(Failure::Service(error)) => {
            shared.issue(Issue::Service, Some(Cause::from(error)));
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
    shared.step(Step::SyncFinished(matches!(passed, SyncOutcome::Completed { waiting: false, .. })));
    if let Some(for_link) = for_link {
        shared.tell_link(for_link);
    }
    input
}

/// Says in the status whether messages can be saved. After a download that could not be recorded only another
/// download tells: to announce needs no writing when nothing waits.
fn note_storage<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    passed: &SyncOutcome,
    was_download: bool,
    unrecorded: &mut bool,
) {
    match passed {
        SyncOutcome::Completed { .. } if *unrecorded && !was_download => {}
        SyncOutcome::Completed { .. } => {
            *unrecorded = false;
            shared.issue(Issue::Storage, None);
        }
        SyncOutcome::Failed(Failure::Storage(error)) => {
            *unrecorded |= was_download;
            shared.issue(Issue::Storage, Some(Cause::from(error)));
        }
        // It says nothing of the log.
        SyncOutcome::Failed(
            Failure::Service(_) | Failure::Undeleted(_) | Failure::Stopped | Failure::Outdated,
        ) => {}
    }
}

/// A walk of the path under way, and whether it is a whole pass.
type Work = (Pin<Box<dyn Future<Output = SyncOutcome> + Send>>, bool);

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
        pass(&shared, reason).await.unwrap_or_else(SyncOutcome::Failed)
    };
    (Box::pin(work), true)
}

/// Only the part that needs no network.
fn announce_only<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>) -> Work {
    let shared = Arc::clone(shared);
    let work = async move {
        match announce(&shared, true).await {
            Ok(waiting) => SyncOutcome::Completed { new: 0, waiting },
            Err(failure) => SyncOutcome::Failed(failure),
        }
    };
    (Box::pin(work), false)
}

/// Waits for the work under way; for ever when there is none. Cancel safe.
async fn ended(work: &mut Option<Work>) -> (SyncOutcome, bool) {
    match work {
        Some((work, is_pass)) => (work.await, *is_pass),
        None => std::future::pending().await,
    }
}

/// When to try again to show what could not be shown.
#[derive(Default)]
struct Again {
    at: Option<Instant>,
    /// Whether it was wanted while a walk was under way, which may have looked too early.
    meanwhile: bool,
    backoff: Backoff,
}

impl Again {
    fn now(&mut self) {
        self.at = Some(clock::instant());
        self.meanwhile = true;
    }

    /// A walk begins that does nothing else.
    fn begin(&mut self) {
        (self.at, self.meanwhile) = (None, false);
    }

    fn note(&mut self, passed: &SyncOutcome) {
        let meanwhile = std::mem::take(&mut self.meanwhile);
        if let SyncOutcome::Completed { waiting: false, .. } = passed {
            self.at = meanwhile.then(clock::instant);
            self.backoff.reset();
        } else {
            // Something may be left that was recorded and not shown; looking costs nothing. What is planned
            // earlier, because the notification server came back meanwhile, stays so.
            let next = clock::instant() + self.backoff.next(clock::jitter());
            self.at = Some(self.at.map_or(next, |at| at.min(next)));
        }
    }
}

/// Who waits to hear how a download ended: those of the one under way, and those of the one after it.
#[derive(Default)]
struct Asking {
    current: Vec<oneshot::Sender<Result<usize, Cause>>>,
    next: Vec<oneshot::Sender<Result<usize, Cause>>>,
    /// Why the latest download failed, if it did.
    failure: Option<Cause>,
}

impl Asking {
    fn start(&mut self) {
        self.current.append(&mut self.next);
    }

    /// No download begins before a wait is over, and a person does not wait that long: says why there is one.
    fn refuse(&mut self) {
        let early = || Cause::new("it is too early to try again", "try again in a little while");
        for told in self.next.drain(..) {
            drop(told.send(Err(self.failure.clone().unwrap_or_else(early))));
        }
    }

    fn tell(&mut self, passed: &SyncOutcome) {
        let answer = match passed {
            SyncOutcome::Completed { new, .. } => Ok(*new),
            SyncOutcome::Failed(Failure::Service(error) | Failure::Undeleted(error)) => {
                Err(Cause::from(error))
            }
            SyncOutcome::Failed(Failure::Storage(error)) => {
                let cause = Cause::from(error);
                Err(Cause { why: Issue::Storage.sentence(&cause.why), ..cause })
            }
            SyncOutcome::Failed(Failure::Stopped) => {
                Err(Cause::new("the daemon is stopping", "start it again with `handover run`"))
            }
            SyncOutcome::Failed(Failure::Outdated) => {
                Err(Cause::new("the login was changed meanwhile", "try again"))
            }
        };
        let failed = answer.is_err();
        self.failure = answer.as_ref().err().cloned();
        for told in self.current.drain(..) {
            // Whoever asked may have gone.
            drop(told.send(answer.clone()));
        }
        if failed {
            // The next one may be a long time off, and would most likely end the same way.
            for told in self.next.drain(..) {
                drop(told.send(answer.clone()));
            }
        }
    }
}
