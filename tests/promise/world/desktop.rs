//! A fake desktop that records what it is asked to show, and fails in every way a real one can.
//!
//! Invariant: `shown` lists what a user would have seen, in order.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use handover::daemon::Opener;
use handover::desktop::programs::browser::OpenError;
use handover::domain::notification::{
    Notification, NotificationAction, NotificationEvent, NotificationId, Urgency,
};
use handover::ports::{Notifier, Reattached, ShowError};
use tokio::sync::{Notify, mpsc, watch};

/// How many notifications of one source GNOME Shell keeps.
const KEPT_BY_GNOME: usize = 3;

/// How the desktop handles a notification.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// It shows it.
    Shows,
    /// There is no notification server.
    Absent,
    /// The notification server refuses it.
    Refuses,
    /// The server neither replies nor shows it.
    HangsBefore,
    /// It shows it and never replies.
    HangsAfter,
    /// It shows it, and replies when the test allows it.
    WaitsFor(Permission),
    /// It shows it, and ends without a reply when the test allows it.
    EndsAfter(Permission),
}

/// Allows the desktop to reply. Clones share the permission.
#[derive(Clone, Debug, Default)]
pub(crate) struct Permission(Arc<Notify>);

impl Permission {
    pub(crate) fn give(&self) {
        self.0.notify_one();
    }
}

/// A notification that was on the screen.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) id: NotificationId,
    pub(crate) notification: Notification,
}

impl Shown {
    /// Its text, by which the tests distinguish messages.
    pub(crate) fn text(&self) -> String {
        self.notification.body_with_link().to_plain()
    }

    pub(crate) fn offers(&self, action: NotificationAction) -> bool {
        self.notification.actions.iter().any(|(offered, _)| *offered == action)
    }
}

/// The recording desktop. Clones share its state.
#[derive(Clone)]
pub(crate) struct Desktop(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    changes: watch::Sender<usize>,
    to_daemon: mpsc::UnboundedSender<NotificationEvent>,
    for_daemon: tokio::sync::Mutex<mpsc::UnboundedReceiver<NotificationEvent>>,
}

#[derive(Default)]
struct State {
    behaviour: Option<Behaviour>,
    next: VecDeque<Behaviour>,
    refused: Vec<String>,
    is_mute: bool,
    is_gnome: bool,
    attempts: usize,
    shown: Vec<Shown>,
    /// Notifications of emergencies that were changed after the emergency was over.
    amended: Vec<Shown>,
    /// Notifications of an earlier process that were replaced in place.
    replaced: Vec<Shown>,
    /// On GNOME, the notifications whose clicks are reported to the running daemon.
    reported: BTreeSet<NotificationId>,
    opened: Vec<String>,
    closings: usize,
    on_screen: Vec<NotificationId>,
    last_id: u32,
    /// How often another notification server has replaced the previous one.
    life: usize,
}

impl Desktop {
    pub(crate) fn new() -> Self {
        let (to_daemon, for_daemon) = mpsc::unbounded_channel();
        Self(Arc::new(Inner {
            state: Mutex::default(),
            changes: watch::Sender::new(0),
            to_daemon,
            for_daemon: tokio::sync::Mutex::new(for_daemon),
        }))
    }

