//! Carries out commands: from the socket, the tray menu and clicks on notifications, before the start is complete and
//! after.
//!
//! Invariant: a command does the same wherever it comes from, and a slow command never delays another one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::desktop::window::open as open_window;
use super::desktop::{reading, status_notification};
use super::environment::settings;
use super::shared::Shared;
use super::shared::channels::{AckOutcome, LoginCommand, SyncCommand};
use super::{events, pause, upkeep};
use crate::app::acknowledge::{UNACKNOWLEDGED, pending_ack_of, still_pending_without_login};
use crate::app::history::not_all_deleted;
use crate::app::problem::Kind;
use crate::app::rules;
use crate::app::send::{Keys, test_message};
use crate::app::{Problem, autostart};
use crate::control::{Call, Command, Filter, Reply, Response, Selection, StatusReport};
use crate::desktop::programs::{terminal, window};
use crate::domain::message::{Message, MessageId, Seq};
use crate::domain::notification::ActivationToken;
use crate::domain::pause::PausedUntil;
use crate::domain::status::{Cause, Issue, LinkState, Status};
use crate::engine::announce::reading::list_messages;
use crate::engine::{announce, link};
use crate::ports::{Notifier, SecretStore};
use crate::pushover;
use crate::store::Query;
use crate::system::clock;
use crate::system::off_thread::off_thread;

/// An acknowledgement that takes longer continues without the command.
const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the status waits for the message log to be counted.
const COUNT_TIMEOUT: Duration = Duration::from_millis(50);

/// The most unread messages that the status notification lists.
const LISTED: usize = 20;

/// How long that list waits for the message log.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// Enough for a download (30 s) and a deletion (30 s).
const SYNC_TIMEOUT: Duration = Duration::from_secs(65);

/// Answers the socket until the daemon stops.
pub(super) async fn serve<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let Some(server) = &shared.parts.control else { return shared.stop().cancelled().await };
    let (sender, mut calls) = mpsc::channel::<Call>(1);
    tokio::select! {
        () = shared.stop().cancelled() => {}
        () = server.serve(&sender) => {}
        () = async {
            while let Some((command, response)) = calls.recv().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    // The caller may have hung up.
                    drop(response.send(execute(&shared, command).await));
                });
            }
        } => {}
    }
}

/// Carries out a command.
pub(super) async fn execute<N: Notifier, S: SecretStore>(
    shared: &Arc<Shared<N, S>>,
    command: Command,
) -> Response {
    let outcome = match command {
        Command::Status => {
            // The status must be available even when the disk does not respond.
            drop(tokio::time::timeout(COUNT_TIMEOUT, shared.refresh_counts()).await);
            let service_time = shared.rest().service_time();
            let rules = Some(rules::report(&shared.settings().rules));
            let report = StatusReport { service_time, rules, ..StatusReport::from(&*shared.status.borrow()) };
            return Response::Reply(Reply::Status(Box::new(report)));
        }
        Command::Quit => return stop(shared.stop()),
        Command::Sync => sync(shared).await,
        Command::Acknowledge { id } => acknowledge(shared, &id).await,
        Command::Open { id, explicit, activation_token } => {
            open(shared, &id, explicit, activation_token.as_deref()).await
        }
        Command::ShowMessages(selection) => match named(shared, &selection).await {
            Ok(seqs) => reading::show_messages(shared, seqs).await,
            Err(problem) => Err(problem),
        },
        Command::MarkRead(selection) => mark_read(shared, &selection).await,
        Command::MarkUnread(selection) => mark_unread(shared, &selection).await,
        Command::DeleteMessages(selection) => delete_messages(shared, &selection).await,
        Command::ForgetMessages => forget_messages(shared).await,
        Command::Subscribe { since } => return events::subscribe(shared, since),
        Command::Reload => {
            settings::reload_now(shared).await.map(|()| "the settings are now in use".to_owned())
        }
        Command::SendQueued => {
            shared.queued.notify_one();
            Ok("queued messages are sent".to_owned())
        }
        Command::SendTest => {
            let settings = shared.settings();
            let keys = Keys { settings: &settings, secrets: &shared.parts.secrets };
            test_message::send(shared.rest(), &keys).await
        }
        Command::LoginChanged => login_changed(shared).await,
        Command::TakeBack => {
            shared.send_link(link::Input::TakenBack);
            Ok("reconnecting".to_owned())
        }
        Command::Show { activation_token } => Ok(show(shared, activation_token.as_deref()).await),
        Command::Pause { until } => match PausedUntil::try_from(until) {
            Ok(until) => pause::pause_until(shared, until).await,
            Err(word) => Err(Problem::new("not paused", format!("{word:?} is not a time"))),
        },
        Command::Resume => pause::resume(shared).await,
        Command::SignIn { activation_token } => open_sign_in(activation_token.as_deref()),
        Command::Autostart { on } => {
            // In a Flatpak the desktop may ask the user.
            let switched = off_thread(move || set_autostart(on)).await;
            shared.autostart_changed.notify_one();
            switched
        }
    };
    Response::Reply(reply(outcome))
}

