//! What the tray shows in every state of the daemon.
//!
//! Invariant: the expected texts are written out as a user reads them.

use std::time::Duration;

use super::{Choice, Entry, Headline, Icon, TrayContext, TrayView};
use crate::domain::account::DeviceName;
use crate::domain::licence::NoLicence;
use crate::domain::message::{Message, MessageId};
use crate::domain::name::Name;
use crate::domain::pause::{PauseSpan, Paused, PausedUntil};
use crate::domain::status::{Cause, Issue, LinkState, Status};

const NOW: i64 = 1_800_000_000;

#[test]
fn connected() {
    assert_view(&status(LinkState::Connected), Icon::Connected, "Connected as desk", &[]);
}

#[test]
fn connecting() {
    assert_view(&status(LinkState::Connecting), Icon::Offline, "Connecting", &[]);
}

#[test]
fn offline() {
    assert_view(&status(LinkState::Waiting), Icon::Offline, "Offline, will reconnect", &[]);
}

#[test]
fn signed_out() {
    let sign_in = [item("Sign in…", Choice::SignIn)];
    assert_view(&status(LinkState::SignedOut), Icon::Attention, "Not signed in", &sign_in);
}

#[test]
fn refused() {
    let sign_in = [item("Sign in…", Choice::SignIn)];
    let sentence = "Stopped: the service refuses this device";
    assert_view(&status(LinkState::Refused), Icon::Attention, sentence, &sign_in);
}

#[test]
fn displaced() {
    let take_back = [item("Take the connection back", Choice::TakeBack)];
    let sentence = "Stopped: this device is connected from somewhere else";
    assert_view(&status(LinkState::Displaced), Icon::Attention, sentence, &take_back);
}

#[test]
fn without_a_terminal_the_command_is_named() {
    for (link, sentence) in [
        (LinkState::SignedOut, "Not signed in"),
        (LinkState::Refused, "Stopped: the service refuses this device"),
    ] {
        let status = status(link);
        let view = TrayView::of(&TrayContext { terminal: false, ..context(&status) });
        let menu = [
            label(sentence),
            label("To sign in, run `handover setup` in a terminal"),
            Entry::Separator,
            pause(),
            autostart(false),
            Entry::Separator,
            quit(),
        ];
        assert_eq!(view, TrayView { icon: Icon::Attention, tooltip: sentence.to_owned(), menu: menu.into() });
    }
}

#[test]
fn every_trouble_is_said_and_needs_the_user() {
    let issues = [
        (Issue::Settings, "the changed settings are not in use: line 3: no such key"),
        (Issue::Login, "the login cannot be read: line 3: no such key"),
        (Issue::Storage, "messages cannot be saved: line 3: no such key"),
        (Issue::Notifications, "messages cannot be shown: line 3: no such key"),
        (Issue::Service, "line 3: no such key"),
        (Issue::Acknowledgement, "an emergency is not acknowledged yet: line 3: no such key"),
    ];
    for (issue, sentence) in issues {
        let mut status = status(LinkState::Connected);
        status.set_issue(issue, Some(Cause::new("line 3: no such key", "fix it")));
        let view = view(&status);
        assert_eq!(view.icon, Icon::Attention, "{issue:?}");
        assert_eq!(view.tooltip, format!("Connected as desk\n{sentence}"));
        assert_eq!(view.menu[..2], [label("Connected as desk"), label(sentence)]);
    }
}

#[test]
fn an_emergency_keeps_its_icon_beside_a_mistake_in_the_settings_and_both_are_said() {
    let mut status = status(LinkState::Connected);
    status.unacknowledged = 1;
    status.set_issue(Issue::Settings, Some(Cause::new("line 3: no such key", "fix it")));
    let view = view(&status);
    let (sentence, mistake) = (
        "Connected as desk, 1 emergency to acknowledge",
        "the changed settings are not in use: line 3: no such key",
    );
    assert_eq!((view.icon, view.tooltip), (Icon::Emergency, format!("{sentence}\n{mistake}")));
    assert_eq!(view.menu[..2], [label(sentence), label(mistake)]);
}

#[test]
fn an_unreachable_service_needs_no_user() {
    for link in [LinkState::Waiting, LinkState::Connecting] {
        let mut status = status(link);
        status.set_issue(Issue::Service, Some(Cause::new("no route", "wait")));
        assert_eq!(view(&status).icon, Icon::Offline);
        status.set_issue(Issue::Storage, Some(Cause::new("the disk is full", "make room")));
        assert_eq!(view(&status).icon, Icon::Attention);
    }
}

