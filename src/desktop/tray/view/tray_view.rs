//! Makes the icon, the tooltip and the menu from the status and the latest messages.
//!
//! Invariant: the tooltip and the menu contain the same sentences; only emergencies come before them.

use std::time::Duration;

use super::context::TrayContext;
use super::entry::{Choice, Entry};
use super::wording;
use crate::domain::pause::PauseSpan;
use crate::domain::status::{Issue, LinkState, Status};

/// How many messages the menu shows.
const MAX_MESSAGES: usize = 5;

/// Everything that the tray shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrayView {
    /// Which icon.
    pub icon: Icon,
    /// The status in words.
    pub tooltip: String,
    /// The menu, from the top.
    pub menu: Vec<Entry>,
}

impl TrayView {
    /// The view of this context.
    pub fn of(context: &TrayContext<'_>) -> Self {
        Self {
            icon: Icon::of(context.status),
            tooltip: wording::state(context.status).join("\n"),
            menu: menu(context),
        }
    }
}

/// The state that the icon shows: the first of these that is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// An emergency is to be acknowledged.
    Emergency,
    /// The user has to act: not signed in, refused, displaced, or an issue other than an unreachable service.
    Attention,
    /// Notifications are paused.
    Paused,
    /// Not connected; the daemon retries.
    Offline,
    /// There are unread messages.
    Unread,
    /// Connected, and nothing is unread.
    Connected,
}

impl Icon {
    fn of(status: &Status) -> Self {
        if status.unacknowledged > 0 {
            return Self::Emergency;
        }
        if needs_user(status) {
            return Self::Attention;
        }
        if status.paused.is_some() {
            return Self::Paused;
        }
        match status.link {
            LinkState::Connected if status.unread > 0 => Self::Unread,
            LinkState::Connected => Self::Connected,
            LinkState::Connecting
            | LinkState::Waiting
            | LinkState::Refused
            | LinkState::Displaced
            | LinkState::SignedOut => Self::Offline,
        }
    }
}

/// Whether the user has to act. An unreachable service needs no action while the link retries.
fn needs_user(status: &Status) -> bool {
    let retries = match status.link {
        LinkState::Refused | LinkState::Displaced | LinkState::SignedOut => return true,
        LinkState::Connecting | LinkState::Waiting => true,
        LinkState::Connected => false,
    };
    status.issues.iter().any(|(issue, _)| *issue != Issue::Service || !retries)
}

fn menu(context: &TrayContext<'_>) -> Vec<Entry> {
    let groups = [
        emergencies(context),
        state(context),
        messages(context),
        preferences(context),
        vec![Entry::Item("Quit".to_owned(), Choice::Quit)],
    ];
    let groups: Vec<_> = groups.into_iter().filter(|group| !group.is_empty()).collect();
    groups.join(&Entry::Separator)
}

/// The status, and what the user can do about it.
fn state(context: &TrayContext<'_>) -> Vec<Entry> {
    let mut lines: Vec<_> = wording::state(context.status).into_iter().map(Entry::Label).collect();
    match context.status.link {
        LinkState::SignedOut | LinkState::Refused if context.terminal => {
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

fn messages(context: &TrayContext<'_>) -> Vec<Entry> {
    let is_emergency = |id| context.emergencies.iter().any(|emergency| emergency.id == id);
    let latest = context.latest.iter().filter(|message| !is_emergency(message.id)).take(MAX_MESSAGES);
    let mut lines: Vec<_> =
        latest.map(|message| Entry::Item(wording::message(message), Choice::Open(message.id))).collect();
    if context.status.unread > 0 {
        lines.push(Entry::Item("Mark all as read".to_owned(), Choice::MarkAllRead));
    }
    lines
}

fn emergencies(context: &TrayContext<'_>) -> Vec<Entry> {
    let lines = context.emergencies.iter().map(|message| {
        [
            Entry::Item(wording::emergency(message), Choice::Open(message.id)),
            Entry::Item(wording::acknowledge(message), Choice::Acknowledge(message.id)),
        ]
    });
    lines.flatten().collect()
}

fn preferences(context: &TrayContext<'_>) -> Vec<Entry> {
    let mut lines = vec![match &context.status.paused {
        Some(paused) => Entry::Item(wording::resume(paused.until, context.unix), Choice::Resume),
        None => pause(),
    }];
    if context.window {
        lines.push(Entry::Item("Show messages".to_owned(), Choice::Show));
    }
    if context.test_message {
        lines.push(Entry::Item("Send a test message".to_owned(), Choice::SendTest));
    }
    let on = context.autostart;
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
