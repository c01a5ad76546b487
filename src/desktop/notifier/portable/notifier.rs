//! Shows notifications on macOS and Windows; on Linux only to be tested there, under the feature `portable-notifier`.
//!
//! Invariant: `Ok` means that the system accepted the notification; a notification has one event at most, since its handle
//! reports no more; and no notification blocks another, since each waits for the user in a thread of its own, of which there
//! are at most [`MAX_WAITING`].
//!
//! # Platform-specific behavior
//!
//! | | macOS | Windows | Linux |
//! |---|---|---|---|
//! | text | plain | plain | as far as the server says |
//! | clicks | one, while the main run loop runs | one, until the toast slides away | one |
//! | replacing, closing | not offered: a second notification, and it stays | the same | yes |
//! | urgency | not offered | critical stays on the screen | yes |
//! | icon | beside the text | in the text | yes |
//! | sound | none or the system's | none or the system's | a file or the server's |
//! | refusal | of the sender alone | of each notification | of each notification |
//!
//! On Linux an early click can be missed: notify-rust subscribes only after the notification is shown, and again after
//! every signal of any notification. That is why Linux has a notifier of its own.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify_rust::{CloseReason, Notification as Native, NotificationResponse, Timeout};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::capabilities::Capabilities;
#[cfg(target_os = "linux")]
use super::linux as system;
#[cfg(target_os = "macos")]
use super::macos as system;
#[cfg(windows)]
use super::windows as system;
use system::Handle;

use crate::desktop::notifier::{action_keys, markup};
use crate::domain::notification::{
    Notification, NotificationAction, NotificationEvent, NotificationId, SCREENFUL,
};
use crate::domain::text::{Text, one_line};
use crate::ports::{Notifier, ShowError};

/// The most threads that wait for the user. A notification beyond them is shown, but its clicks are lost.
const MAX_WAITING: usize = 256;
/// How long the system may take to accept a notification. A desktop that is still starting answers late, and what it shows
/// after this is closed and shown again.
const SHOW_TIMEOUT: Duration = Duration::from_mins(2);
/// How long the system may take to close a notification.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// The time between two checks for a missing notification server.
const RETRY: Duration = Duration::from_secs(15);
/// The longest title that is sent, in characters.
const MAX_TITLE: usize = 200;

/// Shows notifications through `notify-rust`.
pub struct PortableNotifier {
    state: Arc<State>,
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<NotificationEvent>>,
    show_timeout: Duration,
    retry: Duration,
}

impl PortableNotifier {
    /// A notifier for the user's session.
    pub fn of_session() -> Self {
        Self::with_timeouts(SHOW_TIMEOUT, RETRY)
    }

    /// A notifier with these time limits.
    pub fn with_timeouts(show_timeout: Duration, retry: Duration) -> Self {
        let (event_sender, events) = mpsc::unbounded_channel();
        let state = State {
            events: event_sender,
            on_screen: Mutex::default(),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            is_server_missing: AtomicBool::new(false),
        };
        Self { state: Arc::new(state), events: tokio::sync::Mutex::new(events), show_timeout, retry }
    }
}

impl Drop for PortableNotifier {
    fn drop(&mut self) {
        for (_, (_, ended)) in std::mem::take(&mut *self.state.on_screen()) {
            ended.cancel();
        }
    }
}

impl Notifier for PortableNotifier {
    async fn show(&self, notification: &Notification) -> Result<NotificationId, ShowError> {
        let (sender, reply) = oneshot::channel();
        let (state, notification) = (Arc::clone(&self.state), notification.clone());
        tokio::spawn(async move {
            let outcome = Arc::clone(&state).show(notification).await;
            if let Err(Ok(id)) = sender.send(outcome) {
                // It was reported as not shown, so it will be shown again: this copy must not stay.
                state.close(id).await;
            }
        });
        let outcome = match timeout(self.show_timeout, reply).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(ShowError::Refused("the notifier failed".into())),
            Err(_) => Err(ShowError::NoServer("the notification server does not respond".into())),
        };
        if outcome.as_ref().is_err_and(ShowError::is_unavailable)
            && !self.state.is_server_missing.swap(true, Ordering::Relaxed)
        {
            tokio::spawn(wait_for_server(Arc::downgrade(&self.state), self.retry));
        }
        outcome
    }

    async fn update(&self, id: NotificationId, notification: &Notification) -> bool {
        let is_there = self.state.on_screen().contains_key(&id);
        if system::REPLACES && is_there {
            // On failure the old notification stays.
            drop(self.show(&Notification { replaces: Some(id), ..notification.clone() }).await);
        }
        is_there
    }

    async fn close(&self, id: NotificationId) {
        // There is nothing else to try when it cannot be closed.
        drop(timeout(CLOSE_TIMEOUT, self.state.close(id)).await);
    }

    async fn next_event(&self) -> NotificationEvent {
        match self.events.lock().await.recv().await {
            Some(event) => event,
            None => pending().await,
        }
    }
}

/// What the notifier shares with the threads that wait for the user.
struct State {
    events: mpsc::UnboundedSender<NotificationEvent>,
    /// The notifications that a thread waits for, and the token that ends the wait.
    on_screen: Mutex<BTreeMap<NotificationId, (Handle, CancellationToken)>>,
    waiting: Arc<Semaphore>,
    /// Whether a notification failed because no server was running, and a task waits for one.
    is_server_missing: AtomicBool,
}