#[test]
fn every_issue_has_a_line() {
    let mut status = status(LinkState::Waiting);
    status.set_issue(Issue::Service, Some(Cause::new("the service is unavailable: HTTP 502", "wait")));
    status.set_issue(Issue::Storage, Some(Cause::new("the disk is full", "make room")));
    let tooltip = "Offline, will reconnect\n\
        messages cannot be saved: the disk is full\n\
        the service is unavailable: HTTP 502";
    let more =
        [label("messages cannot be saved: the disk is full"), label("the service is unavailable: HTTP 502")];
    let menu = menu("Offline, will reconnect", &more);
    assert_eq!(view(&status), TrayView { icon: Icon::Attention, tooltip: tooltip.to_owned(), menu });
}

#[test]
fn a_missing_licence_is_shown_without_changing_the_icon() {
    let mut status = status(LinkState::Connected);
    status.licence = Some(NoLicence { days_left: 12 });
    let lines = ["the account has no licence for Pushover for Desktop; 12 days", "of the trial are left"];
    let tooltip = format!("Connected as desk\n{}", lines.join("\n"));
    let menu = menu("Connected as desk", &lines.map(label));
    assert_eq!(view(&status), TrayView { icon: Icon::Connected, tooltip, menu });
}

#[test]
fn paused_for_a_while() {
    let mut status = status(LinkState::Connected);
    status.paused = Some(Paused { until: PausedUntil::Time(NOW + 1470), words: "until 14:30".to_owned() });
    let menu = [
        label("Connected as desk, paused until 14:30"),
        Entry::Separator,
        item("Resume (25 min left)", Choice::Resume),
        autostart(false),
        Entry::Separator,
        quit(),
    ];
    let tooltip = "Connected as desk, paused until 14:30".to_owned();
    assert_eq!(view(&status), TrayView { icon: Icon::Paused, tooltip, menu: menu.into() });
}

#[test]
fn paused_until_resumed() {
    let mut status = status(LinkState::Connected);
    status.paused = Some(Paused { until: PausedUntil::Forever, words: "until resumed".to_owned() });
    let menu = [
        label("Connected as desk, paused until resumed"),
        Entry::Separator,
        item("Resume (paused until resumed)", Choice::Resume),
        autostart(false),
        Entry::Separator,
        quit(),
    ];
    let tooltip = "Connected as desk, paused until resumed".to_owned();
    assert_eq!(view(&status), TrayView { icon: Icon::Paused, tooltip, menu: menu.into() });
}

#[test]
fn the_icon_shows_the_most_important_state() {
    let mut status = status(LinkState::Waiting);
    status.unread = 3;
    assert_eq!(view(&status).icon, Icon::Offline);
    status.paused = Some(Paused { until: PausedUntil::Forever, words: "until resumed".to_owned() });
    assert_eq!(view(&status).icon, Icon::Paused);
    status.link = LinkState::Displaced;
    assert_eq!(view(&status).icon, Icon::Attention);
    status.unacknowledged = 1;
    assert_eq!(view(&status).icon, Icon::Emergency);
}

#[test]
fn unread_messages() {
    let mut status = status(LinkState::Connected);
    status.unread = 2;
    let latest = [
        headline(16, "Doorbell", "Home", "14:05", false),
        headline(15, "Backup & verify_all", "Server", "13:58", false),
        headline(14, "Rain", "Rain", "09:30", true),
        headline(13, "Parcel", "Post", "yesterday 22:15", true),
        headline(12, "Bread", "Kitchen", "Thu 08:00", true),
        headline(11, "One too many", "Kitchen", "Wed 08:00", true),
    ];
    let view = TrayView::of(&TrayContext { latest: &latest, ..context(&status) });
    let menu = [
        label("Connected as desk, 2 unread"),
        Entry::Separator,
        item("• Doorbell — Home, 14:05", open(16)),
        item("• Backup & verify_all — Server, 13:58", open(15)),
        item("Rain, 09:30", open(14)),
        item("Parcel — Post, yesterday 22:15", open(13)),
        item("Bread — Kitchen, Thu 08:00", open(12)),
        item("Mark all as read", Choice::MarkAllRead),
        Entry::Separator,
        pause(),
        autostart(false),
        Entry::Separator,
        quit(),
    ];
    let tooltip = "Connected as desk, 2 unread".to_owned();
    assert_eq!(view, TrayView { icon: Icon::Unread, tooltip, menu: menu.into() });
}

