//! Wiring: which tasks there are, how they reach each other, and the order of start and stop.
//!
//! Invariant: every task may be dropped at any await, or panic, and the next start finishes what it left:
//! all that matters is in the log. So stopping is one token, and a panic is a restart of all tasks.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OnceCell, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::control::Server;
use crate::desktop::browser;
use crate::desktop::media::Cache;
use crate::desktop::power::Power;
use crate::domain::account::{Account, Credentials};
use crate::domain::message::{MessageId, Priority, Receipt, Seq};
use crate::domain::notice::NoticeId;
use crate::domain::settings::Settings;
use crate::domain::status::{Cause, LinkState, Status, Trouble};
use crate::engine::announce::Announcer;
use crate::engine::backoff::Backoff;
use crate::engine::{fetch, link};
use crate::ports::{Notifier, SecretStore};
use crate::pushover::{self, Rest};
use crate::store::{OnScreen, Store, Wish};

mod acknowledge;
mod adjust;
mod answer;
mod attend;
pub mod autostart;
pub mod cipher;
pub mod clock;
mod connect;
pub mod doctor;
pub mod history;
mod hook;
pub mod instance;
mod login;
mod media;
pub mod message_report;
mod moment;
mod opening;
pub mod pause;
pub mod problem;
mod receive;
pub mod register;
mod report;
mod show;
pub mod surroundings;
pub mod tray;
mod wake;
mod walks;
mod warn;

pub use acknowledge::acknowledge_once;
pub use opening::Opening;
pub use problem::Problem;
pub use report::makes_way;
pub use tray::TrayLine;

pub use crate::desktop::memory::stay_small;

/// What the daemon is made of. All of it outlives a panic in a task.
pub struct Parts<N, S> {
    /// What the user chose, as it was at the start.
    pub settings: Settings,
    /// The file the settings come from, read again when it changes; `None` when they stay as they are.
    pub settings_file: Option<PathBuf>,
    /// The log.
    pub store: Store,
    /// The service.
    pub rest: Rest,
    /// The desktop.
    pub notifier: N,
    /// Where the login is kept.
    pub secrets: S,
    /// Where icons and sounds are kept; `None` to do without them.
    pub media: Option<Cache>,
    /// The socket the commands talk to; `None` when nobody is to command it.
    pub control: Option<Server>,
    /// The icon in the tray; `None` without one.
    pub tray: Option<TrayLine>,
    /// Tells of sleep and networks; `None` when the link is on its own.
    pub power: Option<Power>,
    /// Opens the links of messages; given a link and the schemes that are allowed.
    pub opener: Opener,
    /// Told of every step a message takes; for the demo and for tests.
    pub steps: Option<mpsc::UnboundedSender<Step>>,
    /// Cancelled to stop the daemon.
    pub stop: CancellationToken,
}

/// Opens a link, if its scheme is among those allowed; for at most a moment it keeps its thread waiting.
pub type Opener = Arc<dyn Fn(&str, &[String]) -> Result<(), browser::NotOpened> + Send + Sync>;

/// The one of the desktop.
pub fn desktop_opener() -> Opener {
    Arc::new(browser::open)
}

/// A step on a message's way, after it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The link to the service changed its state.
    Link(LinkState),
    /// A download arrived with this many items.
    Received(usize),
    /// These new messages are on disk.
    Recorded(Vec<MessageId>),
    /// These are on the desktop, in one notice, and marked so.
    Shown(NoticeId, Vec<Seq>),
    /// These were marked as announced without being shown.
    PassedOver(Vec<Seq>),
    /// These are held back until the pause is over.
    Held(Vec<Seq>),
    /// The service confirmed that this emergency is acknowledged.
    Acknowledged(Receipt),
    /// The service deleted everything up to this id.
    Deleted(MessageId),
    /// A whole pass ended; false when something is left to be tried again.
    Passed(bool),
}

