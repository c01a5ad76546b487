//! Wiring: which tasks there are, how they reach each other, and the order of start and stop.
//!
//! Invariant: every task may be dropped at any await, and the process may end at any instant, and the next start finishes
//! what was left: all that matters is in the log. So stopping is one token, and a panic in any task ends the process, which
//! `restart` executes anew. No task is restarted alone.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::control::Server;
use crate::desktop::browser;
use crate::desktop::media::Cache;
use crate::desktop::power::Power;
use crate::domain::message::{MessageId, Receipt, Seq};
use crate::domain::notification::NotificationId;
use crate::domain::settings::Settings;
use crate::domain::status::LinkState;
use crate::ports::{Notifier, Presence, SecretStore};
use crate::pushover::Rest;
use crate::store::Store;

mod acknowledgements;
mod commands;
mod connection;
mod desktop;
mod driver;
mod environment;
mod initial_sync;
mod pause;
mod receive;
mod restart;
mod shared;
mod startup;
mod sync;

pub use crate::desktop::memory::stay_small;
pub use desktop::tray::{TrayLine, line as tray_line};
pub use environment::sd_notify::makes_way;
pub use initial_sync::{Fetched, fetch_waiting};
pub use restart::{Task, restart_on_panic};
pub use startup::Startup;

use environment::{e2ee, power, presence, sd_notify, settings, sign_in};
use restart::Tasks;
use shared::Shared;

/// What the daemon is made of.
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
    /// Tells whether somebody is at the computer.
    pub presence: Box<dyn Presence>,
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

/// Starts every task and waits until they end, which they do when `parts.stop` is cancelled. Panics if one of them does.
pub async fn run<N: Notifier, S: SecretStore>(parts: Parts<N, S>) {
    let (shared, mail) = Shared::new(parts, None);
    let shared = Arc::new(shared);
    shared.status.send_modify(|status| status.tray = shared.parts.tray.is_some());
    shared.refresh_counts();

    let mut tasks = Tasks::default();
    tasks.spawn(Task::SignIn, sign_in::keep(Arc::clone(&shared), mail.login));
    tasks.spawn(Task::Connection, connection::connect(Arc::clone(&shared), mail.link));
    tasks.spawn(Task::Sync, sync::run(Arc::clone(&shared), mail.sync));
    tasks.spawn(Task::Acknowledgements, acknowledgements::acknowledge(Arc::clone(&shared), mail.acknowledge));
    tasks.spawn(Task::Notifications, desktop::notifications::attend(Arc::clone(&shared)));
    tasks.spawn(Task::Commands, commands::answer(Arc::clone(&shared)));
    tasks.spawn(Task::Settings, settings::adjust(Arc::clone(&shared)));
    tasks.spawn(Task::Hook, desktop::hook::run(Arc::clone(&shared), mail.hook));
    tasks.spawn(Task::EncryptionKey, e2ee::keep(Arc::clone(&shared)));
    tasks.spawn(Task::MediaFetch, desktop::media::fetch(Arc::clone(&shared), mail.media));
    tasks.spawn(Task::MediaProvide, desktop::media::provide(Arc::clone(&shared)));
    tasks.spawn(Task::Power, power::listen(Arc::clone(&shared)));
    tasks.spawn(Task::Presence, presence::acknowledge_when_here(Arc::clone(&shared), mail.presence));
    tasks.spawn(Task::Tray, desktop::tray::serve(Arc::clone(&shared)));
    // The last, since it says that the others run.
    tasks.spawn(Task::ServiceManager, sd_notify::report(Arc::clone(&shared)));

    tasks.join().await;
}
