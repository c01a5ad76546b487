//! Wiring: which tasks there are, how they reach each other, and the order of start and stop.
//!
//! Invariant: every task may be dropped at any await, or panic, and the next start finishes what it left:
//! all that matters is in the log. So stopping is one token, and a panic is a restart of all tasks.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::Problem;
use crate::control::Server;
use crate::desktop::browser;
use crate::desktop::media::Cache;
use crate::desktop::power::Power;
use crate::domain::message::{MessageId, Receipt, Seq};
use crate::domain::notification::NotificationId;
use crate::domain::settings::Settings;
use crate::domain::status::LinkState;
use crate::engine::backoff::Backoff;
use crate::engine::link;
use crate::ports::{Notifier, SecretStore};
use crate::pushover::Rest;
use crate::store::Store;
use crate::system::clock;

mod acknowledgements;
mod commands;
mod connection;
mod desktop;
mod driver;
mod environment;
mod initial_sync;
mod pause;
mod receive;
mod shared;
mod startup;
mod sync;

pub use crate::desktop::memory::stay_small;
pub use desktop::tray::{TrayLine, line as tray_line};
pub use environment::sd_notify::makes_way;
pub use initial_sync::{Fetched, fetch_waiting};
pub use startup::Startup;

use environment::{e2ee, power, sd_notify, settings, sign_in};
use shared::{Lasting, Shared};

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
    /// These are on the desktop, in one notification, and marked so.
    Shown(NotificationId, Vec<Seq>),
    /// These were marked as announced without being shown.
    PassedOver(Vec<Seq>),
    /// These are held back until the pause is over.
    Held(Vec<Seq>),
    /// The service confirmed that this emergency is acknowledged.
    Acknowledged(Receipt),
    /// The service deleted everything up to this id.
    Deleted(MessageId),
    /// A whole pass ended; false when something is left to be tried again.
    SyncFinished(bool),
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
    tasks.spawn(sign_in::keep(Arc::clone(&shared), mail.login));
    tasks.spawn(connection::connect(Arc::clone(&shared), mail.link));
    tasks.spawn(sync::run(Arc::clone(&shared), mail.sync));
    tasks.spawn(acknowledgements::acknowledge(Arc::clone(&shared), mail.acknowledge));
    tasks.spawn(desktop::notifications::attend(Arc::clone(&shared)));
    tasks.spawn(commands::answer(Arc::clone(&shared)));
    tasks.spawn(settings::adjust(Arc::clone(&shared)));
    tasks.spawn(desktop::hook::run(Arc::clone(&shared), mail.hook));
    tasks.spawn(e2ee::keep(Arc::clone(&shared)));
    tasks.spawn(desktop::media::fetch(Arc::clone(&shared), mail.media));
    tasks.spawn(desktop::media::provide(Arc::clone(&shared)));
    tasks.spawn(power::listen(Arc::clone(&shared)));
    tasks.spawn(desktop::tray::serve(Arc::clone(&shared)));
    // The last, since it says that the others run.
    tasks.spawn(sd_notify::report(Arc::clone(&shared)));

    let mut panicked = false;
    while let Some(ended) = tasks.join_next().await {
        if ended.is_err_and(|error| error.is_panic()) {
            panicked = true;
            tasks.abort_all();
        }
    }
    panicked
}
