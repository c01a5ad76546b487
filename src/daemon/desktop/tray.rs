//! The task that keeps the tray true and does what is chosen there.
//!
//! Invariant: everything the tray offers goes through the same functions as the commands, and what fails is said in
//! a notification. Nothing here wakes the computer: the tray is made anew when the status changes and, since ages and the
//! time left go on, whenever the link had something to do.

use std::sync::{Arc, mpsc};

use jiff::tz::TimeZone;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use crate::app::{Problem, autostart, time_format};
use crate::daemon::shared::Shared;
use crate::daemon::{commands, pause};
use crate::desktop::tray::view::{Circumstances, Headline};
use crate::desktop::tray::{self, Choice, TrayView};
use crate::desktop::{terminal, window};
use crate::domain::message::{Entry, Message, MessageId};
use crate::domain::name::Name;
use crate::domain::notification::Notification;
use crate::domain::status::Status;
use crate::engine::{announce, link};
use crate::ports::{Notifier, SecretStore};
use crate::store::{self, Query};
use crate::system::clock;

/// How many messages the menu offers, and how many emergencies.
const OFFERED: usize = 5;

/// The daemon's end of the way to the tray, which has a thread of its own.
#[derive(Debug)]
pub struct TrayLine {
    /// Down: what to show.
    views: mpsc::Sender<TrayView>,
    /// Up: what the user chose.
    choices: Mutex<UnboundedReceiver<Choice>>,
}

/// The other end, for the main thread.
#[derive(Debug)]
pub struct TrayEnd {
    views: mpsc::Receiver<TrayView>,
    chosen: UnboundedSender<Choice>,
}

/// Both ends of a new way to the tray.
pub fn line() -> (TrayLine, TrayEnd) {
    let (views, shown) = mpsc::channel();
    let (chosen, choices) = unbounded_channel();
    (TrayLine { views, choices: Mutex::new(choices) }, TrayEnd { views: shown, chosen })
}

impl TrayEnd {
    /// Keeps the tray until the daemon's end is gone. Call it on the main thread: some systems want it there.
    pub fn run(self) {
        tray::run(self.views, move |choice| {
            // The daemon may have ended meanwhile.
            let _ = self.chosen.send(choice);
        });
    }
}

/// Serves the tray until the daemon stops.
pub(in crate::daemon) async fn serve<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    let Some(line) = &shared.parts.tray else { return shared.stop().cancelled().await };
    let mut choices = line.choices.lock().await;
    let mut status = shared.status.subscribe();
    let mut installed = Installed::look();
    let mut messages = Messages::default();
    let mut shown = None;
    loop {
        status.mark_unchanged();
        messages.read_again(&shared);
        let view = view(&shared, &messages, installed);
        if shown.as_ref() != Some(&view) {
            // Without a tray nobody is there to see it.
            drop(line.views.send(view.clone()));
            shown = Some(view);
        }
        tokio::select! {
            biased;
            () = shared.stop().cancelled() => return,
            Some(choice) = choices.recv() => {
                // What takes its time keeps neither the tray nor the next choice waiting.
                tokio::spawn(serve_choice(Arc::clone(&shared), choice));
            }
            _ = status.changed() => {}
            () = shared.key_changed() => {}
            () = shared.awake.notified() => installed = Installed::look(),
        }
    }
}

fn view<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    messages: &Messages,
    installed: Installed,
) -> TrayView {
    TrayView::of(&Circumstances {
        status: &shared.status.borrow(),
        unix: clock::unix(),
        latest: &messages.latest,
        emergencies: &messages.emergencies,
        autostart: installed.autostart,
        window: installed.window,
        terminal: installed.terminal,
    })
}

/// What lies in files outside of the log.
#[derive(Clone, Copy)]
struct Installed {
    autostart: bool,
    window: bool,
    terminal: bool,
}

impl Installed {
    fn look() -> Self {
        Self {
            // What cannot be found out is said when the user asks to change it.
            autostart: autostart::status().is_ok_and(|status| status.is_on()),
            window: window::is_installed(),
            terminal: terminal::is_there(),
        }
    }
}

/// What the log holds for the menu.
#[derive(Default)]
struct Messages {
    latest: Vec<Headline>,
    emergencies: Vec<Headline>,
}

impl Messages {
    fn read_again<N: Notifier, S: SecretStore>(&mut self, shared: &Shared<N, S>) {
        match Self::read(shared) {
            Ok(messages) => *self = messages,
            // What was there before is still there. The status says what is wrong with the log.
            Err(error) => tracing::debug!("the messages for the tray cannot be read: {error}"),
        }
    }

