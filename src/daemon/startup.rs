//! Starts the daemon: waits until the settings, a readable login and the message log are available.
//!
//! Invariant: commands are answered from the beginning. A condition that may pass without the user (a full disk, a
//! locked file) is waited for. Any other problem ends the start with an error on the terminal. If there is no terminal,
//! after a login to the desktop or a click in a menu, a notification and the tray show the problem instead, and the
//! start continues once it is fixed.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::commands::{StartingUp, execute_early};
use super::desktop::status_notification::show_status;
use super::desktop::tray::{self, TrayLine};
use crate::app::Problem;
use crate::app::context::Context;
use crate::config::{self, Watcher};
use crate::control::{Call, Server};
use crate::domain::notification::{Notification, NotificationEvent, NotificationId, Urgency};
use crate::domain::status::{Cause, Issue, LinkState, Status};
use crate::engine::announce::reading::List;
use crate::engine::backoff::Backoff;
use crate::ports::Notifier;
use crate::store::Store;
use crate::system::clock;
use crate::system::off_thread::off_thread;

/// How long to wait at the end for the replies to the last commands, and for the notification to close.
const CLEAN_UP_TIMEOUT: Duration = Duration::from_millis(300);

/// What a start needs to wait and to report.
pub struct Startup<'a, N> {
    /// Receives commands.
    pub control: &'a Server,
    /// The tray icon, if there is one.
    pub tray: Option<&'a TrayLine>,
    /// The desktop.
    pub notifier: &'a N,
    /// Cancelled to stop the daemon.
    pub stop: &'a CancellationToken,
    /// Whether the daemon exits at a problem that only the user can fix, because the user sees the error.
    pub gives_up: bool,
    /// Whether it runs on a terminal, where the user sees that there is no login.
    pub on_terminal: bool,
}

impl<N: Notifier> Startup<'_, N> {
    /// Waits until everything is ready and opens the message log; `None` if the daemon is stopped meanwhile. `settings`
    /// is the result of reading them; if they are invalid, `context` holds the defaults until they are fixed.
    pub async fn open(
        &self,
        context: &mut Context,
        settings: Result<(), Problem>,
    ) -> Result<Option<Store>, Problem> {
        let (sender, mut calls) = mpsc::channel(1);
        let start = Start::new(self);
        let mut notification = pin!(start.keep_notification(self.notifier));
        let opened = tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            opened = start.get_ready(context, settings) => Some(opened?),
            () = async {
                tokio::join!(
                    self.control.serve(&sender),
                    start.answer(&mut calls, self.stop),
                    &mut notification,
                    start.keep_tray(self),
                );
            } => None,
        };
        drop(sender);
        start.is_over();
        let last = async {
            notification.await;
            if opened.is_some() {
                start.answer(&mut calls, self.stop).await;
            }
        };
        drop(timeout(CLEAN_UP_TIMEOUT, last).await);
        Ok(opened)
    }
}

/// The state of a start.
#[derive(Clone, Debug, PartialEq)]
struct StartupState {
    status: Status,
    /// A problem that only the user can fix.
    problem: Option<Problem>,
    /// Whether the start has ended, successfully or not.
    is_over: bool,
}

/// A running start.
struct Start {
    gives_up: bool,
    on_terminal: bool,
    state: watch::Sender<StartupState>,
    /// Notified by a command to try again now.
    retry: Notify,
    /// Notified by a command to show the status.
    show: Notify,
}

impl Start {
    fn new<N>(startup: &Startup<'_, N>) -> Self {
        let (since, tray) = (clock::unix(), startup.tray.is_some());
        let status = Status { link: LinkState::Connecting, since, tray, ..Status::default() };
        let Startup { gives_up, on_terminal, .. } = *startup;
        let state = watch::Sender::new(StartupState { status, problem: None, is_over: false });
        Self { gives_up, on_terminal, state, retry: Notify::new(), show: Notify::new() }
    }

    async fn get_ready(
        &self,
        context: &mut Context,
        settings: Result<(), Problem>,
    ) -> Result<Store, Problem> {
        if let Err(mistake) = settings {
            self.follow_settings(context, mistake).await?;
        }
        self.look_for_login(context).await?;
        self.open_log(context).await
    }

    /// Waits until the settings are valid again. The defaults are not used meanwhile, because they would acknowledge emergencies
    /// that the file may leave to the user.
    async fn follow_settings(&self, context: &mut Context, mut mistake: Problem) -> Result<(), Problem> {
        let mut watcher = Watcher::new(&context.paths.settings);
        loop {
            self.report_problem(mistake)?;
            let changed = tokio::select! {
                changed = watcher.settings() => changed,
                () = self.retry.notified() => Ok(None),
            };
            match changed.and_then(|_| config::read_first(&context.paths.settings)) {
                Ok(settings) => {
                    context.use_settings(settings);
                    self.clear_problem();
                    return Ok(());
                }
                Err(error) => mistake = error.into(),
            }
        }
    }

    /// Waits until a login in a file can be read. A locked keyring and, away from a terminal, a missing login are handled
    /// after the start.
    async fn look_for_login(&self, context: &Context) -> Result<(), Problem> {
        let mut backoff = Backoff::new();
        loop {
            match context.login().await {
                Ok(None) if self.on_terminal => return Err(Problem::not_signed_in()),
                // An invalid file stays invalid until the user fixes it.
                Err(problem) if context.login_is_in_a_file().await => self.report_problem(problem)?,
                Ok(_) | Err(_) => {
                    self.clear_problem();
                    return Ok(());
                }
            }
            self.wait(&mut backoff).await;
        }
    }

