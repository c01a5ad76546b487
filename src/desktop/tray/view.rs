//! What the tray shows, as a value made from how things stand.
//!
//! Invariant: equal circumstances make equal views, so what did not change is not shown again.

use std::time::Duration;

use super::wording;
use crate::domain::message::MessageId;
use crate::domain::name::Name;
use crate::domain::pause::PauseSpan;
use crate::domain::status::{Issue, LinkState, Status};

/// How many messages the menu shows.
const LATEST: usize = 5;

/// All that the tray shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrayView {
    /// Which icon.
    pub icon: Icon,
    /// The state in words, for whoever rests the mouse on it.
    pub tooltip: String,
    /// The menu, from the top.
    pub menu: Vec<Entry>,
}

impl TrayView {
    /// What the tray shows in these circumstances.
    pub fn of(circumstances: &Circumstances<'_>) -> Self {
        Self {
            icon: Icon::of(circumstances.status),
            tooltip: wording::state(circumstances.status).join("\n"),
            menu: menu(circumstances),
        }
    }
}

/// What the icon tells from afar; the first of these that is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Only the user can mend it: not signed in, refused, displaced, or a issue other than a service out of reach.
    Attention,
    /// There is a pause.
    Paused,
    /// No connection at the moment.
    Offline,
    /// Messages, or an emergency, wait for the user.
    Unread,
    /// Connected, nothing to see to.
    Connected,
}

impl Icon {
    fn of(status: &Status) -> Self {
        if needs_user(status) {
            return Self::Attention;
        }
        if status.paused.is_some() {
            return Self::Paused;
        }
        match status.link {
            LinkState::Connected if status.unread > 0 || status.unacknowledged > 0 => Self::Unread,
            LinkState::Connected => Self::Connected,
            LinkState::Connecting
            | LinkState::Waiting
            | LinkState::Refused
            | LinkState::Displaced
            | LinkState::SignedOut => Self::Offline,
        }
    }
}

/// One line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Words that cannot be chosen.
    Label(String),
    /// Something to choose.
    Item(String, Choice),
    /// Something that is on or off.
    Check {
        /// The words.
        label: String,
        /// Whether it is on.
        on: bool,
        /// What choosing it means.
        choice: Choice,
    },
    /// More of them, one level down.
    Submenu(String, Vec<Self>),
    /// A line between groups.
    Separator,
}

/// What the user can choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Open the message's link, or without one mark it as read.
    Open(MessageId),
    /// Acknowledge the emergency this message is about.
    Acknowledge(MessageId),
    /// Show nothing for a while.
    Pause(PauseSpan),
    /// End the pause.
    Resume,
    /// Show the window with all messages; or, without one, how things stand (also a click on the icon itself).
    Show,
    /// Sign in, in a terminal of its own.
    SignIn,
    /// Take the connection back from the session that displaced this one.
    TakeBack,
    /// Start at login, or do not.
    Autostart(bool),
    /// Stop.
    Quit,
}

/// All that a view is made from.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    /// How things stand.
    pub status: &'a Status,
    /// The time, unix seconds.
    pub unix: i64,
    /// The latest messages, the newest first.
    pub latest: &'a [Headline],
    /// The emergencies that nobody acknowledged yet, the newest first.
    pub emergencies: &'a [Headline],
    /// Whether this program starts at login.
    pub autostart: bool,
    /// Whether the program with the window is installed.
    pub window: bool,
    /// Whether there is a terminal to sign in with.
    pub terminal: bool,
}

/// A message in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    /// Which message.
    pub id: MessageId,
    /// What it is called.
    pub name: Name,
    /// When it was sent or, if that is not known, recorded; in words, local time: `14:05`, `yesterday 22:15`.
    pub sent: String,
    /// Whether it waits for the user.
    pub unread: bool,
}

/// Whether something will not mend itself. A service out of reach does, while the link tries again.
fn needs_user(status: &Status) -> bool {
    let tries_again = match status.link {
        LinkState::Refused | LinkState::Displaced | LinkState::SignedOut => return true,
        LinkState::Connecting | LinkState::Waiting => true,
        LinkState::Connected => false,
    };
    status.issues.iter().any(|(issue, _)| *issue != Issue::Service || !tries_again)
}

fn menu(circumstances: &Circumstances<'_>) -> Vec<Entry> {
    let groups = [
        state(circumstances),
        messages(circumstances),
        emergencies(circumstances),
        preferences(circumstances),
        vec![Entry::Item("Quit".to_owned(), Choice::Quit)],
    ];
    let groups: Vec<_> = groups.into_iter().filter(|group| !group.is_empty()).collect();
    groups.join(&Entry::Separator)
}

/// How things stand, and what the user can do about it.
fn state(circumstances: &Circumstances<'_>) -> Vec<Entry> {
    let mut lines: Vec<_> = wording::state(circumstances.status).into_iter().map(Entry::Label).collect();
    match circumstances.status.link {
        LinkState::SignedOut | LinkState::Refused if circumstances.terminal => {
            lines.push(Entry::Item("Sign in…".to_owned(), Choice::SignIn));
        }
        LinkState::SignedOut | LinkState::Refused => {
            lines.push(Entry::Label("To sign in, run `handover setup` in a terminal".to_owned()));
        }
        LinkState::Displaced => {
            lines.push(Entry::Item("Take the connection back".to_owned(), Choice::TakeBack));
        }
        LinkState::Connecting | LinkState::Connected | LinkState::Waiting => {}
    }
    lines
}

fn messages(circumstances: &Circumstances<'_>) -> Vec<Entry> {
    let latest = circumstances.latest.iter().take(LATEST);
    latest.map(|message| Entry::Item(wording::message(message), Choice::Open(message.id))).collect()
}

fn emergencies(circumstances: &Circumstances<'_>) -> Vec<Entry> {
    let emergencies = circumstances.emergencies.iter();
    emergencies
        .map(|message| Entry::Item(wording::acknowledge(message), Choice::Acknowledge(message.id)))
        .collect()
}

fn preferences(circumstances: &Circumstances<'_>) -> Vec<Entry> {
    let mut lines = vec![match &circumstances.status.paused {
        Some(paused) => Entry::Item(wording::resume(paused.until, circumstances.unix), Choice::Resume),
        None => pause(),
    }];
    if circumstances.window {
        lines.push(Entry::Item("Show messages".to_owned(), Choice::Show));
    }
    let on = circumstances.autostart;
    let label = "Start at login".to_owned();
    lines.push(Entry::Check { label, on, choice: Choice::Autostart(!on) });
    lines
}

fn pause() -> Entry {
    let spans = [
        ("For 30 minutes", PauseSpan::For(Duration::from_mins(30))),
        ("For 2 hours", PauseSpan::For(Duration::from_hours(2))),
        ("Until tomorrow morning", PauseSpan::TomorrowMorning),
        ("Until resumed", PauseSpan::Forever),
    ];
    let spans = spans.map(|(words, span)| Entry::Item(words.to_owned(), Choice::Pause(span)));
    Entry::Submenu("Pause".to_owned(), spans.into())
}