/// Runs until `parts.stop` is cancelled.
pub async fn run<N: Notifier, S: SecretStore>(parts: Parts<N, S>) -> Result<(), Problem> {
    let parts = Arc::new(parts);
    let lasting = Lasting::new(&parts.settings, None);
    lasting.status.send_modify(|status| status.tray = parts.tray.is_some());
    // A panic that comes back at every start must not knock on the service every few seconds.
    let mut backoff = Backoff::new();
    loop {
        let started = clock::instant();
        let panicked = live(Arc::clone(&parts), lasting.clone()).await;
        if !panicked || parts.stop.is_cancelled() {
            return Ok(());
        }
        tracing::error!("a task panicked; all start again");
        if clock::instant().duration_since(started) >= link::HEALTHY {
            backoff.reset();
        }
        parts.stop.run_until_cancelled(clock::pause(backoff.next(clock::jitter()))).await;
    }
}

/// Starts every task and waits until they are told to stop or one panics; says whether one did.
async fn live<N: Notifier, S: SecretStore>(parts: Arc<Parts<N, S>>, lasting: Lasting) -> bool {
    let (shared, mail) = Shared::new(parts, lasting);
    let shared = Arc::new(shared);
    shared.refresh_counts();

    let mut tasks = JoinSet::new();
    tasks.spawn(login::keep(Arc::clone(&shared), mail.login));
    tasks.spawn(connect::connect(Arc::clone(&shared), mail.link));
    tasks.spawn(walks::walk(Arc::clone(&shared), mail.walks));
    tasks.spawn(acknowledge::acknowledge(Arc::clone(&shared), mail.acknowledge));
    tasks.spawn(attend::attend(Arc::clone(&shared)));
    tasks.spawn(answer::answer(Arc::clone(&shared)));
    tasks.spawn(adjust::adjust(Arc::clone(&shared)));
    tasks.spawn(hook::run(Arc::clone(&shared), mail.hook));
    tasks.spawn(cipher::keep(Arc::clone(&shared)));
    tasks.spawn(media::fetch(Arc::clone(&shared), mail.media));
    tasks.spawn(media::provide(Arc::clone(&shared)));
    tasks.spawn(wake::listen(Arc::clone(&shared)));
    tasks.spawn(tray::serve(Arc::clone(&shared)));
    // The last, since it says that the others run.
    tasks.spawn(report::report(Arc::clone(&shared)));

    let mut panicked = false;
    while let Some(ended) = tasks.join_next().await {
        if ended.is_err_and(|error| error.is_panic()) {
            panicked = true;
            tasks.abort_all();
        }
    }
    panicked
}

/// What a panic in a task leaves standing besides the parts.
#[derive(Clone)]
struct Lasting {
    status: watch::Sender<Status>,
    login: watch::Sender<Option<Credentials>>,
    settings: watch::Sender<Arc<Settings>>,
}

impl Lasting {
    fn new(settings: &Settings, login: Option<Credentials>) -> Self {
        Self {
            status: watch::Sender::new(Status::default()),
            login: watch::Sender::new(login),
            settings: watch::Sender::new(Arc::new(settings.clone())),
        }
    }
}

/// With which login and up to which id a deletion was asked for, and the refusal.
type RefusedDeletion = ((Credentials, MessageId), pushover::Error);

/// What is on the screen and is still to be marked so.
struct Unmarked {
    seqs: Vec<Seq>,
    on_screen: Option<OnScreen>,
    wish: Option<Wish>,
}