/// The state of a daemon that is still starting up: it has not opened the message log yet.
pub(super) struct StartingUp<'a> {
    pub(super) status: Status,
    /// A problem that only the user can fix.
    pub(super) problem: Option<Problem>,
    /// Makes it try again at once.
    pub(super) retry: &'a Notify,
    /// Makes it show its status in a notification.
    pub(super) show: &'a Notify,
    pub(super) stop: &'a CancellationToken,
}

/// Carries out a command while the daemon is starting up. A command that needs the message log fails, and the error
/// says why the daemon is not ready.
pub(super) fn execute_early(state: &StartingUp<'_>, command: &Command) -> Response {
    let outcome = match command {
        Command::Status => {
            return Response::Reply(Reply::Status(Box::new(StatusReport::from(&state.status))));
        }
        Command::Quit => return stop(state.stop),
        Command::Show { .. } => {
            state.show.notify_one();
            Ok(status_notification::sentence(&state.status))
        }
        Command::LoginChanged => {
            state.retry.notify_one();
            Ok("the login is read".to_owned())
        }
        Command::Reload => {
            state.retry.notify_one();
            Ok("the settings are read".to_owned())
        }
        // They are found when it has started.
        Command::SendQueued => Ok("queued messages are sent soon".to_owned()),
        Command::SignIn { activation_token } => open_sign_in(activation_token.as_deref()),
        Command::Autostart { on } => set_autostart(*on),
        Command::Sync
        | Command::Acknowledge { .. }
        | Command::Open { .. }
        | Command::ShowMessages(_)
        | Command::MarkRead(_)
        | Command::MarkUnread(_)
        | Command::DeleteMessages(_)
        | Command::ForgetMessages
        | Command::Subscribe { .. }
        | Command::SendTest
        | Command::TakeBack
        | Command::Pause { .. }
        | Command::Resume => {
            state.retry.notify_one();
            Err(not_ready(state))
        }
    };
    Response::Reply(reply(outcome))
}

/// Why a command that needs the message log cannot be carried out yet.
fn not_ready(state: &StartingUp<'_>) -> Problem {
    let Some(message) = state.status.problems().into_iter().next() else {
        return Problem::failed("the daemon is starting").hint("try again in a few seconds");
    };
    let hint = match &state.problem {
        Some(problem) => problem.hint.clone(),
        None => Some("it is retried automatically; `handover status` says when it is over".to_owned()),
    };
    Problem { hint, ..Problem::failed(message) }
}

fn stop(token: &CancellationToken) -> Response {
    Response::Stop(Reply::Done { message: "stopping".to_owned() }, token.clone())
}

fn reply(outcome: Result<String, Problem>) -> Reply {
    match outcome {
        Ok(message) => Reply::Done { message },
        Err(Problem { kind, message, hint }) => {
            let not_signed_in = kind == Kind::NotSignedIn;
            Reply::Failed { message, hint, not_signed_in, unknown_command: false }
        }
    }
}

async fn sync<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> Result<String, Problem> {
    let what = "nothing was downloaded";
    let is_signed_out = shared.credentials_once_read().await.is_none();
    let link = shared.status.borrow().link;
    match link {
        LinkState::SignedOut if is_signed_out => return Err(Problem::not_signed_in()),
        // In these states the link waits until the user asks it to continue.
        LinkState::Refused | LinkState::Displaced => shared.send_link(link::Input::TakenBack),
        LinkState::SignedOut | LinkState::Connecting | LinkState::Connected | LinkState::Waiting => {}
    }
    shared.load_missing_key_soon();
    let (sender, outcome) = oneshot::channel();
    shared.to.sync(SyncCommand::Sync(sender)).await;
    let outcome = tokio::time::timeout(SYNC_TIMEOUT, outcome).await;
    match outcome.unwrap_or_else(|_elapsed| Ok(Err(Cause::from(&pushover::Error::TimedOut)))) {
        Ok(Ok(0)) => Ok("up to date, nothing new".to_owned()),
        Ok(Ok(1)) => Ok("up to date, 1 new message".to_owned()),
        Ok(Ok(new)) => Ok(format!("up to date, {new} new messages")),
        Ok(Err(cause)) => Err(Problem::because(what, cause)),
        Err(_dropped) => Err(Problem::new(what, "the daemon is stopping")),
    }
}

