//! The task that holds the connection: it does what `engine::link` decides and tells it what happened.
//!
//! Invariant: there is at most one socket; dropping the `Line` is the only way it is let go of.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::desktop::outage::{Need, Word, warn};
use super::{Shared, Step};
use crate::domain::status::{Cause, Issue, LinkState, Status};
use crate::engine::fetch::Reason;
use crate::engine::link::{Action, Input, Link};
use crate::engine::outage::Outage;
use crate::ports::{Notifier, SecretStore};
use crate::pushover::{self, Socket};
use crate::system::clock;

/// How long the notification that says why nothing arrives may keep a stopping daemon.
const LAST_WORD: Duration = Duration::from_millis(300);

/// What the others may tell this task.
pub(super) enum LinkCommand {
    /// Something happened that the link has to know.
    Input(Input),
    /// A notification server is there (again).
    NotificationsReturned,
    /// At the start there was no login.
    NobodySignedIn,
}

/// Keeps the link until the daemon stops, and says why when no messages arrive.
pub(super) async fn connect<N: Notifier, S: SecretStore>(
    shared: Arc<Shared<N, S>>,
    mailbox: mpsc::UnboundedReceiver<LinkCommand>,
) {
    let (words, heard) = watch::channel(Word::default());
    let mut warning = pin!(warn(&shared, heard));
    tokio::select! {
        () = hold(&shared, mailbox, words) => drop(timeout(LAST_WORD, warning).await),
        () = &mut warning => {}
    }
}

/// Holds the connection, and says what is to be told of it.
async fn hold<N: Notifier, S: SecretStore>(
    shared: &Arc<Shared<N, S>>,
    mut mailbox: mpsc::UnboundedReceiver<LinkCommand>,
    words: watch::Sender<Word>,
) {
    let mut decide = Link::new();
    let mut outage = Outage::new();
    let mut line = Line::Closed;
    let mut state = None;
    let mut nobody = false;
    let mut server = 0;
    let mut offline = None;
    let mut is_paused = false;
    let mut status = shared.status.subscribe();
    loop {
        // Frames before letters, letters before deadlines: a message that is here outranks a timer that is due.
        let input = tokio::select! {
            biased;
            () = shared.stop().cancelled() => return,
            input = line.next(shared) => Some(input),
            Some(letter) = mailbox.recv() => match letter {
                LinkCommand::Input(input) => Some(input),
                LinkCommand::NotificationsReturned => {
                    server += 1;
                    None
                }
                LinkCommand::NobodySignedIn => {
                    nobody = true;
                    None
                }
            },
            () = clock::until(decide.poll_timeout()) => None,
            () = clock::until(outage.poll_timeout()) => None,
            () = pause_turned(&mut status, is_paused) => None,
        };
        shared.awake.notify_one();
        let (now, jitter) = (clock::instant(), clock::jitter());
        let action = match input {
            Some(input) => decide.handle_input(input, now, jitter),
            None => decide.handle_timeout(now, jitter),
        };
        match action {
            Some(Action::Connect) => line = Line::open(shared),
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
            say(shared, decide.state());
        }
        outage.handle_input(decide.state(), now);
        nobody &= decide.state() == LinkState::SignedOut;
        let halt = decide.why_halted().map(Need::End).or(nobody.then_some(Need::SignIn));
        // A pause holds it back, and takes nothing off the screen.
        is_paused = shared.status.borrow().paused.is_some();
        offline = outage.told().filter(|_| !is_paused || offline.is_some());
        let need = halt.or(offline.map(Need::Connection));
        let word = Word { need, server };
        words.send_if_modified(|said| std::mem::replace(said, word) != word);
    }
}

/// Waits until there is a pause where there was none, or none where there was one. Cancel safe.
async fn pause_turned(status: &mut watch::Receiver<Status>, was_paused: bool) {
    // The status outlives this task.
    drop(status.wait_for(|status| status.paused.is_some() != was_paused).await);
}

/// The connection: none, one being made, or one.
enum Line {
    Closed,
    Startup(Pin<Box<dyn Future<Output = Result<Socket, pushover::Error>> + Send>>),
    Open(Box<Socket>),
}

impl Line {
    fn open<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>) -> Self {
        let shared = Arc::clone(shared);
        Self::Startup(Box::pin(async move {
            let Some(credentials) = shared.credentials() else { return Err(pushover::Error::TimedOut) };
            shared.rest().open_socket(&credentials).await
        }))
    }

    /// Waits for what happens next; for ever when there is no connection. Cancel safe.
    async fn next<N: Notifier, S: SecretStore>(&mut self, shared: &Shared<N, S>) -> Input {
        match self {
            Self::Closed => std::future::pending().await,
            Self::Startup(opening) => match opening.await {
                Ok(socket) => {
                    *self = Self::Open(Box::new(socket));
                    shared.issue(Issue::Service, None);
                    Input::Opened
                }
                Err(error) => {
                    *self = Self::Closed;
                    shared.issue(Issue::Service, Some(Cause::from(&error)));
                    Input::OpenFailed { retry_after: error.retry_after() }
                }
            },
            Self::Open(socket) => match socket.next().await {
                Ok(signal) => {
                    if let Some(power) = &shared.parts.power {
                        power.was_busy();
                    }
                    Input::Heard(signal)
                }
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
    if let Some(hint) = state.hint() {
        tracing::warn!("the link to the service: {}; {hint}", state.word());
    } else {
        tracing::info!("the link to the service: {}", state.word());
    }
    shared.status.send_modify(|status| {
        status.link = state;
        status.since = clock::unix();
    });
    shared.step(Step::Link(state));
}
