//! The task that decides when the message path runs, one run at a time.
//!
//! Invariant: no request for a download and no message that waits to be shown is forgotten: each is either being
//! handled or has a time at which it will be.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use self::callers::WaitingCallers;
use self::outcome::{Failure, SyncOutcome};
use self::retry::RetryTimer;
use self::runs::{Finished, Job, Runs};
use super::driver::Driver;
use super::pause::Pausing;
use super::shared::Shared;
use super::shared::channels::{LateIcon, MediaCommand, SyncCommand};
use super::shared::parts::Step;
use crate::desktop::memory;
use crate::domain::message::{Receipt, Seq};
use crate::domain::status::{Cause, Issue};
use crate::engine::fetch::{self, Fetch, Reason};
use crate::engine::link;
use crate::ports::{Notifier, SecretStore};
use crate::pushover::Remedy;
use crate::system::clock;

mod callers;
pub(super) mod outcome;
mod retry;
mod runs;

/// How long a stopping daemon waits for a notification that is being shown.
const LAST_NOTIFICATION: Duration = Duration::from_millis(500);

/// From this many messages on, a run leaves enough free memory to be worth returning to the system: 10,000 leave 17 MB.
const LARGE: usize = 500;

/// Runs the path whenever that is requested, until the daemon stops.
pub(super) async fn run<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    commands: mpsc::Receiver<SyncCommand>,
) {
    let mut sync = SyncTask::new(Arc::clone(&shared));
    shared.stop().run_until_cancelled(sync.serve(commands)).await;
    sync.finish_last_notification().await;
}

struct SyncTask<N, S> {
    shared: Arc<Shared<N, S>>,
    runs: Runs<N, S>,
    fetch: Driver<Fetch>,
    retry: RetryTimer,
    pausing: Pausing,
    callers: WaitingCallers,
    waiting_until_idle: Vec<oneshot::Sender<()>>,
    late_icons: VecDeque<LateIcon>,
    /// Emergencies whose notifications have yet to say that they were acknowledged.
    acknowledged: VecDeque<Receipt>,
    /// Messages that the user read and that have yet to be marked as read.
    read: Vec<Seq>,
    /// Whether the latest download could not be recorded.
    is_unrecorded: bool,
}

impl<N: Notifier, S: SecretStore> SyncTask<N, S> {
    fn new(shared: Arc<Shared<N, S>>) -> Self {
        Self {
            runs: Runs::new(Arc::clone(&shared)),
            shared,
            fetch: Driver::new(Fetch::new()),
            retry: RetryTimer::default(),
            pausing: Pausing::default(),
            callers: WaitingCallers::default(),
            waiting_until_idle: Vec::new(),
            late_icons: VecDeque::new(),
            acknowledged: VecDeque::new(),
            read: Vec::new(),
            is_unrecorded: false,
        }
    }