    /// How it handles every notification from now on, once those set with `next` are used up.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.state().behaviour = Some(behaviour);
    }

    /// How it handles the next notification, after those set before.
    pub(crate) fn behave_next(&self, behaviour: Behaviour) {
        self.state().next.push_back(behaviour);
    }

    /// Works normally again, whatever was set before.
    pub(crate) fn recovers(&self) {
        let mut state = self.state();
        (state.behaviour, state.next, state.refused) = (None, VecDeque::new(), Vec::new());
    }

    /// Makes it refuse every notification with this text.
    pub(crate) fn refuse(&self, text: &str) {
        self.state().refused.push(text.to_owned());
    }

    /// Plays no sounds from now on.
    pub(crate) fn mute(&self) {
        self.state().is_mute = true;
    }

    /// Follows the rules of GNOME Shell from now on: it keeps three notifications of each source, drops the oldest
    /// whatever its urgency, and shows the critical one that came first.
    pub(crate) fn become_gnome(&self) {
        self.state().is_gnome = true;
    }

    /// The critical notification that the user sees; the others wait behind it.
    pub(crate) fn banner(&self) -> Option<String> {
        let state = self.state();
        let is_over = |id: &NotificationId| state.amended.iter().any(|amended| amended.id == *id);
        let latest = |id: &NotificationId| state.shown.iter().rfind(|shown| shown.id == *id && !is_over(id));
        let mut on_screen = state.on_screen.iter().filter_map(latest);
        let critical = on_screen.find(|shown| shown.notification.urgency == Urgency::Critical);
        critical.map(Shown::text)
    }

    /// Drops a notification, like a server that limits how many it keeps.
    pub(crate) fn drop_notification(&self, id: NotificationId) {
        self.state().on_screen.retain(|shown| *shown != id);
        self.send(NotificationEvent::Expired(id));
    }

    /// Closes a notification while no daemon runs.
    pub(crate) fn close_unnoticed(&self, id: NotificationId) {
        self.state().on_screen.retain(|shown| *shown != id);
    }

    /// The notification that GNOME Shell drops when it accepts this one.
    fn excess(&self, id: NotificationId) -> Option<NotificationId> {
        let state = self.state();
        let source_of = |id: &NotificationId| {
            let Notification { app, emergency, .. } =
                &state.shown.iter().rfind(|shown| shown.id == *id)?.notification;
            Some((app.clone(), emergency.clone()))
        };
        let source = source_of(&id);
        let same: Vec<_> = state.on_screen.iter().filter(|other| source_of(other) == source).collect();
        same.first().filter(|_| state.is_gnome && same.len() > KEPT_BY_GNOME).map(|oldest| **oldest)
    }

    /// Sends the daemon an event.
    pub(crate) fn send(&self, event: NotificationEvent) {
        self.0.to_daemon.send(event).unwrap();
    }

    /// Another server replaces it without an event; it shows nothing.
    pub(crate) fn replace_server(&self) {
        let mut state = self.state();
        (state.life, state.on_screen) = (state.life + 1, Vec::new());
    }

    /// Opens links for the daemon: it records every allowed link, and fails for those that contain "broken".
    pub(crate) fn opener(&self) -> Opener {
        let desktop = Arc::downgrade(&self.0);
        Arc::new(move |link, allowed, _token| {
            let scheme = link.split_once(':').unwrap().0.to_lowercase();
            if !allowed.contains(&scheme) {
                return Err(OpenError::NotAllowed { scheme, link: link.to_owned() });
            }
            if link.contains("broken") {
                return Err(OpenError::Failed { cause: "the test broke it", link: link.to_owned() });
            }
            let inner = desktop.upgrade().unwrap();
            inner.state.lock().unwrap().opened.push(link.to_owned());
            inner.changes.send_modify(|changes| *changes += 1);
            Ok(())
        })
    }

    /// The links that were opened.
    pub(crate) fn opened(&self) -> Vec<String> {
        self.state().opened.clone()
    }

    /// Every notification that was on the screen, in order.
    pub(crate) fn shown(&self) -> Vec<Shown> {
        self.state().shown.clone()
    }

    /// The notifications of emergencies that were changed to say that they are over.
    pub(crate) fn amended(&self) -> Vec<Shown> {
        self.state().amended.clone()
    }

    /// The notifications of an earlier process that were replaced in place, as they are now.
    pub(crate) fn replaced(&self) -> Vec<Shown> {
        self.state().replaced.clone()
    }

    /// Their texts.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.state().shown.iter().map(Shown::text).collect()
    }

    /// How often it was asked to show something.
    pub(crate) fn attempts(&self) -> usize {
        self.state().attempts
    }

    /// How often it was asked to close a notification.
    pub(crate) fn closings(&self) -> usize {
        self.state().closings
    }

    /// What is on the screen now.
    pub(crate) fn on_screen(&self) -> Vec<NotificationId> {
        self.state().on_screen.clone()
    }

    /// Changes with every call.
    pub(crate) fn watch(&self) -> watch::Receiver<usize> {
        self.0.changes.subscribe()
    }

    /// Waits until no daemon uses it, so that the last task of a killed daemon has ended.
    pub(crate) async fn released(&self) {
        while Arc::strong_count(&self.0) > 1 {
            tokio::task::yield_now().await;
        }
    }

    fn take(&self, notification: &Notification) -> NotificationId {
        let mut state = self.state();
        let replaced = notification.replaces.filter(|id| state.on_screen.contains(id));
        let id = replaced.unwrap_or_else(|| {
            state.last_id += 1;
            let id = NotificationId(state.last_id);
            state.on_screen.push(id);
            id
        });
        state.shown.push(Shown { id, notification: notification.clone() });
        state.reported.insert(id);
        drop(state);
        if let Some(oldest) = self.excess(id) {
            self.drop_notification(oldest);
        }
        self.change();
        id
    }

    fn change(&self) {
        self.0.changes.send_modify(|changes| *changes += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }
}

