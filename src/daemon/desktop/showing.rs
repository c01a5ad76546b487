//! Shows the notifications of messages one by one, and keeps track of a reply that is late.
//!
//! Invariant: until the server has replied to a notification, it is not sent again, and no other one is sent. A desktop
//! that is still starting may take longer than the message path can wait; what it shows late stays on the screen.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::daemon::receive::plan::ToShow;
use crate::daemon::shared::Shared;
use crate::daemon::shared::channels::SyncCommand;
use crate::domain::notification::NotificationId;
use crate::ports::{Notifier, SecretStore, ShowError};

/// How long the message path waits for a reply. No messages are received meanwhile.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The notification whose reply is late, if there is one.
#[derive(Default)]
pub(in crate::daemon) struct Showing {
    late: Option<Late>,
}

struct Late {
    to_show: Box<ToShow>,
    answer: oneshot::Receiver<Result<NotificationId, ShowError>>,
    /// Waits for the reply; dropping it stops that.
    _task: JoinSet<()>,
}

impl Showing {
    /// Shows a notification. If the reply is late, the message path runs again when it arrives, and gets it from
    /// [`Self::take_answer`].
    pub(in crate::daemon) async fn show<N: Notifier, S: SecretStore>(
        &mut self,
        shared: &Arc<Shared<N, S>>,
        to_show: Box<ToShow>,
    ) -> Result<(NotificationId, Box<ToShow>), ShowError> {
        if self.late.is_some() {
            return Err(no_answer());
        }
        let (notification, path) = (to_show.notification.clone(), Arc::clone(shared));
        let mut call = Box::pin(async move { path.notifier().show(&notification).await });
        if let Ok(outcome) = timeout(TIMEOUT, &mut call).await {
            return outcome.map(|id| (id, to_show));
        }
        let (sender, answer) = oneshot::channel();
        let shared = Arc::clone(shared);
        let mut task = JoinSet::new();
        task.spawn(async move {
            // The receiver is dropped with this task.
            drop(sender.send(call.await));
            shared.to.sync(SyncCommand::Announcement).await;
        });
        self.late = Some(Late { to_show, answer, _task: task });
        Err(no_answer())
    }

    /// Whether a reply is late.
    pub(in crate::daemon) fn is_waiting(&self) -> bool {
        self.late.is_some()
    }

    /// The notification whose late reply has arrived, if it is on the screen.
    pub(in crate::daemon) fn take_answer(&mut self) -> Option<(NotificationId, Box<ToShow>)> {
        let answer = match self.late.as_mut()?.answer.try_recv() {
            Err(oneshot::error::TryRecvError::Empty) => return None,
            Ok(answer) => answer.ok(),
            Err(oneshot::error::TryRecvError::Closed) => None,
        };
        let late = self.late.take()?;
        Some((answer?, late.to_show))
    }
}

fn no_answer() -> ShowError {
    ShowError::NoServer("the notification server does not respond".into())
}