    async fn open_log(&self, context: &Context) -> Result<Store, Problem> {
        let mut backoff = Backoff::new();
        // A short interruption, for example by a backup, is not worth a notification.
        let mut lasts = false;
        loop {
            let path = context.paths.messages.clone();
            match off_thread(move || Store::open_or_repair(&path)).await {
                Ok(store) => return Ok(store),
                Err(error) if error.passes() => {
                    tracing::warn!("{}: {error}", Issue::Storage.what());
                    let cause = Cause::from(&error);
                    let problem = lasts.then(|| Problem::from(error));
                    self.set_state(LinkState::Waiting, Some((Issue::Storage, cause)), problem);
                    lasts = true;
                }
                Err(error) => self.report_problem(error.into())?,
            }
            self.wait(&mut backoff).await;
        }
    }

    async fn wait(&self, backoff: &mut Backoff) {
        tokio::select! {
            () = self.retry.notified() => {}
            () = clock::pause(backoff.next(clock::jitter())) => {}
        }
    }

    /// Reports a problem that only the user can fix, or returns it if the daemon exits at one.
    fn report_problem(&self, problem: Problem) -> Result<(), Problem> {
        if self.gives_up {
            return Err(problem);
        }
        if self.state.borrow().problem.as_ref() != Some(&problem) {
            tracing::warn!("{}: {problem}", Issue::Start.what());
        }
        let issue = (Issue::Start, Cause::from(&problem));
        self.set_state(LinkState::Waiting, Some(issue), Some(problem));
        Ok(())
    }

    fn clear_problem(&self) {
        self.set_state(LinkState::Connecting, None, None);
    }

    fn is_over(&self) {
        self.state.send_modify(|state| (state.problem, state.is_over) = (None, true));
    }

    fn set_state(&self, link: LinkState, issue: Option<(Issue, Cause)>, problem: Option<Problem>) {
        self.state.send_if_modified(|state| {
            let before = state.clone();
            state.status.link = link;
            state.status.issues = issue.into_iter().collect();
            state.problem = problem;
            *state != before
        });
    }

    /// Answers the socket.
    async fn answer(&self, calls: &mut mpsc::Receiver<Call>, stop: &CancellationToken) {
        while let Some((command, response)) = calls.recv().await {
            // The caller may have hung up.
            drop(response.send(execute_early(&self.for_commands(stop), &command)));
        }
    }

    /// The state of the start that commands need.
    fn for_commands<'a>(&'a self, stop: &'a CancellationToken) -> StartingUp<'a> {
        let StartupState { status, problem, is_over: _ } = self.state.borrow().clone();
        StartingUp { status, problem, retry: &self.retry, show: &self.show, stop }
    }

    /// Keeps a notification on the screen for as long as there is a problem that only the user can fix. When the start
    /// ends, this closes the notification and returns.
    async fn keep_notification<N: Notifier>(&self, notifier: &N) {
        let mut state = self.state.subscribe();
        let (mut shown_problem, mut notification, mut status_notification) = (None, None, None);
        loop {
            let StartupState { problem, is_over, .. } = state.borrow_and_update().clone();
            if shown_problem != problem {
                notification = update_notification(notifier, problem.as_ref(), notification).await;
                shown_problem = problem;
            }
            if is_over {
                return;
            }
            tokio::select! {
                changed = state.changed() => drop(changed),
                () = self.show.notified() => {
                    let status = self.state.borrow().status.clone();
                    status_notification = show_status(notifier, &status, &List::default(), status_notification).await;
                }
                event = notifier.next_event(), if shown_problem.is_some() => match event {
                    NotificationEvent::ServerAvailable => (shown_problem, notification) = (None, None),
                    NotificationEvent::Dismissed(id) | NotificationEvent::Closed(id) | NotificationEvent::Expired(id) if notification == Some(id) => notification = None,
                    // About a notification that reported a failed choice.
                    NotificationEvent::Dismissed(_) | NotificationEvent::Closed(_) | NotificationEvent::Expired(_) | NotificationEvent::Moved(..) | NotificationEvent::Activated(..) | NotificationEvent::ActionInvoked(..) => {}
                },
            }
        }
    }

    /// Keeps the tray up to date, once the start has to wait.
    async fn keep_tray<N: Notifier>(&self, startup: &Startup<'_, N>) {
        let Some(line) = startup.tray else { return std::future::pending().await };
        let mut state = self.state.subscribe();
        let is_waiting = |state: &StartupState| !state.status.issues.is_empty();
        // This start outlives its tray.
        drop(state.wait_for(is_waiting).await);
        loop {
            let status = state.borrow_and_update().status.clone();
            let chosen = tray::show_until_chosen(line, &status);
            let choice = tokio::select! {
                choice = chosen => choice,
                _ = state.changed() => continue,
            };
            let execute = async |command| execute_early(&self.for_commands(startup.stop), &command);
            tray::serve_choice(startup.notifier, choice, execute).await;
        }
    }
}

/// Shows a problem that only the user can fix, replacing the previous notification, or closes that if there is no
/// problem. Returns the notification that is now on the screen.
async fn update_notification<N: Notifier>(
    notifier: &N,
    problem: Option<&Problem>,
    before: Option<NotificationId>,
) -> Option<NotificationId> {
    let Some(problem) = problem else {
        if let Some(notification) = before {
            notifier.close(notification).await;
        }
        return None;
    };
    let mut notification =
        Notification::about_handover("No messages are being received", &problem.in_lines());
    (notification.replaces, notification.urgency, notification.resident) = (before, Urgency::High, true);
    // It is shown once there is a notification server.
    notifier
        .show(&notification)
        .await
        .inspect_err(|error| tracing::warn!("{}: {error}", Issue::Notifications.what()))
        .ok()
}