impl Notifier for Desktop {
    async fn show(&self, notification: &Notification) -> Result<NotificationId, ShowError> {
        let behaviour = {
            let mut state = self.state();
            state.attempts += 1;
            let behaviour =
                state.next.pop_front().or_else(|| state.behaviour.clone()).unwrap_or(Behaviour::Shows);
            if state.refused.contains(&notification.body.to_plain()) { Behaviour::Refuses } else { behaviour }
        };
        self.change();
        // A daemon may die before or after the notification appears.
        tokio::task::yield_now().await;
        match behaviour {
            Behaviour::Absent => Err(ShowError::NoServer("the test took it away".into())),
            Behaviour::Refuses => Err(ShowError::Refused("the test told it to".into())),
            Behaviour::HangsBefore => std::future::pending().await,
            Behaviour::Shows => {
                let id = self.take(notification);
                tokio::task::yield_now().await;
                Ok(id)
            }
            Behaviour::HangsAfter => {
                self.take(notification);
                std::future::pending().await
            }
            Behaviour::WaitsFor(permission) => {
                let id = self.take(notification);
                permission.0.notified().await;
                Ok(id)
            }
            Behaviour::EndsAfter(permission) => {
                self.take(notification);
                permission.0.notified().await;
                self.replace_server();
                Err(ShowError::NoServer("the test ended it".into()))
            }
        }
    }

    async fn update(&self, id: NotificationId, notification: &Notification) -> bool {
        let mut state = self.state();
        let shown = Shown { id, notification: notification.clone() };
        let is_there = state.on_screen.contains(&id);
        if !is_there {
        } else if state.is_gnome && state.reported.insert(id) {
            state.replaced.push(shown);
        } else if notification.emergency.is_some() && notification.urgency != Urgency::Critical {
            state.amended.push(shown);
        } else {
            state.shown.push(shown);
        }
        drop(state);
        self.change();
        is_there
    }

    async fn can_play_sound(&self) -> bool {
        !self.state().is_mute
    }

    fn standing_limit(&self) -> Option<usize> {
        self.state().is_gnome.then_some(1)
    }

    fn text_limit(&self) -> usize {
        1_000
    }

    fn server_name(&self) -> Option<String> {
        Some(format!("life {}", self.state().life))
    }

    async fn reattach(&self, server: &str, _notifications: &[NotificationId]) -> Reattached {
        if self.server_name().as_deref() != Some(server) {
            return Reattached::No;
        }
        let mut state = self.state();
        if !state.is_gnome {
            return Reattached::Yes;
        }
        state.reported.clear();
        Reattached::OnceReplaced { revives_closed: false }
    }

    async fn close(&self, id: NotificationId) {
        let mut state = self.state();
        state.closings += 1;
        state.on_screen.retain(|shown| *shown != id);
        drop(state);
        self.change();
    }

    async fn next_event(&self) -> NotificationEvent {
        // The sender lives in `self`, so the channel cannot close while this waits.
        self.0.for_daemon.lock().await.recv().await.unwrap()
    }
}
