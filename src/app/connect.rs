//! The task that holds the connection: it does what `engine::link` decides and tells it what happened.
//!
//! Invariant: there is at most one socket; dropping the `Line` is the only way it is let go of.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Shared, Step, clock};
use crate::desktop::terminal;
use crate::domain::notice::{Notice, NoticeAction, NoticeId, Urgency};
use crate::domain::status::{LinkState, Trouble};
use crate::engine::fetch::Reason;
use crate::engine::link::{Action, Halt, Input, Link};
use crate::ports::{Notifier, SecretStore};
use crate::pushover::{self, Socket};

/// What the others may tell this task.
pub(super) enum Letter {
    /// Something happened that the link has to know.
    Input(Input),
    /// A notification server is there (again).
    NoticesReturned,
    /// At the start there was no login.
    NobodySignedIn,
}

/// Keeps the link until the daemon stops.
pub(super) async fn connect<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    mut mailbox: mpsc::UnboundedReceiver<Letter>,
) {
    let mut decide = Link::new();
    let mut line = Line::Closed;
    let mut state = None;
    let mut warning = Warning::default();
    let mut nobody = false;
    loop {
        // Frames before letters, letters before deadlines: a message that is here outranks a timer that is due.
        let input = tokio::select! {
            biased;
            () = shared.stop().cancelled() => return,
            input = line.next(&shared) => Some(input),
            Some(letter) = mailbox.recv() => match letter {
                Letter::Input(input) => Some(input),
                Letter::NoticesReturned => {
                    warning = Warning::default();
                    None
                }
                Letter::NobodySignedIn => {
                    nobody = true;
                    None
                }
            },
            () = clock::until(decide.poll_timeout()) => None,
        };
        shared.awake.notify_one();
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
        }
        nobody &= decide.state() == LinkState::SignedOut;
        let need = decide.why_halted().map(Need::End).or(nobody.then_some(Need::SignIn));
        shared.stop().run_until_cancelled(warning.follow(&shared, need)).await;
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
                    tracing::info!("{error}");
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

/// What only the user can mend.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Nobody signed in yet, and there is no terminal to say so on.
    SignIn,
    /// The link ended for good.
    End(Halt),
}

/// The notice that says so; on the screen for as long as it is true.
#[derive(Default)]
struct Warning {
    of: Option<Need>,
    notice: Option<NoticeId>,
}

impl Warning {
    /// Shows it, changes it or takes it away.
    async fn follow<N: Notifier, S: SecretStore>(&mut self, shared: &Shared<N, S>, need: Option<Need>) {
        if self.of == need {
            return;
        }
        self.of = need;
        let Some(need) = need else {
            if let Some(notice) = self.notice.take() {
                shared.notifier().close(notice).await;
            }
            return;
        };
        let (sentence, cause) = {
            let status = shared.status.borrow();
            (status.link.sentence().to_owned(), status.cause_of(Trouble::Service).map(str::to_owned))
        };
        let mut notice = Notice::about_handover(&sentence, &explain(need, cause.as_deref()));
        notice.replaces = self.notice;
        match need {
            Need::End(Halt::Displaced) => {
                notice.actions.push((NoticeAction::TakeBack, "Take back".to_owned()));
            }
            Need::SignIn | Need::End(Halt::LoginRejected | Halt::KeepsRefusing) if terminal::is_there() => {
                notice.actions.push((NoticeAction::SignIn, "Sign in".to_owned()));
            }
            Need::SignIn | Need::End(Halt::LoginRejected | Halt::KeepsRefusing) => {}
        }
        notice.urgency = Urgency::Critical;
        notice.resident = true;
        match shared.notifier().show(&notice).await {
            Ok(id) => self.notice = Some(id),
            // It is shown when a notification server comes.
            Err(error) => shared.trouble(Trouble::Notifications, Some(error.to_string())),
        }
    }
}

fn explain(need: Need, cause: Option<&str>) -> String {
    let said = cause.map(|cause| format!("{cause}.\n")).unwrap_or_default();
    match need {
        Need::SignIn => "Sign in with `handover setup` in a terminal. It goes on by itself then.".to_owned(),
        Need::End(Halt::LoginRejected) => format!(
            "{said}No messages arrive until you sign in again with `handover setup`, or, when the cause is over, \
             connect again with `handover sync`. Nothing here was deleted."
        ),
        Need::End(Halt::KeepsRefusing) => {
            "It keeps ending the connection although the login is valid. Sign in again with \
                                `handover setup`, or connect again with `handover sync`."
                .to_owned()
        }
        Need::End(Halt::Displaced) => {
            "Messages arrive there now. Take the connection back here, or with `handover sync`.".to_owned()
        }
    }
}
