//! The start of the daemon, until everything it needs is at hand: settings, a login that can be read, the log.
//!
//! Invariant: from the first moment on commands are answered. What passes by itself (a full disk, a locked file) is
//! waited out. What does not ends the start with words for a person; where nobody would read them, after a login to the
//! desktop or a click in a menu, a notification says the same words, the tray is there, and what was mended is taken up.

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
use crate::engine::backoff::Backoff;
use crate::ports::Notifier;
use crate::store::Store;
use crate::system::clock;

/// How long a command that came at the last moment, or the notification that is to go, may keep the start or its end waiting.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// Who is told what of a start.
pub struct Startup<'a, N> {
    /// Takes commands.
    pub control: &'a Server,
    /// The icon in the tray, if there is to be one.
    pub tray: Option<&'a TrayLine>,
    /// The desktop.
    pub notifier: &'a N,
    /// Cancelled to stop the daemon.
    pub stop: &'a CancellationToken,
    /// Whether the daemon ends at what only a person can mend, since somebody reads why.
    pub gives_up: bool,
    /// Whether somebody sits at a terminal, who reads at once that nobody is signed in.
    pub somebody_reads: bool,
}

impl<N: Notifier> Startup<'_, N> {
    /// Gets everything ready, and opens the log; `None` when the daemon is stopped meanwhile. `settings` is what reading
    /// them came to; with a mistake in them `context` holds the defaults, and gets others once it is mended.
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
        drop(timeout(LAST_WORDS, last).await);
        Ok(opened)
    }
}

/// How a start stands.
#[derive(Clone, Debug, PartialEq)]
struct StartupState {
    status: Status,
    /// What only a person can mend.
    problem: Option<Problem>,
    /// Whether it has come to its end, whichever.
    is_over: bool,
}

/// A start under way.
struct Start {
    gives_up: bool,
    somebody_reads: bool,
    standing: watch::Sender<StartupState>,
    /// A command makes it try again now.
    retry: Notify,
    /// A command makes it show its status.
    show: Notify,
}