async fn acknowledge<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    id: &str,
) -> Result<String, Problem> {
    let id = message_id(UNACKNOWLEDGED, id)?;
    let pending = shared.log(move |log| Ok(pending_ack_of(log, id))).await??;
    let (sender, outcome) = oneshot::channel();
    // A user who acknowledges it has read it; the counts are refreshed with the request.
    let receipt = pending.receipt.clone();
    let (request, unix) = (pending.clone(), clock::unix());
    let saved = shared
        .log(move |log| {
            log.mark_emergency_read(&receipt, unix).and_then(|()| log.request_acknowledgement(&request, unix))
        })
        .await;
    if let Err(error) = &saved {
        // Send the request anyway, so that the alarm stops.
        shared.issue(Issue::Acknowledgement, Some(Cause::from(error)));
    }
    shared.send_acknowledgement(pending, Some(sender)).await;
    let is_signed_out = shared.credentials_once_read().await.is_none();
    let login_is_locked = shared.status.borrow().cause_of(Issue::Login).is_some();
    if is_signed_out && !login_is_locked {
        saved?;
        return Err(still_pending_without_login(&Problem::not_signed_in()));
    }
    match tokio::time::timeout(ACKNOWLEDGE_TIMEOUT, outcome).await {
        Ok(Ok(AckOutcome::Confirmed)) => Ok("acknowledged".to_owned()),
        Ok(Ok(AckOutcome::Refused(problem))) => Err(problem),
        Ok(Ok(AckOutcome::Expired)) => Err(Problem::new(UNACKNOWLEDGED, "it expired")),
        Ok(Err(_)) | Err(_) => {
            saved?;
            Ok("acknowledgement waiting: it is sent as soon as the service responds".to_owned())
        }
    }
}

async fn open<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    id: &str,
    explicit: bool,
    activation_token: Option<&str>,
) -> Result<String, Problem> {
    let what = "the message cannot be opened";
    let id = message_id(what, id)?;
    let Some(entry) = shared.log(move |log| log.find(id)).await? else {
        return Err(Problem::new(what, "it is no longer in the message log"));
    };
    let entry = shared.reader_now().open(entry);
    let Some(link) = link_to_open(shared, &entry.message, explicit) else {
        return reading::show_messages(shared, vec![entry.seq]).await;
    };
    // A mark that fails is made later, so the link is opened anyway.
    drop(shared.mark_read_and_close(&[entry.seq]).await);
    match shared.open_link(link, activation_token.and_then(ActivationToken::new)).await {
        Ok(()) => Ok("opened".to_owned()),
        Err(error) => Err(Problem::new("the link was not opened", error)),
    }
}

/// The message's own link, or else the only link in its text. The scheme is not checked here, so that opening a
/// forbidden one fails with an error the user can read.
fn link_to_open<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    message: &Message,
    explicit: bool,
) -> Option<String> {
    if explicit {
        return announce::any_link_of(message);
    }
    let settings = shared.settings();
    let open_links: Vec<_> = settings.open_links.iter().map(String::as_str).collect();
    announce::own_link_of(message).map(str::to_owned).or_else(|| announce::link_of(message, &open_links))
}

async fn mark_read<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    selection: &Selection,
) -> Result<String, Problem> {
    let mut seqs = named(shared, selection).await?;
    if let Some(Filter { app, before }) = selection.filter.clone() {
        seqs.extend(shared.log(move |log| log.unread_seqs(app.as_deref(), before)).await?);
    }
    shared.mark_read_and_close(&seqs).await?;
    Ok("marked as read".to_owned())
}

async fn mark_unread<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    selection: &Selection,
) -> Result<String, Problem> {
    let seqs = named(shared, selection).await?;
    shared.log(move |log| log.mark_unread(&seqs, clock::unix())).await?;
    shared.refresh_counts().await;
    Ok("marked as unread".to_owned())
}

async fn delete_messages<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    selection: &Selection,
) -> Result<String, Problem> {
    let mut seqs = named(shared, selection).await?;
    if let Some(Filter { app, before }) = selection.filter.clone() {
        seqs.extend(shared.log(move |log| log.finished_seqs(app.as_deref(), before)).await?);
    }
    seqs.sort_unstable();
    seqs.dedup();
    let mut deleted = 0;
    for seqs in seqs.chunks(upkeep::DELETED_PER_STEP) {
        let seqs = seqs.to_vec();
        deleted += shared.log(move |log| log.delete_messages(&seqs, clock::unix())).await?;
    }
    shared.deleted.notify_one();
    shared.refresh_counts().await;
    shared.close_notifications_of_read(&seqs.iter().copied().collect()).await;
    let left = seqs.len().saturating_sub(deleted);
    if left > 0 {
        return Err(not_all_deleted(left));
    }
    Ok(if deleted == 1 { "1 message deleted".to_owned() } else { format!("{deleted} messages deleted") })
}