/// What every task may reach: the parts, the state of the hour, and the others' mailboxes.
struct Shared<N, S> {
    parts: Arc<Parts<N, S>>,
    status: watch::Sender<Status>,
    login: watch::Sender<Option<Credentials>>,
    settings: watch::Sender<Arc<Settings>>,
    announcer: Mutex<Announcer>,
    /// What is on the screen but could not be marked so.
    unmarked: Mutex<Vec<Unmarked>>,
    /// Filled once the notices that an earlier process left on the screen are known.
    adopted: OnceCell<()>,
    /// What the user saw to and could not be marked so.
    seen_to: Mutex<Vec<Seq>>,
    /// What breaks through the pause, as of when what it holds back was last gone through.
    broken_through: Mutex<Option<Priority>>,
    /// What the service refused to delete last, and why.
    refused_deletion: Mutex<Option<RefusedDeletion>>,
    /// What the service last said of the account.
    account: Mutex<Account>,
    /// The notice that says how things stand.
    state_notice: show::StateNotice,
    /// The key of end-to-end encryption.
    cipher: cipher::Cipher,
    /// The icons and sounds that are being fetched.
    errands: media::UnderWay,
    /// Told whenever a whole pass ended well.
    downloaded: Notify,
    /// Told whenever the link had to do something, and the computer is awake anyway.
    awake: Notify,
    /// When the next unread message expires, unix seconds.
    next_expiry: Mutex<Option<i64>>,
    /// Told whenever something new is on the screen or may expire, or the clock may have leapt.
    on_screen: Notify,
    to_login: mpsc::Sender<login::Letter>,
    to_link: mpsc::UnboundedSender<connect::Letter>,
    to_walks: mpsc::Sender<walks::Wanted>,
    to_acknowledge: mpsc::UnboundedSender<acknowledge::Letter>,
    to_hook: mpsc::Sender<MessageId>,
    to_media: mpsc::UnboundedSender<media::Letter>,
}

/// The tasks' ends of the mailboxes.
struct Mail {
    login: mpsc::Receiver<login::Letter>,
    link: mpsc::UnboundedReceiver<connect::Letter>,
    walks: mpsc::Receiver<walks::Wanted>,
    acknowledge: mpsc::UnboundedReceiver<acknowledge::Letter>,
    hook: mpsc::Receiver<MessageId>,
    media: mpsc::UnboundedReceiver<media::Letter>,
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    fn new(parts: Arc<Parts<N, S>>, lasting: Lasting) -> (Self, Mail) {
        let Lasting { status, login, settings } = lasting;
        let (to_login, login_mail) = mpsc::channel(1);
        let (to_link, link) = mpsc::unbounded_channel();
        // Bounded, since the service can fill it; its reader never waits for anybody, so this cannot lock up.
        let (to_walks, walks) = mpsc::channel(16);
        let (to_acknowledge, acknowledge) = mpsc::unbounded_channel();
        let (to_hook, hook) = mpsc::channel(hook::LONGEST_QUEUE);
        let (to_media, media) = mpsc::unbounded_channel();
        let shared = Self {
            parts,
            status,
            login,
            settings,
            announcer: Mutex::default(),
            unmarked: Mutex::default(),
            broken_through: Mutex::default(),
            adopted: OnceCell::new(),
            refused_deletion: Mutex::default(),
            seen_to: Mutex::default(),
            account: Mutex::default(),
            state_notice: show::StateNotice::default(),
            cipher: cipher::Cipher::default(),
            errands: media::UnderWay::default(),
            downloaded: Notify::new(),
            awake: Notify::new(),
            next_expiry: Mutex::default(),
            on_screen: Notify::new(),
            to_login,
            to_link,
            to_walks,
            to_acknowledge,
            to_hook,
            to_media,
        };
        (shared, Mail { login: login_mail, link, walks, acknowledge, hook, media })
    }

