//! Shows notifications on macOS and Windows; on Linux only to be tested there, under the feature `portable-notifier`.
//!
//! Invariant: `Ok` means that the system took the notification; one event at most is reported of a
//! notification, since its handle tells no more and the notification goes with it; and no notification holds up another, since what waits for the user is a thread of
//! its own, of which there are [`MOST_WAITING`] at most.
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
//! On Linux a click within the first moments can be missed: notify-rust subscribes only after the notification is
//! shown, and anew after every signal of any notification. That is why Linux has a notifier of its own.

#[cfg(not(target_os = "linux"))]
pub(super) mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify_rust::{CloseReason, Notification as Native, NotificationResponse, Timeout};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

#[cfg(not(target_os = "linux"))]
use self::elsewhere as system;
#[cfg(target_os = "linux")]
use self::linux as system;
use self::system::Standing;
use super::keys;
use super::markup::{self, Markup};
use crate::domain::notification::{Notification, NotificationAction, NotificationEvent, NotificationId};
use crate::domain::text::{Text, one_line};
use crate::ports::{Notifier, ShowError};

/// Threads that wait for the user. A notification beyond them is shown, and what is clicked on it goes unnoticed.
const MOST_WAITING: usize = 256;
/// For the system to take a notification.
const ANSWER: Duration = Duration::from_secs(5);
/// Between two looks for a system that is not there.
const RETRY: Duration = Duration::from_secs(15);
/// The longest title that is sent, in characters.
const MAX_TITLE: usize = 200;

/// Shows notifications through `notify-rust`.
pub struct PortableNotifier {
    office: Arc<Office>,
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<NotificationEvent>>,
    answer: Duration,
    retry: Duration,
}

impl PortableNotifier {
    /// A notifier for the user's session.
    pub fn of_session() -> Self {
        Self::with_timeout(ANSWER, RETRY)
    }

    /// A notifier with its own idea of how long to wait for an answer, and before it looks again for a server.
    pub fn with_timeout(answer: Duration, retry: Duration) -> Self {
        let (reported, events) = mpsc::unbounded_channel();
        let office = Office {
            events: reported,
            standing: Mutex::default(),
            waiting: Arc::new(Semaphore::new(MOST_WAITING)),
            is_away: AtomicBool::new(false),
        };
        Self { office: Arc::new(office), events: tokio::sync::Mutex::new(events), answer, retry }
    }
}

impl Drop for PortableNotifier {
    fn drop(&mut self) {
        for (_, (_, ended)) in std::mem::take(&mut *self.office.standing()) {
            ended.cancel();
        }
    }
}

impl Notifier for PortableNotifier {
    async fn show(&self, notification: &Notification) -> Result<NotificationId, ShowError> {
        let (reply, answer) = oneshot::channel();
        let (office, notification) = (Arc::clone(&self.office), notification.clone());
        tokio::spawn(async move {
            let outcome = Arc::clone(&office).show(notification).await;
            if let Err(Ok(id)) = reply.send(outcome) {
                // Shown after all, but too late: it was reported as not shown and will come again.
                office.close(id).await;
            }
        });
        let outcome = match timeout(self.answer, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(ShowError::Refused("it could not be written".into())),
            Err(_) => Err(ShowError::NoServer("the native server does not answer".into())),
        };
        if outcome.as_ref().is_err_and(ShowError::is_unavailable)
            && !self.office.is_away.swap(true, Ordering::Relaxed)
        {
            tokio::spawn(look_out(Arc::downgrade(&self.office), self.retry));
        }
        outcome
    }

    async fn update(&self, id: NotificationId, notification: &Notification) {
        if system::REPLACES && self.office.standing().contains_key(&id) {
            // What could not be amended is still there as it was.
            drop(self.show(&Notification { replaces: Some(id), ..notification.clone() }).await);
        }
    }

    async fn close(&self, id: NotificationId) {
        // What cannot be closed stays on the screen: there is nothing else to try.
        drop(timeout(self.answer, self.office.close(id)).await);
    }

    async fn next_event(&self) -> NotificationEvent {
        match self.events.lock().await.recv().await {
            Some(event) => event,
            None => pending().await,
        }
    }
}

/// What the threads that wait for the user share with the notifier.
struct Office {
    events: mpsc::UnboundedSender<NotificationEvent>,
    /// The notifications that are waited for, and how to end the wait.
    standing: Mutex<BTreeMap<NotificationId, (Standing, CancellationToken)>>,
    waiting: Arc<Semaphore>,
    /// Whether a notification was missed because there was no server, and somebody looks out for one.
    is_away: AtomicBool,
}

