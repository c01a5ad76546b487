//! The task that keeps the tray up to date and carries out what is chosen there.
//!
//! Invariant: everything the tray offers goes through the same functions as the commands, and a failure is shown in a
//! notification. Nothing here wakes the computer: the view is made again when the status changes, and, to keep the times in
//! it up to date, whenever the link had something to do.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::app::send::test_message;
use crate::app::{Problem, autostart, pause, time_format};
use crate::control::{Command, Reply, Response};
use crate::daemon::commands;
use crate::daemon::shared::Shared;
use crate::desktop::programs::{terminal, window};
use crate::desktop::tray::view::{Headline, TrayContext};
use crate::desktop::tray::{self, Choice, TrayView};
use crate::domain::message::Entry;
use crate::domain::name::Name;
use crate::domain::notification::{ActivationToken, Notification};
use crate::domain::status::Status;
use crate::ports::{Notifier, SecretStore};
use crate::store::{self, Query};
use crate::system::clock;
use crate::system::off_thread::off_thread;

/// What the user chose, and what the desktop gave out for what that opens.
pub(in crate::daemon) type Chosen = (Choice, Option<ActivationToken>);

/// How many messages the menu offers, and how many emergencies.
const OFFERED: usize = 5;

/// The daemon's end of the channels to the tray, which has a thread of its own.
#[derive(Debug)]
pub struct TrayLine {
    /// Down: what to show.
    views: mpsc::Sender<TrayView>,
    /// Up: what the user chose. A mutex, because the startup reads it first and the tray's task afterwards, both through
    /// a shared reference.
    choices: Mutex<UnboundedReceiver<Chosen>>,
}

/// The other end, for the main thread.
#[derive(Debug)]
pub struct TrayEnd {
    views: mpsc::Receiver<TrayView>,
    chosen: UnboundedSender<Chosen>,
}

/// Both ends of new channels to the tray.
pub fn line() -> (TrayLine, TrayEnd) {
    let (views, shown) = mpsc::channel();
    let (chosen, choices) = unbounded_channel();
    (TrayLine { views, choices: Mutex::new(choices) }, TrayEnd { views: shown, chosen })
}

impl TrayEnd {
    /// Keeps the tray until the daemon's end is gone. Call it on the main thread: some systems want it there.
    pub fn run(self) {
        tray::run(self.views, move |choice, token| {
            // The daemon may have ended meanwhile.
            drop(self.chosen.send((choice, token)));
        });
    }
}

/// For how long it is assumed that nothing was installed or removed; then it is checked when the tray changes anyway.
const INSTALLED_FOR: Duration = Duration::from_mins(10);

/// Serves the tray until the daemon stops.
pub(in crate::daemon) async fn serve<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    // A disk that hangs must not keep the daemon from stopping.
    shared.stop().run_until_cancelled(keep_up_to_date(&shared)).await;
}

async fn keep_up_to_date<N: Notifier, S: SecretStore>(shared: &Arc<Shared<N, S>>) {
    let Some(line) = &shared.parts.tray else { return std::future::pending().await };
    let mut choices = line.choices.lock().await;
    let mut status = shared.status.subscribe();
    let mut settings = shared.settings.subscribe();
    let mut installed = off_thread(Installed::detect).await;
    let mut detected = clock::instant();
    let mut messages = Messages::default();
    let mut shown = None;
    loop {
        status.mark_unchanged();
        messages.read_again(shared).await;
        if clock::instant().duration_since(detected) >= INSTALLED_FOR {
            installed = off_thread(Installed::detect).await;
            detected = clock::instant();
        }
        let view = view(shared, &messages, installed);
        if shown.as_ref() != Some(&view) {
            // The tray may have ended.
            drop(line.views.send(view.clone()));
            shown = Some(view);
        }
        tokio::select! {
            biased;
            Some(choice) = choices.recv() => {
                // A choice that takes its time keeps neither the tray nor the next choice waiting.
                let shared = Arc::clone(shared);
                tokio::spawn(async move {
                    let execute = async |command| commands::execute(&shared, command).await;
                    serve_choice(shared.notifier(), choice, execute).await;
                });
            }
            _ = status.changed() => {}
            _ = settings.changed() => {}
            () = shared.key_changed() => {}
            () = shared.shown.notified() => {}
            () = shared.autostart_changed.notified() => installed = off_thread(Installed::detect).await,
        }
    }
}

fn view<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    messages: &Messages,
    installed: Installed,
) -> TrayView {
    TrayView::of(&TrayContext {
        status: &shared.status.borrow(),
        unix: clock::unix(),
        latest: &messages.latest,
        emergencies: &messages.emergencies,
        autostart: installed.autostart,
        window: installed.window,
        test_message: test_message::is_possible(&shared.settings()),
        terminal: installed.terminal,
    })
}