impl State {
    /// Shows a notification, and starts a thread that waits for the user.
    async fn show(self: Arc<Self>, notification: Notification) -> Result<NotificationId, ShowError> {
        // The id of a closed notification may belong to another program by now.
        let replaces = notification.replaces.filter(|id| self.on_screen().contains_key(id));
        let state = Arc::clone(&self);
        let work = move || {
            let capabilities = state.capabilities()?;
            system::show(&native(&notification, replaces, capabilities))
        };
        let shown = tokio::task::spawn_blocking(work).await;
        let (id, handle) = shown.map_err(|_| ShowError::Refused("the notifier failed".into()))??;
        let ended = CancellationToken::new();
        let Ok(permit) = Arc::clone(&self.waiting).try_acquire_owned() else {
            // On macOS this is what shows the notification, and it blocks.
            drop(tokio::task::spawn_blocking(move || drop(handle)));
            return Ok(id);
        };
        let before = self.on_screen().insert(id, (Arc::clone(&handle), ended.clone()));
        if let Some((_, before)) = before {
            before.cancel();
        }
        self.wait_for_user(id, handle, ended, permit);
        Ok(id)
    }

    fn wait_for_user(
        self: Arc<Self>,
        id: NotificationId,
        handle: Handle,
        ended: CancellationToken,
        permit: OwnedSemaphorePermit,
    ) {
        let runtime = tokio::runtime::Handle::current();
        let wait = move || {
            if let Some(response) = system::response(&handle, &ended, &runtime) {
                // Further clicks would be lost, so it is closed.
                runtime.block_on(system::close(&handle));
                // If it was closed from here at the same time, that was reported already.
                let was_on_screen = self.on_screen().remove(&id).is_some();
                if was_on_screen {
                    self.report(event(id, &response));
                }
            }
            drop(permit);
        };
        // Without a thread its clicks are lost, but the notification is shown.
        drop(std::thread::Builder::new().name("notification".into()).spawn(wait));
    }

    async fn close(&self, id: NotificationId) {
        let handle = self.on_screen().get(&id).map(|(handle, _)| Arc::clone(handle));
        let Some(handle) = handle else { return };
        if system::close(&handle).await
            && let Some((_, ended)) = self.on_screen().remove(&id)
        {
            ended.cancel();
            self.report(NotificationEvent::Closed(id));
        }
    }

    /// The capabilities of the server; reports a server that was missing before.
    fn capabilities(&self) -> Result<Capabilities, ShowError> {
        let capabilities = system::capabilities()?;
        if self.is_server_missing.swap(false, Ordering::Relaxed) {
            self.report(NotificationEvent::ServerAvailable);
        }
        Ok(capabilities)
    }

    fn report(&self, event: NotificationEvent) {
        // It fails once the notifier is dropped.
        drop(self.events.send(event));
    }

    fn on_screen(&self) -> MutexGuard<'_, BTreeMap<NotificationId, (Handle, CancellationToken)>> {
        self.on_screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks for a server until there is one, or until a notification was shown.
async fn wait_for_server(state: std::sync::Weak<State>, every: Duration) {
    loop {
        sleep(every).await;
        let Some(state) = state.upgrade() else { return };
        if !state.is_server_missing.load(Ordering::Relaxed) {
            return;
        }
        drop(tokio::task::spawn_blocking(move || state.capabilities()).await);
    }
}

/// The notification for `notify-rust`.
fn native(
    notification: &Notification,
    replaces: Option<NotificationId>,
    capabilities: Capabilities,
) -> Native {
    let mut native = Native::new();
    let title = Text::from_plain(&one_line(&notification.title)).shortened(MAX_TITLE).to_plain();
    native
        .appname("Handover")
        .icon("handover")
        .summary(&title)
        .body(&markup::render(&notification.body_with_link(), capabilities.markup))
        .timeout(if notification.resident { Timeout::Never } else { Timeout::Default });
    if let Some(NotificationId(id)) = replaces {
        native.id(id);
    }
    if let Some(icon) = notification.icon.as_deref().and_then(std::path::Path::to_str) {
        native.image_path(icon);
    }
    if capabilities.has_actions {
        for (action, label) in notification.offered(SCREENFUL) {
            if system::DEFAULT_IS_A_BUTTON || action != NotificationAction::Default {
                native.action(action_keys::key(action), &system::label(label));
            }
        }
    }
    system::finish(&mut native, notification);
    native
}

/// What the user did: the only event of a notification.
fn event(id: NotificationId, response: &NotificationResponse) -> NotificationEvent {
    match response {
        NotificationResponse::Default => NotificationEvent::ActionInvoked(id, NotificationAction::Default),
        NotificationResponse::Action(key) => action_keys::action(key)
            .map_or(NotificationEvent::Closed(id), |action| NotificationEvent::ActionInvoked(id, action)),
        NotificationResponse::Closed(CloseReason::Dismissed) => NotificationEvent::Dismissed(id),
        NotificationResponse::Closed(CloseReason::Expired) => NotificationEvent::Expired(id),
        // Nothing here asks for a reply.
        NotificationResponse::Closed(_) | NotificationResponse::Reply(_) => NotificationEvent::Closed(id),
    }
}
