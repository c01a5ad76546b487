//! The task that answers the commands.
//!
//! Invariant: an answer that takes its time never keeps another command waiting.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::environment::settings;
use super::pause;
use super::shared::Shared;
use super::shared::channels::{AckOutcome, LoginCommand, SyncCommand};
use crate::app::Problem;
use crate::app::acknowledge::pending_ack_of;
use crate::app::problem::Kind;
use crate::control::{Asked, Reply, Request, StatusReport};
use crate::domain::message::MessageId;
use crate::domain::pause::PausedUntil;
use crate::domain::status::{Cause, LinkState};
use crate::engine::link;
use crate::ports::{Notifier, SecretStore};
use crate::pushover;
use crate::system::clock;

/// An acknowledgement that takes longer goes on without the command.
const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(10);

const UNACKNOWLEDGED: &str = "the message could not be acknowledged";

/// A download has 30 s and a deletion has 30 s.
const SYNC_TIMEOUT: Duration = Duration::from_secs(65);

/// Answers commands until the daemon stops.
pub(super) async fn answer<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let Some(server) = &shared.parts.control else { return shared.stop().cancelled().await };
    let (asked, mut requests) = mpsc::channel::<Asked>(1);
    tokio::select! {
        () = shared.stop().cancelled() => {}
        () = server.serve(&asked) => {}
        () = async {
            while let Some((request, reply)) = requests.recv().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let quit = request == Request::Quit;
                    // Whoever asked may have gone.
                    drop(reply.send(reply_to(&shared, request).await));
                    if quit {
                        shared.stop().cancel();
                    }
                });
            }
        } => {}
    }
}

async fn reply_to<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, request: Request) -> Reply {
    let outcome = match request {
        Request::Status => {
            shared.refresh_counts();
            return Reply::Status(Box::new(StatusReport::from(&*shared.status.borrow())));
        }
        Request::Sync => sync(shared).await,
        Request::Acknowledge { id } => match id.parse() {
            Ok(number) => acknowledge(shared, MessageId::from_stored(number)).await,
            Err(_) => Err(Problem::new(UNACKNOWLEDGED, "that is not a message id")),
        },
        Request::LoginChanged => login_changed(shared).await,
        Request::TakeBack => {
            shared.send_link(link::Input::TakenBack);
            Ok("connecting again".to_owned())
        }
        Request::Show => Ok(shared.show().await),
        Request::Pause { until } => match PausedUntil::try_from(until) {
            Ok(until) => pause::pause_until(shared, until).await,
            Err(word) => Err(Problem::new("not paused", format!("{word:?} is no time"))),
        },
        Request::Resume => pause::resume(shared).await,
        Request::Quit => Ok("stopping".to_owned()),
    };
    match outcome {
        Ok(message) => Reply::Done { message },
        Err(Problem { kind, message, hint }) => {
            Reply::Failed { message, hint, not_signed_in: kind == Kind::NotSignedIn }
        }
    }
}

async fn sync<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> Result<String, Problem> {
    let what = "nothing was downloaded";
    let link = shared.status.borrow().link;
    match link {
        LinkState::SignedOut => return Err(Problem::not_signed_in()),
        // The user asks to go on, and that is what the link waits for.
        LinkState::Refused | LinkState::Displaced => shared.send_link(link::Input::TakenBack),
        LinkState::Connecting | LinkState::Connected | LinkState::Waiting => {}
    }
    shared.load_missing_key_soon();
    let (told, outcome) = oneshot::channel();
    shared.to.sync(SyncCommand::Sync(told)).await;
    let outcome = tokio::time::timeout(SYNC_TIMEOUT, outcome).await;
    match outcome.unwrap_or_else(|_elapsed| Ok(Err(Cause::from(&pushover::Error::TimedOut)))) {
        Ok(Ok(0)) => Ok("up to date, nothing new".to_owned()),
        Ok(Ok(1)) => Ok("up to date, 1 new message".to_owned()),
        Ok(Ok(new)) => Ok(format!("up to date, {new} new messages")),
        Ok(Err(cause)) => Err(Problem::because(what, cause)),
        Err(_dropped) => Err(Problem::new(what, "the daemon is stopping")),
    }
}

/// Acknowledges an emergency because the user asked; says in words what came of it.
pub(super) async fn acknowledge<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    id: MessageId,
) -> Result<String, Problem> {
    let pending = pending_ack_of(shared.store(), id)?;
    if shared.credentials().is_none() {
        return Err(Problem::not_signed_in());
    }
    // Whoever asks for that has seen it; and the counts follow with the pending.
    shared.store().mark_emergency_read(&pending.receipt, clock::unix())?;
    let (told, outcome) = oneshot::channel();
    shared.request_acknowledgement(pending, Some(told))?;
    match tokio::time::timeout(ACKNOWLEDGE_TIMEOUT, outcome).await {
        Ok(Ok(AckOutcome::Confirmed)) => Ok("acknowledged".to_owned()),
        Ok(Ok(AckOutcome::Refused(why))) => Err(Problem::new(UNACKNOWLEDGED, why)),
        Ok(Ok(AckOutcome::Expired)) => Err(Problem::new(UNACKNOWLEDGED, "it expired")),
        Ok(Err(_)) | Err(_) => Ok("saved: it is acknowledged as soon as the service answers".to_owned()),
    }
}

async fn login_changed<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> Result<String, Problem> {
    // Whoever signs in may have chosen another place for the login just now.
    settings::reload(shared);
    shared.load_key_again().await;
    let (told, outcome) = oneshot::channel();
    shared.to.login(LoginCommand::Changed(told)).await;
    outcome
        .await
        .unwrap_or_else(|_dropped| Err(Problem::new("the login was not changed", "the daemon is stopping")))
}
