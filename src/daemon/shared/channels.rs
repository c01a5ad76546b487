//! The commands that the tasks of the daemon send each other.
//!
//! Invariant: only the owner of a piece of state changes it; other tasks send it a command. A channel closes only when
//! all tasks end, so a command that cannot be sent no longer matters.

use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use crate::app::Problem;
use crate::domain::media::MediaFile;
use crate::domain::message::{MessageId, Receipt, Seq};
use crate::domain::notification::{Notification, NotificationId};
use crate::domain::pause::PausedUntil;
use crate::domain::status::Cause;
use crate::engine::{fetch, link};
use crate::store::PendingAck;

/// The most messages that may wait for the user's program. Only their ids are kept, 80 kB.
pub(in crate::daemon) const LONGEST_HOOK_QUEUE: usize = 10_000;

/// A command for the task that runs the message path.
pub(in crate::daemon) enum SyncCommand {
    /// A download and everything that follows it.
    Download(fetch::Reason),
    /// A download now, with a reply on how it ended.
    Sync(oneshot::Sender<SyncReply>),
    /// Another attempt to show what could not be shown.
    Announcement,
    /// Show a notification again, now that its icon is here.
    IconArrived(Box<LateIcon>),
    /// Say on the notification of an emergency that it was acknowledged here.
    Acknowledged(Receipt),
    /// Mark messages as read as soon as the message log can be written again.
    MarkReadLater(Vec<Seq>),
    /// A pause; the reply is a sentence that says until when.
    Pause(PausedUntil, oneshot::Sender<Result<String, Problem>>),
    /// The end of the pause; the reply is a sentence that says what it held back.
    Resume(oneshot::Sender<Result<String, Problem>>),
    /// The computer woke, or a network came up: check the clock and what is waiting.
    Woke,
    /// A reply once no run of the path is under way.
    WaitUntilIdle(oneshot::Sender<()>),
}

/// How a sync ended: with this many new messages, or why it failed.
pub(in crate::daemon) type SyncReply = Result<usize, Cause>;

/// A notification that is on the screen without its icon.
pub(in crate::daemon) struct LateIcon {
    pub(in crate::daemon) id: NotificationId,
    pub(in crate::daemon) notification: Notification,
    /// The messages it was shown for. If the notification was replaced meanwhile, its id now has others.
    pub(in crate::daemon) seqs: Vec<Seq>,
}

/// A command for the task that holds the connection.
pub(in crate::daemon) enum LinkCommand {
    /// An event for the link.
    Input(link::Input),
    /// A notification server has appeared, for the first time or again.
    NotificationsReturned,
    /// There was no login at the start.
    NotSignedIn,
}

/// A command for the task that acknowledges emergencies.
pub(in crate::daemon) enum AckCommand {
    /// A request that is already saved, and the caller that waits for its outcome.
    PendingAck(PendingAck, Option<oneshot::Sender<AckOutcome>>),
    /// Another login is in use, or none.
    LoginChanged,
    /// The computer woke from sleep, a network came up, or a refused login is tried again.
    Woke,
}

/// How a request to acknowledge ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::daemon) enum AckOutcome {
    Confirmed,
    /// The service refused the emergency, or the login; then the request stays pending.
    Refused(Problem),
    Expired,
}

/// A command for the task that waits for somebody at the computer.
pub(in crate::daemon) enum PresenceCommand {
    /// The notifications on the screen changed, or an emergency was acknowledged.
    Changed,
    /// A person clicked on the notification of this emergency, or dismissed it.
    Handled(Receipt),
}

/// A command for the task that owns the login. Either one makes it read the login again.
pub(in crate::daemon) enum LoginCommand {
    /// The stored login was changed; the reply is a sentence on the result.
    Changed(oneshot::Sender<Result<String, Problem>>),
    /// The settings name another location for the login; reading it moves it there.
    Moved,
}