#[test]
fn unacknowledged_emergencies() {
    let mut status = status(LinkState::Connected);
    status.unacknowledged = 2;
    let repeats = Some("repeated 5 times, last 14:10".to_owned());
    let emergencies = [
        Headline { repeats, ..headline(9, "Fire", "Alarm", "14:05", false) },
        headline(-8, "Flood", "Cellar", "14:06", true),
    ];
    let latest = [emergencies[0].clone(), headline(5, "Rain", "Rain", "09:30", true)];
    let view = TrayView::of(&TrayContext { latest: &latest, emergencies: &emergencies, ..context(&status) });
    let menu = [
        item("• Emergency: Fire — Alarm, 14:05, repeated 5 times, last 14:10", open(9)),
        item("Acknowledge: Fire", Choice::Acknowledge(MessageId::from_stored(9))),
        item("Emergency: Flood — Cellar, 14:06", open(-8)),
        item("Acknowledge: Flood", Choice::Acknowledge(MessageId::from_stored(-8))),
        Entry::Separator,
        label("Connected as desk, 2 emergencies to acknowledge"),
        Entry::Separator,
        item("Rain, 09:30", open(5)),
        Entry::Separator,
        pause(),
        autostart(false),
        Entry::Separator,
        quit(),
    ];
    let tooltip = "Connected as desk, 2 emergencies to acknowledge".to_owned();
    assert_eq!(view, TrayView { icon: Icon::Emergency, tooltip, menu: menu.into() });
}

#[test]
fn the_window_is_offered_where_it_is_installed() {
    let status = status(LinkState::Connected);
    let view = TrayView::of(&TrayContext { window: true, autostart: true, ..context(&status) });
    let menu = [
        label("Connected as desk"),
        Entry::Separator,
        pause(),
        item("Show messages", Choice::Show),
        autostart(true),
        Entry::Separator,
        quit(),
    ];
    let tooltip = "Connected as desk".to_owned();
    assert_eq!(view, TrayView { icon: Icon::Connected, tooltip, menu: menu.into() });
}

#[test]
fn equal_contexts_make_equal_views() {
    let mut status = status(LinkState::Connected);
    status.paused = Some(Paused { until: PausedUntil::Time(NOW + 600), words: "until 14:30".to_owned() });
    let latest = [headline(16, "Doorbell", "Home", "13:58", false)];
    let at = |unix| TrayView::of(&TrayContext { latest: &latest, unix, ..context(&status) });
    assert_eq!(at(NOW), at(NOW + 60), "the time left changes in steps");
    assert_ne!(at(NOW), at(NOW + 300));
    // The times of the last change and of the last message are not shown.
    let later = Status { since: NOW, last_message: Some(NOW), ..status.clone() };
    assert_eq!(view(&status), view(&later));
}

/// Asserts a state without messages, in which the menu has these lines besides the sentence and the usual.
fn assert_view(status: &Status, icon: Icon, sentence: &str, more: &[Entry]) {
    let expected = TrayView { icon, tooltip: sentence.to_owned(), menu: menu(sentence, more) };
    assert_eq!(view(status), expected);
}

fn view(status: &Status) -> TrayView {
    TrayView::of(&context(status))
}

fn context(status: &Status) -> TrayContext<'_> {
    TrayContext {
        test_message: false,
        status,
        unix: NOW,
        latest: &[],
        emergencies: &[],
        autostart: false,
        window: false,
        terminal: true,
    }
}

fn status(link: LinkState) -> Status {
    Status { link, device: DeviceName::new("desk"), ..Status::default() }
}

fn headline(id: i64, title: &str, app: &str, sent: &str, read: bool) -> Headline {
    let id = MessageId::from_stored(id);
    let mut message = Message::unread(id);
    (message.title, message.app) = (Some(title.to_owned()), app.to_owned());
    Headline { id, name: Name::of(&message), sent: sent.to_owned(), repeats: None, unread: !read }
}

fn menu(sentence: &str, more: &[Entry]) -> Vec<Entry> {
    let mut menu = vec![label(sentence)];
    menu.extend_from_slice(more);
    menu.extend([Entry::Separator, pause(), autostart(false), Entry::Separator, quit()]);
    menu
}

fn pause() -> Entry {
    let spans = [
        item("For 30 minutes", Choice::Pause(PauseSpan::For(Duration::from_mins(30)))),
        item("For 2 hours", Choice::Pause(PauseSpan::For(Duration::from_hours(2)))),
        item("Until tomorrow morning", Choice::Pause(PauseSpan::TomorrowMorning)),
        item("Until resumed", Choice::Pause(PauseSpan::Forever)),
    ];
    Entry::Submenu("Pause".to_owned(), spans.into())
}

fn autostart(on: bool) -> Entry {
    Entry::Check { label: "Start at login".to_owned(), on, choice: Choice::Autostart(!on) }
}

fn quit() -> Entry {
    item("Quit", Choice::Quit)
}

fn label(words: &str) -> Entry {
    Entry::Label(words.to_owned())
}

fn item(words: &str, choice: Choice) -> Entry {
    Entry::Item(words.to_owned(), choice)
}

fn open(id: i64) -> Choice {
    Choice::Open(MessageId::from_stored(id))
}
