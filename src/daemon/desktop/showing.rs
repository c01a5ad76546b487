//! Shows the notifications of messages one after the other, and waits for a server that answers late.
//!
//! Invariant: a notification without an answer is neither sent again nor followed by another one. A desktop that is still
//! starting may take longer than the message path can wait; what it shows late is kept, not closed and shown again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::daemon::shared::Shared;
use crate::daemon::shared::channels::SyncCommand;
use crate::domain::message::Seq;
use crate::domain::notification::{Notification, NotificationId};
use crate::ports::{Notifier, SecretStore, ShowError};

/// How long the message path waits for an answer; meanwhile it receives nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// The notification of messages that was sent last.
#[derive(Default)]
pub(in crate::daemon) struct Showing {
    /// The call under way; it ends with this value.
    call: JoinSet<()>,
    unclaimed: Option<Unclaimed>,
}

/// A notification whose answer nobody has read.
struct Unclaimed {
    seqs: Vec<Seq>,
    answer: watch::Receiver<Answer>,
}

#[derive(Clone)]
enum Answer {
    Awaited,
    /// It will come, but not in time.
    Late,
    Here(Result<NotificationId, ShowError>),
}

impl Showing {
    /// Shows a notification about these messages. After an error because the answer is late, the next call for the same
    /// messages returns that answer.
    pub(in crate::daemon) async fn show<N: Notifier, S: SecretStore>(
        &mut self,
        shared: &Arc<Shared<N, S>>,
        seqs: &[Seq],
        notification: &mut Notification,
    ) -> Result<NotificationId, ShowError> {
        if let Some(before) = self.unclaimed.take() {
            let answer = before.answer.borrow().clone();
            match answer {
                Answer::Awaited | Answer::Late => {
                    self.unclaimed = Some(before);
                    return Err(no_answer());
                }
                Answer::Here(Ok(id)) if before.seqs == seqs => return Ok(id),
                Answer::Here(Ok(id)) if before.seqs.iter().any(|seq| seqs.contains(seq)) => {
                    notification.replaces = Some(id);
                }
                Answer::Here(Ok(id)) => shared.notifier().close(id).await,
                Answer::Here(Err(_)) => {}
            }
        }
        let mut answer = self.send(shared, notification.clone());
        let settled =
            answer.wait_for(|answer| !matches!(answer, Answer::Awaited)).await.map(|answer| answer.clone());
        match settled {
            Ok(Answer::Here(outcome)) => outcome,
            Ok(Answer::Awaited | Answer::Late) | Err(_) => {
                self.unclaimed = Some(Unclaimed { seqs: seqs.to_vec(), answer });
                Err(no_answer())
            }
        }
    }

    /// Closes a notification that was shown late, now that nothing waits to be shown: its messages were read, deleted or
    /// held back meanwhile.
    pub(in crate::daemon) async fn close_unclaimed<N: Notifier, S: SecretStore>(
        &mut self,
        shared: &Shared<N, S>,
    ) {
        let answer = self.unclaimed.as_ref().map(|unclaimed| unclaimed.answer.borrow().clone());
        if let Some(Answer::Here(outcome)) = answer {
            self.unclaimed = None;
            if let Ok(id) = outcome {
                shared.notifier().close(id).await;
            }
        }
    }

    /// Sends a notification; when its answer comes late, the message path is started again.
    fn send<N: Notifier, S: SecretStore>(
        &mut self,
        shared: &Arc<Shared<N, S>>,
        notification: Notification,
    ) -> watch::Receiver<Answer> {
        let (sender, answer) = watch::channel(Answer::Awaited);
        let shared = Arc::clone(shared);
        self.call = JoinSet::new();
        self.call.spawn(async move {
            let mut show = Box::pin(shared.notifier().show(&notification));
            if let Ok(outcome) = timeout(PATIENCE, &mut show).await {
                return drop(sender.send_replace(Answer::Here(outcome)));
            }
            sender.send_replace(Answer::Late);
            sender.send_replace(Answer::Here(show.await));
            shared.to.sync(SyncCommand::Announcement).await;
        });
        answer
    }
}

fn no_answer() -> ShowError {
    ShowError::NoServer("the notification server does not respond".into())
}