async fn forget_messages<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> Result<String, Problem> {
    let forgotten = shared.log(|log| {
        let seqs = log.unread_seqs(None, None)?;
        log.forget_messages(clock::unix()).map(|()| seqs)
    });
    let seqs = forgotten.await?;
    shared.refresh_counts().await;
    shared.close_notifications_of_read(&seqs.into_iter().collect()).await;
    Ok("the messages were deleted".to_owned())
}

/// The rows of the selected messages.
async fn named<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    selection: &Selection,
) -> Result<Vec<Seq>, Problem> {
    let ids: Result<Vec<_>, Problem> =
        selection.ids.iter().map(|id| message_id("the messages cannot be found", id)).collect();
    let mut seqs: Vec<Seq> = selection.rows.iter().copied().map(Seq).collect();
    if !selection.ids.is_empty() {
        let ids = ids?;
        seqs.extend(shared.log(move |log| log.seqs_of(&ids)).await?);
    }
    Ok(seqs)
}

async fn login_changed<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> Result<String, Problem> {
    // Signing in may have changed the setting that says where the login is stored.
    settings::reload(shared);
    shared.load_key_again().await;
    let (sender, outcome) = oneshot::channel();
    shared.to.login(LoginCommand::Changed(sender)).await;
    outcome
        .await
        .unwrap_or_else(|_dropped| Err(Problem::new("the login was not changed", "the daemon is stopping")))
}

/// Opens the window; without one it shows the status and the latest unread messages. Returns the status in words.
async fn show<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, activation_token: Option<&str>) -> String {
    let status = shared.status.borrow().clone();
    let said = status_notification::sentence(&status);
    if open_window(shared, activation_token.and_then(ActivationToken::new)).await {
        return said;
    }
    let unix = shared.service_unix();
    let query = Query { limit: LISTED, unread: Some(unix), each_emergency_once: true, ..Query::default() };
    let read = shared.log(move |log| Ok((log.messages(&query)?, log.counts(unix)?.unread)));
    // If the disk does not respond, the status says so.
    let (unread, latest) = match tokio::time::timeout(READ_TIMEOUT, read).await {
        // Next to a problem, "nothing is unread" would be noise.
        Ok(Ok((_, 0))) if !status_notification::details(&status).is_empty() => Default::default(),
        Ok(Ok((latest, count))) => {
            let (reader, settings) = (shared.reader_for(&latest).await, shared.settings());
            let open_links: Vec<_> = settings.open_links.iter().map(String::as_str).collect();
            let latest: Vec<_> = latest.into_iter().rev().map(|entry| reader.open(entry)).collect();
            (list_messages(&latest, count, shared.notifier().text_limit(), &open_links), latest)
        }
        Ok(Err(_)) | Err(_) => Default::default(),
    };
    let shown = shared.status_notification.show(shared.notifier(), &status, &unread).await;
    if let Some(id) = shown.filter(|_| !unread.whole.is_empty()) {
        shared.announcer().shown_to_read(id, &unread.whole, unread.whole.clone());
    }
    if shown.is_some() {
        shared.note_listed(&latest, &unread).await;
    }
    said
}

fn open_sign_in(activation_token: Option<&str>) -> Result<String, Problem> {
    let token = activation_token.and_then(ActivationToken::new);
    if window::is_installed() && window::open(Some("setup"), token.as_ref()).is_ok() {
        return Ok("a window was opened".to_owned());
    }
    match terminal::open(&["setup"], token.as_ref()) {
        Ok(()) => Ok("a terminal was opened".to_owned()),
        Err(error) => {
            Err(Problem::new("no terminal could be opened", error).hint("run `handover setup` in a terminal"))
        }
    }
}

fn set_autostart(on: bool) -> Result<String, Problem> {
    if on {
        autostart::switch_on()?;
        return Ok("starts at login".to_owned());
    }
    autostart::switch_off()?;
    Ok("does not start at login".to_owned())
}

fn message_id(what: &str, text: &str) -> Result<MessageId, Problem> {
    let number = text.parse().map_err(|_| Problem::new(what, "this is not a message id"))?;
    Ok(MessageId::from_stored(number))
}
