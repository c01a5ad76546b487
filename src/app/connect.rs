//! The task that holds the connection: it does what `engine::link` decides and tells it what happened.
//!
//! Invariant: there is at most one socket; dropping the `Line` is the only way it is let go of.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Shared, Step, clock};
use crate::domain::notice::{Notice, NoticeAction, NoticeId, Urgency};
use crate::domain::status::{LinkState, Trouble};
use crate::engine::fetch::Reason;
use crate::engine::link::{Action, Halt, Input, Link};
use crate::ports::{Notifier, SecretStore};
use crate::pushover::{self, Socket};

/// Keeps the link until the daemon stops.
pub(super) async fn connect<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    mut mailbox: mpsc::UnboundedReceiver<Input>,
) {
    let mut decide = Link::new();
    let mut line = Line::Closed;
    let mut state = None;
    let mut warning = None;
    loop {
        // Frames before letters, letters before deadlines: a message that is here outranks a timer that is due.
        let input = tokio::select! {
            biased;
            () = shared.stop().cancelled() => return,
            input = line.next(&shared) => Some(input),
            Some(input) = mailbox.recv() => Some(input),
            () = clock::until(decide.poll_timeout()) => None,
        };
        let (now, jitter) = (clock::instant(), clock::jitter());
        let action = match input {
            Some(input) => decide.handle_input(input, now, jitter),
            None => decide.handle_timeout(now, jitter),
        };
        match action {
            Some(Action::Connect) => line = Line::open(&shared),
            Some(Action::Disconnect) => line = Line::Closed,
            Some(Action::Download(reason)) => shared.want_download(reason).await,
            Some(Action::Verify) => {
                line = Line::Closed;
                shared.want_download(Reason::Backlog).await;
            }
            None => {}
        }
        if state != Some(decide.state()) {
            state = Some(decide.state());
            say(&shared, decide.state());
            if let Some(over) = warning.take() {
                shared.notifier().close(over).await;
            }
            if let Some(halt) = decide.why_halted() {
                warning = warn(&shared, halt).await;
            }
        }
    }
}

/// The connection: none, one being made, or one.
enum Line {
    Closed,
    Opening(Pin<Box<dyn Future<Output = Result<Socket, pushover::Error>> + Send>>),
    Open(Box<Socket>),
}

impl Line {
    fn open<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>) -> Self {
        let shared = Arc::clone(shared);
        Self::Opening(Box::pin(async move {
            let Some(credentials) = shared.credentials() else { return Err(pushover::Error::TimedOut) };
            shared.rest().open_socket(&credentials).await
        }))
    }

    /// Waits for what happens next; for ever when there is no connection. Cancel safe.
    async fn next<N: Notifier, S: SecretStore>(&mut self, shared: &Shared<N, S>) -> Input {
        match self {
            Self::Closed => std::future::pending().await,
            Self::Opening(opening) => match opening.await {
                Ok(socket) => {
                    *self = Self::Open(Box::new(socket));
                    shared.trouble(Trouble::Service, None);
                    Input::Opened
                }
                Err(error) => {
                    *self = Self::Closed;
                    shared.trouble(Trouble::Service, Some(error.to_string()));
                    Input::OpenFailed { retry_after: error.retry_after() }
                }
            },
            Self::Open(socket) => match socket.next().await {
                Ok(signal) => Input::Heard(signal),
                Err(error) => {
                    tracing::info!("the connection ended: {error}");
                    *self = Self::Closed;
                    Input::Lost
                }
            },
        }
    }
}

fn say<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, state: LinkState) {
    tracing::info!("{}", state.word());
    shared.status.send_modify(|status| {
        status.link = state;
        status.since = clock::unix();
    });
    shared.step(Step::Link(state));
}

/// Tells the user that only they can mend this; the notice, which is to go when they did.
async fn warn<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, halt: Halt) -> Option<NoticeId> {
    let status = shared.status.borrow().to_string();
    let mut notice = match halt {
        Halt::LoginRejected => Notice::about_handover(
            &status,
            "No messages arrive until you sign in again with `handover setup`. Nothing here was deleted.",
        ),
        Halt::KeepsRefusing => Notice::about_handover(
            &status,
            "It keeps ending the connection although the login is valid. Sign in again with `handover setup`, or \
             connect again with `handover sync`.",
        ),
        Halt::Displaced => Notice::about_handover(
            &status,
            "Messages arrive there now. Take the connection back here, or with `handover sync`.",
        ),
    };
    if halt == Halt::Displaced {
        notice.actions.push((NoticeAction::TakeBack, "Take back".to_owned()));
    }
    notice.urgency = Urgency::Critical;
    notice.resident = true;
    match shared.notifier().show(&notice).await {
        Ok(id) => Some(id),
        Err(error) => {
            shared.trouble(Trouble::Notifications, Some(error.to_string()));
            None
        }
    }
}