    async fn serve(&mut self, mut commands: mpsc::Receiver<SyncCommand>) -> ! {
        // Messages that a crash left recorded but not announced come before the first download, which may wait for the
        // network.
        self.pausing.check(&self.shared).await;
        self.start(Job::Announce);
        loop {
            if self.pausing.check(&self.shared).await {
                self.retry.request();
            }
            let deadline = self.next_deadline();
            let input = tokio::select! {
                biased;
                finished = self.runs.finished() => self.on_finished(finished),
                Some(command) = commands.recv() => self.handle(command).await,
                () = clock::until(deadline) => self.on_deadline(),
            };
            let action = self.fetch.step(input);
            self.start_next(action);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let retry = self.retry.due().filter(|_| self.runs.is_idle());
        let release = self.runs.next_release().map(|at| clock::next_check(at, clock::unix()));
        [self.fetch.deadline(), self.pausing.next_check(), retry, release].into_iter().flatten().min()
    }

    /// Shows waiting messages if a retry is due. `fetch` and `pausing` check their own deadlines.
    fn on_deadline(&mut self) -> Option<fetch::Input> {
        // A rule held messages back until now.
        let is_released = self.runs.next_release().is_some_and(|at| at <= clock::unix());
        if self.runs.is_idle() && (is_released || self.retry.is_due(clock::instant())) {
            self.retry.on_started();
            self.start(Job::Announce);
        }
        None
    }

    async fn handle(&mut self, command: SyncCommand) -> Option<fetch::Input> {
        match command {
            SyncCommand::Download(reason) => return Some(fetch::Input::Requested(reason)),
            SyncCommand::Sync(caller) => {
                self.callers.push(caller);
                return Some(fetch::Input::Requested(Reason::Backlog));
            }
            SyncCommand::Woke => return Some(fetch::Input::Woke),
            SyncCommand::Announcement => self.retry.request(),
            SyncCommand::IconArrived(late) => self.late_icons.push_back(*late),
            SyncCommand::Acknowledged(receipt) => self.acknowledged.push_back(receipt),
            SyncCommand::MarkReadLater(mut seqs) => self.read.append(&mut seqs),
            SyncCommand::Pause(until, caller) => {
                // The caller may have hung up.
                drop(caller.send(self.pausing.begin(&self.shared, until).await));
                self.retry.request();
            }
            SyncCommand::Resume(caller) => {
                // The caller may have hung up.
                drop(caller.send(self.pausing.end(&self.shared).await));
                self.retry.request();
            }
            SyncCommand::WaitUntilIdle(caller) => self.waiting_until_idle.push(caller),
        }
        None
    }

    fn on_finished(&mut self, finished: Finished) -> Option<fetch::Input> {
        match finished {
            Finished::Received(outcome) => {
                self.retry.on_finished(&outcome);
                self.note_storage(&outcome, true);
                if matches!(outcome, SyncOutcome::Completed { new: LARGE.., .. }) {
                    memory::trim();
                }
                self.callers.on_finished(&outcome);
                Some(report(&self.shared, &outcome))
            }
            Finished::Announced(outcome) => {
                self.retry.on_finished(&outcome);
                self.note_storage(&outcome, false);
                None
            }
            Finished::Updated => None,
        }
    }

    /// Reports in the status whether messages can be saved. After a download that could not be recorded, only another
    /// download shows that they can: announcing may write nothing.
    fn note_storage(&mut self, outcome: &SyncOutcome, was_download: bool) {
        match outcome {
            SyncOutcome::Completed { .. } if self.is_unrecorded && !was_download => {}
            SyncOutcome::Completed { .. } => {
                self.is_unrecorded = false;
                self.shared.issue(Issue::Storage, None);
            }
            SyncOutcome::Failed(Failure::Storage(error)) => {
                self.is_unrecorded |= was_download;
                self.shared.issue(Issue::Storage, Some(Cause::from(error)));
            }
            // These say nothing about the message log.
            SyncOutcome::Failed(
                Failure::Service(_) | Failure::Undeleted(_) | Failure::Stopped | Failure::Outdated,
            ) => {}
        }
    }

    fn start_next(&mut self, action: Option<fetch::Action>) {
        if let Some(fetch::Action::Start(reason)) = action {
            self.callers.on_started();
            self.start(Job::Receive(reason));
        } else if !self.fetch.machine().is_running() {
            self.callers.refuse_next();
        }
        if self.runs.is_idle()
            && let Some(receipt) = self.acknowledged.pop_front()
        {
            self.start(Job::SayAcknowledged(receipt));
        }
        if self.runs.is_idle()
            && let Some(late) = self.late_icons.pop_front()
        {
            self.start(Job::AddIcon(late));
        }
        if self.runs.is_idle() {
            for caller in self.waiting_until_idle.drain(..) {
                // The caller may have hung up.
                let _ = caller.send(());
            }
        }
    }

    fn start(&mut self, job: Job) {
        self.runs.start(job, std::mem::take(&mut self.read));
    }

    /// Waits until a notification that is being shown is marked as announced, so that it is not shown again.
    async fn finish_last_notification(&mut self) {
        if !self.runs.is_idle() {
            drop(tokio::time::timeout(LAST_NOTIFICATION, self.runs.finished()).await);
        }
    }
}

/// Reports to the status and the link how a download ended; returns the input for the fetch machine.
fn report<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, outcome: &SyncOutcome) -> fetch::Input {
    let (input, for_link) = match outcome {
        SyncOutcome::Completed { .. } => {
            shared.issue(Issue::Service, None);
            shared.to.media(MediaCommand::SyncCompleted);
            (fetch::Input::Succeeded, Some(link::Input::Accepted))
        }
        SyncOutcome::Failed(Failure::Storage(_)) => {
            (fetch::Input::Failed { retry_after: None }, Some(link::Input::Accepted))
        }
        // The daemon ends, or the connection of the new login requests a download of its own.
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
                // A request that the service will never accept is not repeated; the next message brings another.
                Remedy::Bug => (fetch::Input::Succeeded, Some(link::Input::Accepted)),
            }
        }
    };
    shared.step(Step::SyncFinished(matches!(outcome, SyncOutcome::Completed { waiting: false, .. })));
    if let Some(for_link) = for_link {
        shared.send_link(for_link);
    }
    input
}
