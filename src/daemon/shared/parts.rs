//! The parts that the daemon is made of, and the steps of a message through it.
//!
//! Invariant: nothing here changes while the daemon runs.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::http_api;
use crate::control::Server;
use crate::daemon::desktop::tray::TrayLine;
use crate::desktop::media::Cache;
use crate::desktop::power::PowerMonitor;
use crate::desktop::programs::browser;
use crate::domain::message::{MessageId, Receipt, Seq};
use crate::domain::notification::{ActivationToken, NotificationId};
use crate::domain::settings::Settings;
use crate::domain::status::LinkState;
use crate::ports::Presence;
use crate::pushover::Rest;
use crate::store::Store;
use crate::store::outbox::Outbox;

/// What the daemon is made of.
pub struct Parts<N, S> {
    /// The user's settings at the start.
    pub settings: Settings,
    /// The settings file, read again when it changes; `None` if the settings are fixed.
    pub settings_file: Option<PathBuf>,
    /// The message log. The daemon uses it on threads that may wait for the disk.
    pub store: Arc<Store>,
    /// The service.
    pub rest: Rest,
    /// The desktop.
    pub notifier: N,
    /// Where the login is stored.
    pub secrets: S,
    /// Where icons and sounds are kept; `None` to do without them.
    pub media: Option<Cache>,
    /// The messages that are to be sent later; `None` to send none.
    pub outbox: Option<Outbox>,
    /// What the HTTP API works with; `None` never to serve it.
    pub http: Option<http_api::Parts>,
    /// The socket for commands; `None` without commands.
    pub control: Option<Server>,
    /// The icon in the tray; `None` without one.
    pub tray: Option<TrayLine>,
    /// Reports sleep and networks; `None` if the link has to notice them itself.
    pub power: Option<PowerMonitor>,
    /// Detects whether somebody is at the computer.
    pub presence: Box<dyn Presence>,
    /// Opens the links of messages.
    pub opener: Opener,
    /// Receives every step that a message takes, for the demo and for tests.
    pub steps: Option<mpsc::UnboundedSender<Step>>,
    /// Whether notifications are closed when the daemon stops; otherwise they stay on the screen.
    pub closes_notifications: bool,
    /// Cancelled to stop the daemon.
    pub stop: CancellationToken,
}

/// Opens a link if its scheme is allowed, with the activation token of the user's click if there is one. Blocks its
/// thread only briefly.
pub type Opener =
    Arc<dyn Fn(&str, &[String], Option<&ActivationToken>) -> Result<(), browser::OpenError> + Send + Sync>;

/// Opens links as the desktop does.
pub fn desktop_opener() -> Opener {
    Arc::new(browser::open)
}

/// A step on a message's way that has just happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The link to the service changed its state.
    Link(LinkState),
    /// A download arrived with this many items.
    Received(usize),
    /// These new messages are on disk.
    Recorded(Vec<MessageId>),
    /// These are on the desktop, in one notification, and marked as announced.
    Shown(NotificationId, Vec<Seq>),
    /// These were marked as announced without being shown.
    Skipped(Vec<Seq>),
    /// These are held back until the pause is over.
    Held(Vec<Seq>),
    /// The service confirmed that this emergency is acknowledged.
    Acknowledged(Receipt),
    /// The service deleted everything up to this id.
    Deleted(MessageId),
    /// A whole sync ended; `false` if something is left to be tried again.
    SyncFinished(bool),
}
