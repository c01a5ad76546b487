//! The message path and its current run.
//!
//! Invariant: there is one path, and a run owns it until it ends, so that two runs never overlap.

use std::pin::Pin;
use std::sync::Arc;

use super::outcome::SyncOutcome;
use crate::daemon::receive::MessagePath;
use crate::daemon::shared::Shared;
use crate::daemon::shared::channels::LateIcon;
use crate::domain::message::{Receipt, Seq};
use crate::engine::fetch::Reason;
use crate::ports::{Notifier, SecretStore};

/// What a run of the path is for.
#[expect(clippy::large_enum_variant, reason = "one exists at a time")]
pub(super) enum Job {
    /// The whole path.
    Receive(Reason),
    /// Only the part that needs no network.
    Announce,
    /// Show a notification again with its icon.
    AddIcon(LateIcon),
    /// Say on a notification that its emergency was acknowledged.
    SayAcknowledged(Receipt),
}

/// A run that ended.
pub(super) enum Finished {
    Received(SyncOutcome),
    Announced(SyncOutcome),
    Updated,
}

/// At most one run at a time.
pub(super) struct Runs<N, S> {
    shared: Arc<Shared<N, S>>,
    state: State<N, S>,
}

enum State<N, S> {
    Idle(Box<MessagePath<N, S>>),
    Running(Run<N, S>),
}

impl<N: Notifier, S: SecretStore> State<N, S> {
    fn idle(shared: &Arc<Shared<N, S>>) -> Self {
        Self::Idle(Box::new(MessagePath::new(Arc::clone(shared))))
    }
}

/// A run returns the path when it ends.
type Run<N, S> = Pin<Box<dyn Future<Output = (Box<MessagePath<N, S>>, Finished)> + Send>>;

impl<N: Notifier, S: SecretStore> Runs<N, S> {
    pub(super) fn new(shared: Arc<Shared<N, S>>) -> Self {
        Self { state: State::idle(&shared), shared }
    }

    pub(super) fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle(_))
    }

    /// When the next run is due because a rule lets a held message be shown, unix seconds; none during a run.
    pub(super) fn next_release(&self) -> Option<i64> {
        match &self.state {
            State::Idle(path) => path.next_release(),
            State::Running(_) => None,
        }
    }

    /// Starts a run after the current one. `read` are messages that have yet to be marked as read.
    pub(super) fn start(&mut self, job: Job, read: Vec<Seq>) {
        let placeholder = State::idle(&self.shared);
        let before = std::mem::replace(&mut self.state, placeholder);
        self.state = State::Running(Box::pin(async move {
            let mut path = match before {
                State::Idle(path) => path,
                State::Running(run) => run.await.0,
            };
            path.mark_read_later(read);
            let finished = run(&mut path, job).await;
            (path, finished)
        }));
    }

    /// Waits for the run under way; indefinitely when there is none. Cancel safe.
    pub(super) async fn finished(&mut self) -> Finished {
        match &mut self.state {
            State::Idle(_) => std::future::pending().await,
            State::Running(run) => {
                let (path, finished) = run.await;
                self.state = State::Idle(path);
                finished
            }
        }
    }
}

async fn run<N: Notifier, S: SecretStore>(path: &mut MessagePath<N, S>, job: Job) -> Finished {
    match job {
        Job::Receive(reason) => {
            Finished::Received(path.receive(reason).await.unwrap_or_else(SyncOutcome::Failed))
        }
        Job::Announce => Finished::Announced(match path.announce().await {
            Ok(waiting) => SyncOutcome::Completed { new: 0, waiting },
            Err(failure) => SyncOutcome::Failed(failure),
        }),
        Job::AddIcon(late) => {
            path.add_icon(late).await;
            Finished::Updated
        }
        Job::SayAcknowledged(receipt) => {
            path.say_acknowledged(&receipt).await;
            Finished::Updated
        }
    }
}