    /// The settings as they are now.
    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.borrow())
    }

    fn store(&self) -> &Store {
        &self.parts.store
    }

    fn rest(&self) -> &Rest {
        &self.parts.rest
    }

    fn notifier(&self) -> &N {
        &self.parts.notifier
    }

    fn stop(&self) -> &CancellationToken {
        &self.parts.stop
    }

    fn credentials(&self) -> Option<Credentials> {
        self.login.borrow().clone()
    }

    fn announcer(&self) -> MutexGuard<'_, Announcer> {
        // A panic while it was held restarts every task with a new one; a torn map only loses a `replaces`.
        self.announcer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unmarked(&self) -> MutexGuard<'_, Vec<Unmarked>> {
        self.unmarked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn broken_through(&self) -> MutexGuard<'_, Option<Priority>> {
        self.broken_through.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen_to(&self) -> MutexGuard<'_, Vec<Seq>> {
        self.seen_to.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_expiry(&self) -> MutexGuard<'_, Option<i64>> {
        self.next_expiry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused_deletion(&self) -> MutexGuard<'_, Option<RefusedDeletion>> {
        self.refused_deletion.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(&self, step: Step) {
        tracing::debug!(?step);
        if let Some(steps) = &self.parts.steps {
            // Whoever listened may have gone.
            drop(steps.send(step));
        }
    }

    fn tell_link(&self, input: link::Input) {
        self.write_link(connect::Letter::Input(input));
    }

    fn write_link(&self, letter: connect::Letter) {
        // The link task ends only when all do.
        let _ = self.to_link.send(letter);
    }

    fn tell_acknowledge(&self, letter: acknowledge::Letter) {
        // Likewise.
        drop(self.to_acknowledge.send(letter));
    }

    async fn want(&self, wanted: walks::Wanted) {
        // Likewise.
        drop(self.to_walks.send(wanted).await);
    }

    async fn want_download(&self, reason: fetch::Reason) {
        self.want(walks::Wanted::Download(reason)).await;
    }

    /// Notes a trouble in the status, or (`None`) its end.
    fn trouble(&self, trouble: Trouble, cause: Option<Cause>) {
        self.status.send_if_modified(|status| {
            let before = status.troubles.clone();
            if let Some(cause) = &cause
                && !before.iter().any(|known| known.0 == trouble && known.1 == *cause)
            {
                tracing::warn!("{}", trouble.sentence(&cause.why));
            }
            status.set_trouble(trouble, cause);
            status.troubles != before
        });
    }

    /// Counts again what waits for the user, and the days that a missing licence leaves.
    fn refresh_counts(&self) {
        self.note_licence();
        let counts = match self.store().counts(clock::unix()) {
            Ok(counts) => counts,
            // What cannot be read now is counted after the next write, and that one tells of the trouble.
            Err(error) => return tracing::warn!("the messages cannot be counted: {error}"),
        };
        let next_expiry = counts.next_expiry;
        if std::mem::replace(&mut *self.next_expiry(), next_expiry) != next_expiry {
            self.on_screen.notify_one();
        }
        let device = self.login.borrow().as_ref().map(|login| login.device_name.clone());
        self.status.send_if_modified(|status| {
            let before = status.clone();
            status.unread = counts.unread;
            status.unacknowledged = counts.unacknowledged;
            status.last_message = counts.last_recorded;
            status.device = device;
            *status != before
        });
    }

    /// Says in the status what the service last said of the licence.
    fn note_licence(&self) {
        let registered = self.login.borrow().as_ref().map(|login| login.registered);
        let licence =
            registered.and_then(|registered| self.account().missing_licence(registered, clock::unix()));
        self.status.send_if_modified(|status| {
            let before = std::mem::replace(&mut status.licence, licence);
            if before.is_none()
                && let Some(licence) = licence
            {
                tracing::warn!("{licence}");
            }
            before != licence
        });
    }

    /// Makes the wish to acknowledge durable and sends it on its way; `told` hears how it ended.
    fn wish_to_acknowledge(
        &self,
        wish: Wish,
        told: Option<oneshot::Sender<acknowledge::Outcome>>,
    ) -> Result<(), crate::store::Error> {
        self.store().want_acknowledgement(&wish, clock::unix())?;
        self.tell_acknowledge(acknowledge::Letter::Wish(wish, told));
        self.refresh_counts();
        Ok(())
    }
}