/// What is read from files other than the message log.
#[derive(Clone, Copy)]
struct Installed {
    autostart: bool,
    window: bool,
    terminal: bool,
}

impl Installed {
    fn detect() -> Self {
        Self {
            // What cannot be found out is said when the user asks to change it.
            autostart: autostart::status().is_ok_and(|status| status.is_on()),
            window: window::is_installed(),
            terminal: terminal::is_installed() || window::is_installed(),
        }
    }
}

/// What the message log holds for the menu.
#[derive(Default)]
struct Messages {
    latest: Vec<Headline>,
    emergencies: Vec<Headline>,
}

impl Messages {
    async fn read_again<N: Notifier, S: SecretStore>(&mut self, shared: &Shared<N, S>) {
        match Self::read(shared).await {
            Ok(messages) => *self = messages,
            // The menu keeps its previous entries, and the status says what is wrong with the message log.
            Err(error) => tracing::debug!("the messages for the tray cannot be read: {error}"),
        }
    }

    async fn read<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> Result<Self, store::Error> {
        let (unix, zone) = (shared.service_unix(), TimeZone::system());
        let reader = shared.reader_now();
        // The open emergencies are listed apart.
        let query = Query { limit: 2 * OFFERED, each_emergency_once: true, ..Query::default() };
        let read = shared.log(move |log| {
            log.messages(&query).and_then(|latest| Ok((latest, log.open_emergencies(OFFERED, unix)?)))
        });
        let (latest, emergencies) = read.await?;
        Ok(Self {
            latest: latest
                .into_iter()
                .rev()
                .map(|entry| headline(&reader.open(entry), unix, &zone))
                .collect(),
            emergencies: emergencies
                .into_iter()
                .map(|entry| headline(&reader.open(entry), unix, &zone))
                .collect(),
        })
    }
}

fn headline(entry: &Entry, unix: i64, zone: &TimeZone) -> Headline {
    let message = &entry.message;
    let sent = if message.date > 0 { message.date } else { entry.recorded };
    Headline {
        id: message.id,
        name: Name::of(message),
        sent: time_format::words(sent, unix, zone).unwrap_or_else(|| "at an unknown time".to_owned()),
        repeats: time_format::repeats(entry, unix, zone),
        unread: entry.is_unread(unix),
    }
}

/// Shows the state of a start that is not complete yet, until something is chosen. Cancel safe.
pub(in crate::daemon) async fn show_until_chosen(line: &TrayLine, status: &Status) -> Chosen {
    let Installed { autostart, window, terminal } = off_thread(Installed::detect).await;
    let view = TrayView::of(&TrayContext {
        status,
        unix: clock::unix(),
        latest: &[],
        emergencies: &[],
        autostart,
        window,
        test_message: false,
        terminal,
    });
    // The tray may have ended.
    drop(line.views.send(view));
    match line.choices.lock().await.recv().await {
        Some(choice) => choice,
        None => std::future::pending().await,
    }
}

/// Carries out a choice by `execute`, and shows a notification when that failed.
pub(in crate::daemon) async fn serve_choice<N: Notifier>(
    notifier: &N,
    (choice, token): Chosen,
    execute: impl AsyncFnOnce(Command) -> Response,
) {
    let reply = match command(choice, token.as_ref()) {
        Ok(command) => execute(command).await.into_reply(),
        Err(problem) => Reply::failed(problem.message, problem.hint),
    };
    let Reply::Failed { message, hint, .. } = reply else { return };
    let problem = Problem { hint, ..Problem::failed(message) };
    let notification = Notification::about_handover("That did not work", &problem.in_lines());
    if let Err(error) = notifier.show(&notification).await {
        // Not the problem itself: the address of a link may be in it.
        tracing::warn!("a choice in the tray failed, and the failure could not be shown: {error}");
    }
}

/// The command of a choice.
fn command(choice: Choice, token: Option<&ActivationToken>) -> Result<Command, Problem> {
    let activation_token = token.map(|token| token.as_str().to_owned());
    Ok(match choice {
        Choice::Open(id) => Command::Open { id: id.to_string(), explicit: false, activation_token },
        Choice::MarkAllRead => Command::mark_all_read(),
        Choice::Acknowledge(id) => Command::acknowledge(id),
        Choice::Pause(span) => {
            Command::Pause { until: pause::end_of(span, clock::unix(), &TimeZone::system())?.into() }
        }
        Choice::Resume => Command::Resume,
        Choice::Show => Command::Show { activation_token },
        Choice::SignIn => Command::SignIn { activation_token },
        Choice::TakeBack => Command::TakeBack,
        Choice::Autostart(on) => Command::Autostart { on },
        Choice::SendTest => Command::SendTest,
        Choice::Quit => Command::Quit,
    })
}