    fn read<N: Notifier, S: SecretStore>(shared: &Shared<N, S>) -> Result<Self, store::Error> {
        let (unix, zone) = (clock::unix(), TimeZone::system());
        let reader = shared.reader_now();
        let query = Query { limit: OFFERED, ..Query::default() };
        let latest = shared.store().messages(&query)?;
        let emergencies = shared.store().open_emergencies(OFFERED, unix)?;
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
        unread: entry.is_unread(unix),
    }
}

/// Does what was chosen, and says so when it could not be done.
async fn serve_choice<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>, choice: Choice) {
    if let Err(problem) = do_choice(&shared, choice).await {
        tell(shared.notifier(), &problem).await;
    }
}

async fn tell<N: Notifier>(notifier: &N, problem: &Problem) {
    let notification = Notification::about_handover("That did not work", &problem.in_lines());
    if let Err(error) = notifier.show(&notification).await {
        // Not the problem itself: the address of a link may be in it.
        tracing::warn!("something chosen in the tray could not be done, nor could that be shown: {error}");
    }
}

/// Shows how a start stands that is not done yet, until something is chosen. Cancel safe.
pub(in crate::daemon) async fn show_until_chosen(line: &TrayLine, status: &Status) -> Choice {
    let Installed { autostart, window, terminal } = Installed::look();
    let view = TrayView::of(&Circumstances {
        status,
        unix: clock::unix(),
        latest: &[],
        emergencies: &[],
        autostart,
        window,
        terminal,
    });
    // Without a tray nobody is there to see it.
    drop(line.views.send(view));
    match line.choices.lock().await.recv().await {
        Some(choice) => choice,
        None => std::future::pending().await,
    }
}

/// Does what can be done before the start is done; of everything else it says that `failure` is in the way.
pub(in crate::daemon) async fn serve_early<N: Notifier>(
    choice: Choice,
    failure: Problem,
    notifier: &N,
    stop: &CancellationToken,
    again: &Notify,
) {
    let done = match choice {
        Choice::Quit => {
            stop.cancel();
            Ok(())
        }
        Choice::SignIn => sign_in(),
        Choice::Autostart(on) => set_autostart(on),
        Choice::Open(_)
        | Choice::Acknowledge(_)
        | Choice::Pause(_)
        | Choice::Resume
        | Choice::Show
        | Choice::TakeBack => {
            again.notify_one();
            Err(failure)
        }
    };
    if let Err(problem) = done {
        tell(notifier, &problem).await;
    }
}

fn sign_in() -> Result<(), Problem> {
    terminal::open(&["setup"]).map_err(|error| {
        Problem::new("no terminal could be opened", error).hint("run `handover setup` in a terminal")
    })
}

fn set_autostart(on: bool) -> Result<(), Problem> {
    if on { autostart::switch_on() } else { autostart::switch_off() }
}

async fn do_choice<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    choice: Choice,
) -> Result<(), Problem> {
    match choice {
        Choice::Open(id) => open(shared, id).await,
        Choice::Acknowledge(id) => commands::acknowledge(shared, id).await.map(drop),
        Choice::Pause(span) => pause::pause(shared, span).await.map(drop),
        Choice::Resume => pause::resume(shared).await.map(drop),
        Choice::Show => {
            shared.show().await;
            Ok(())
        }
        Choice::SignIn => sign_in(),
        Choice::TakeBack => {
            shared.send_link(link::Input::TakenBack);
            Ok(())
        }
        Choice::Autostart(on) => {
            let done = set_autostart(on);
            shared.awake.notify_one();
            done
        }
        Choice::Quit => {
            shared.stop().cancel();
            Ok(())
        }
    }
}

/// Opens the message's link, if it has one; the user has seen to the message then.
async fn open<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, id: MessageId) -> Result<(), Problem> {
    let Some(entry) = shared.store().find(id)? else {
        return Err(Problem::new("the message cannot be opened", "it is not there any more"));
    };
    let entry = shared.reader_now().open(entry);
    shared.mark_read(&[entry.seq]).await;
    // An emergency that nobody acknowledged stays on the screen.
    if !entry.awaits_acknowledgement() {
        shared.close_notifications_of_read(entry.seq).await;
    }
    let Some(link) = link_to_open(shared, &entry.message) else { return Ok(()) };
    let opened = shared.open_link(link).await;
    opened.map_err(|error| Problem {
        kind: crate::app::problem::Kind::Failed,
        message: error.to_string(),
        hint: None,
    })
}

/// The message's own link, of whatever kind, since a refusal is to be said; else the only one in its text.
fn link_to_open<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, message: &Message) -> Option<String> {
    let settings = shared.settings();
    let open_links: Vec<_> = settings.open_links.iter().map(String::as_str).collect();
    announce::own_link_of(message).map(str::to_owned).or_else(|| announce::link_of(message, &open_links))
}