impl Start {
    fn new<N>(opening: &Startup<'_, N>) -> Self {
        let (since, tray) = (clock::unix(), opening.tray.is_some());
        let status = Status { link: LinkState::Connecting, since, tray, ..Status::default() };
        let Startup { gives_up, somebody_reads, .. } = *opening;
        let standing = watch::Sender::new(StartupState { status, problem: None, is_over: false });
        Self { gives_up, somebody_reads, standing, retry: Notify::new(), show: Notify::new() }
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

    /// Waits until there is no mistake in the settings any more. To go on with the defaults is no choice: they
    /// acknowledge emergencies, whatever the file was to say.
    async fn follow_settings(&self, context: &mut Context, mut mistake: Problem) -> Result<(), Problem> {
        let mut watcher = Watcher::new(&context.paths.settings);
        loop {
            self.needs(mistake)?;
            let changed = tokio::select! {
                changed = watcher.settings() => changed,
                () = self.retry.notified() => config::read(&context.paths.settings),
            };
            match changed.and_then(|_| config::read_first(&context.paths.settings)) {
                Ok(settings) => {
                    context.use_settings(settings);
                    self.goes_on();
                    return Ok(());
                }
                Err(error) => mistake = error.into(),
            }
        }
    }

    /// Waits until a login that lies in a file can be read. A keyring is waited for later and, away from a terminal,
    /// so is somebody who signs in.
    async fn look_for_login(&self, context: &Context) -> Result<(), Problem> {
        let mut backoff = Backoff::new();
        loop {
            match context.login().await {
                Ok(None) if self.somebody_reads => return Err(Problem::not_signed_in()),
                // A file that is wrong stays wrong until somebody sees to it.
                Err(problem) if context.login_is_in_a_file().await => self.needs(problem)?,
                Ok(_) | Err(_) => {
                    self.goes_on();
                    return Ok(());
                }
            }
            self.wait(&mut backoff).await;
        }
    }

    async fn open_log(&self, context: &Context) -> Result<Store, Problem> {
        let mut backoff = Backoff::new();
        loop {
            match Store::open(&context.paths.messages) {
                Ok(store) => return Ok(store),
                Err(error) if error.passes() => {
                    tracing::warn!("{}: {error}", Issue::Storage.what());
                    self.stands(LinkState::Waiting, Some((Issue::Storage, Cause::from(&error))), None);
                }
                Err(error) => self.needs(error.into())?,
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

    /// Something that only a person can mend.
    fn needs(&self, problem: Problem) -> Result<(), Problem> {
        if self.gives_up {
            return Err(problem);
        }
        if self.standing.borrow().problem.as_ref() != Some(&problem) {
            tracing::warn!("{}: {problem}", Issue::Start.what());
        }
        let issue = (Issue::Start, Cause::from(&problem));
        self.stands(LinkState::Waiting, Some(issue), Some(problem));
        Ok(())
    }

    fn goes_on(&self) {
        self.stands(LinkState::Connecting, None, None);
    }

    fn is_over(&self) {
        self.standing.send_modify(|standing| (standing.problem, standing.is_over) = (None, true));
    }

    fn stands(&self, link: LinkState, issue: Option<(Issue, Cause)>, problem: Option<Problem>) {
        self.standing.send_if_modified(|standing| {
            let before = standing.clone();
            standing.status.link = link;
            standing.status.issues = issue.into_iter().collect();
            standing.problem = problem;
            *standing != before
        });
    }

    /// Answers the socket.
    async fn answer(&self, calls: &mut mpsc::Receiver<Call>, stop: &CancellationToken) {
        while let Some((command, response)) = calls.recv().await {
            // The caller may have hung up.
            drop(response.send(execute_early(&self.for_commands(stop), &command)));
        }
    }

    /// What commands need to know of the start.
    fn for_commands<'a>(&'a self, stop: &'a CancellationToken) -> StartingUp<'a> {
        let StartupState { status, problem, is_over: _ } = self.standing.borrow().clone();
        StartingUp { status, problem, retry: &self.retry, show: &self.show, stop }
    }

    /// Keeps a notification on the screen for as long as there is something that only a person can mend. It ends with the
    /// start, and leaves none behind that nobody would take away.
    async fn keep_notification<N: Notifier>(&self, notifier: &N) {
        let mut standing = self.standing.subscribe();
        let (mut told, mut notification, mut status_notification) = (None, None, None);
        loop {
            let StartupState { problem, is_over, .. } = standing.borrow_and_update().clone();
            if told != problem {
                notification = tell(notifier, problem.as_ref(), notification).await;
                told = problem;
            }
            if is_over {
                return;
            }
            tokio::select! {
                changed = standing.changed() => drop(changed),
                () = self.show.notified() => {
                    let status = self.standing.borrow().status.clone();
                    status_notification = show_status(notifier, &status, status_notification).await;
                }
                event = notifier.next_event(), if told.is_some() => match event {
                    NotificationEvent::ServerAvailable => (told, notification) = (None, None),
                    NotificationEvent::Dismissed(id) | NotificationEvent::Closed(id) if notification == Some(id) => notification = None,
                    // Of one that said what did not work.
                    NotificationEvent::Dismissed(_) | NotificationEvent::Closed(_) | NotificationEvent::ActionInvoked(..) => {}
                },
            }
        }
    }

    /// Keeps the tray true, once there is something to wait for.
    async fn keep_tray<N: Notifier>(&self, opening: &Startup<'_, N>) {
        let Some(line) = opening.tray else { return std::future::pending().await };
        let mut standing = self.standing.subscribe();
        let is_waiting = |standing: &StartupState| !standing.status.issues.is_empty();
        // This start outlives its tray.
        drop(standing.wait_for(is_waiting).await);
        loop {
            let status = standing.borrow_and_update().status.clone();
            let chosen = tray::show_until_chosen(line, &status);
            let choice = tokio::select! {
                choice = chosen => choice,
                _ = standing.changed() => continue,
            };
            let execute = async |command| execute_early(&self.for_commands(opening.stop), &command);
            tray::serve_choice(opening.notifier, choice, execute).await;
        }
    }
}

/// Shows what only a person can mend in the place of the notification before, or takes that away when there is nothing; the
/// notification that is on the screen then.
async fn tell<N: Notifier>(
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
    let mut notification = Notification::about_handover("No messages are received", &problem.in_lines());
    (notification.replaces, notification.urgency, notification.resident) = (before, Urgency::Critical, true);
    // It is shown when a notification server comes.
    notifier
        .show(&notification)
        .await
        .inspect_err(|error| tracing::warn!("{}: {error}", Issue::Notifications.what()))
        .ok()
}