impl Office {
    /// Shows a notification, and leaves a thread behind that waits for the user.
    async fn show(self: Arc<Self>, notification: Notification) -> Result<NotificationId, ShowError> {
        // An id that is not on the screen any more may be another program's by now.
        let replaces = notification.replaces.filter(|id| self.standing().contains_key(id));
        let office = Arc::clone(&self);
        let work = move || {
            let means = office.meet_server()?;
            system::show(&written(&notification, replaces, means))
        };
        let shown = tokio::task::spawn_blocking(work).await;
        let (id, standing) = shown.map_err(|_| ShowError::Refused("it could not be written".into()))??;
        let ended = CancellationToken::new();
        let Ok(permit) = Arc::clone(&self.waiting).try_acquire_owned() else {
            // On macOS this is what shows it, and takes its time.
            drop(tokio::task::spawn_blocking(move || drop(standing)));
            return Ok(id);
        };
        let before = self.standing().insert(id, (Arc::clone(&standing), ended.clone()));
        if let Some((_, before)) = before {
            before.cancel();
        }
        self.wait_for_the_user(id, standing, ended, permit);
        Ok(id)
    }

    fn wait_for_the_user(
        self: Arc<Self>,
        id: NotificationId,
        standing: Standing,
        ended: CancellationToken,
        permit: OwnedSemaphorePermit,
    ) {
        let runtime = tokio::runtime::Handle::current();
        let wait = move || {
            if let Some(response) = system::response(&standing, &ended, &runtime) {
                // Nothing more is heard of it, so it does not stay to be clicked on in vain.
                runtime.block_on(system::close(&standing));
                // Unless it was closed from here at the same moment, and reported.
                let was_standing = self.standing().remove(&id).is_some();
                if was_standing {
                    self.report(event(id, &response));
                }
            }
            drop(permit);
        };
        // Without a thread a click goes unnoticed, but the notification is there.
        drop(std::thread::Builder::new().name("notification".into()).spawn(wait));
    }

    async fn close(&self, id: NotificationId) {
        let standing = self.standing().get(&id).map(|(standing, _)| Arc::clone(standing));
        let Some(standing) = standing else { return };
        if system::close(&standing).await
            && let Some((_, ended)) = self.standing().remove(&id)
        {
            ended.cancel();
            self.report(NotificationEvent::Closed(id));
        }
    }

    /// What can be sent; reports a server that is there after one was missed.
    fn meet_server(&self) -> Result<Means, ShowError> {
        let means = system::means()?;
        if self.is_away.swap(false, Ordering::Relaxed) {
            self.report(NotificationEvent::ServerAvailable);
        }
        Ok(means)
    }

    fn report(&self, event: NotificationEvent) {
        // It fails once the notifier is dropped, and then nobody asks any more.
        let _: Result<(), _> = self.events.send(event);
    }

    fn standing(&self) -> MutexGuard<'_, BTreeMap<NotificationId, (Standing, CancellationToken)>> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What can be sent.
#[derive(Clone, Copy)]
struct Means {
    markup: Markup,
    has_actions: bool,
}

/// Looks for a server until there is one, or until a notification has found it.
async fn look_out(office: std::sync::Weak<Office>, every: Duration) {
    loop {
        sleep(every).await;
        let Some(office) = office.upgrade() else { return };
        if !office.is_away.load(Ordering::Relaxed) {
            return;
        }
        drop(tokio::task::spawn_blocking(move || office.meet_server()).await);
    }
}

/// The notification as it is handed over.
fn written(notification: &Notification, replaces: Option<NotificationId>, means: Means) -> Native {
    let mut native = Native::new();
    let title = Text::from_plain(&one_line(&notification.title)).shortened(MAX_TITLE).to_plain();
    native
        .appname("Handover")
        .icon("handover")
        .summary(&title)
        .body(&markup::render(&notification.body, means.markup))
        .timeout(if notification.resident { Timeout::Never } else { Timeout::Default });
    if let Some(NotificationId(id)) = replaces {
        native.id(id);
    }
    if let Some(icon) = notification.icon.as_deref().and_then(std::path::Path::to_str) {
        native.image_path(icon);
    }
    if means.has_actions {
        for (action, label) in &notification.actions {
            if system::DEFAULT_IS_A_BUTTON || *action != NotificationAction::Default {
                native.action(keys::key(*action), &system::label(label));
            }
        }
    }
    system::finish(&mut native, notification);
    native
}

/// What the user did, as the last that is heard of a notification.
fn event(id: NotificationId, response: &NotificationResponse) -> NotificationEvent {
    match response {
        NotificationResponse::Default => NotificationEvent::ActionInvoked(id, NotificationAction::Default),
        NotificationResponse::Action(key) => keys::action(key)
            .map_or(NotificationEvent::Closed(id), |action| NotificationEvent::ActionInvoked(id, action)),
        NotificationResponse::Closed(CloseReason::Dismissed) => NotificationEvent::Dismissed(id),
        // Nothing here asks for a reply.
        NotificationResponse::Closed(_) | NotificationResponse::Reply(_) => NotificationEvent::Closed(id),
    }
}