/// A command for the task that fetches icons and sounds.
#[expect(clippy::large_enum_variant, reason = "few exist at once")]
pub(in crate::daemon) enum MediaCommand {
    /// Fetch a file, unless it is up to date.
    Fetch {
        file: MediaFile,
        /// When the one in the cache was known to be up to date, unix seconds.
        confirmed: Option<i64>,
        /// Gets a reply when the file is no longer being fetched.
        done: oneshot::Sender<FetchReply>,
    },
    /// Show a notification again once its icon has arrived.
    AddIcon(MediaFile, LateIcon),
    /// A download succeeded, so the sounds of this device may have changed.
    SyncCompleted,
}

/// When to try again, if the file could not be fetched.
pub(in crate::daemon) type FetchReply = Option<Instant>;

/// The sending ends of the channels.
pub(in crate::daemon) struct Senders {
    pub(in crate::daemon) login: mpsc::Sender<LoginCommand>,
    pub(in crate::daemon) link: mpsc::UnboundedSender<LinkCommand>,
    pub(in crate::daemon) sync: mpsc::Sender<SyncCommand>,
    pub(in crate::daemon) acknowledge: mpsc::UnboundedSender<AckCommand>,
    pub(in crate::daemon) presence: mpsc::UnboundedSender<PresenceCommand>,
    pub(in crate::daemon) hook: mpsc::Sender<MessageId>,
    pub(in crate::daemon) media: mpsc::UnboundedSender<MediaCommand>,
}

/// The receiving ends of the channels.
pub(in crate::daemon) struct Receivers {
    pub(in crate::daemon) login: mpsc::Receiver<LoginCommand>,
    pub(in crate::daemon) link: mpsc::UnboundedReceiver<LinkCommand>,
    pub(in crate::daemon) sync: mpsc::Receiver<SyncCommand>,
    pub(in crate::daemon) acknowledge: mpsc::UnboundedReceiver<AckCommand>,
    pub(in crate::daemon) presence: mpsc::UnboundedReceiver<PresenceCommand>,
    pub(in crate::daemon) hook: mpsc::Receiver<MessageId>,
    pub(in crate::daemon) media: mpsc::UnboundedReceiver<MediaCommand>,
}

pub(super) fn open() -> (Senders, Receivers) {
    let (to_login, login) = mpsc::channel(1);
    let (to_link, link) = mpsc::unbounded_channel();
    // Bounded, since the service can fill it. Its receiver never waits for another task, so it cannot deadlock.
    let (to_sync, sync) = mpsc::channel(16);
    let (to_acknowledge, acknowledge) = mpsc::unbounded_channel();
    let (to_presence, presence) = mpsc::unbounded_channel();
    let (to_hook, hook) = mpsc::channel(LONGEST_HOOK_QUEUE);
    let (to_media, media) = mpsc::unbounded_channel();
    let senders = Senders {
        login: to_login,
        link: to_link,
        sync: to_sync,
        acknowledge: to_acknowledge,
        presence: to_presence,
        hook: to_hook,
        media: to_media,
    };
    (senders, Receivers { login, link, sync, acknowledge, presence, hook, media })
}

impl Senders {
    pub(in crate::daemon) fn link(&self, command: LinkCommand) {
        let _ = self.link.send(command);
    }

    pub(in crate::daemon) fn acknowledge(&self, command: AckCommand) {
        drop(self.acknowledge.send(command));
    }

    pub(in crate::daemon) fn presence(&self, command: PresenceCommand) {
        drop(self.presence.send(command));
    }

    pub(in crate::daemon) fn media(&self, command: MediaCommand) {
        drop(self.media.send(command));
    }

    pub(in crate::daemon) async fn sync(&self, command: SyncCommand) {
        drop(self.sync.send(command).await);
    }

    pub(in crate::daemon) async fn login(&self, command: LoginCommand) {
        drop(self.login.send(command).await);
    }
}
