//! The commands that the tasks of the daemon send each other.
//!
//! Invariant: the owner of a piece of state is the only one that changes it; the others send it a command. A channel ends
//! only when all tasks do, so a command that cannot be sent does not matter any more.

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

/// How many messages may wait for the user's program; their ids, 80 kB.
pub(in crate::daemon) const LONGEST_HOOK_QUEUE: usize = 10_000;

/// What the task that runs the message path may be asked for.
pub(in crate::daemon) enum SyncCommand {
    /// A download and everything that follows it.
    Download(fetch::Reason),
    /// The same, now, with a reply on how it ended.
    Sync(oneshot::Sender<SyncReply>),
    /// Another try at showing what could not be shown.
    Announcement,
    /// A notification to be shown again, now that its icon is here.
    IconArrived(Box<LateIcon>),
    /// An emergency that was acknowledged here, to be said on its notification.
    Acknowledged(Receipt),
    /// Messages that the user read, to be marked as read as soon as the message log can be written again.
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

/// A notification that is on the screen and is to be shown again with its icon.
pub(in crate::daemon) struct LateIcon {
    pub(in crate::daemon) id: NotificationId,
    pub(in crate::daemon) notification: Notification,
    /// The messages it was shown for; the id has others when another notification took its place.
    pub(in crate::daemon) seqs: Vec<Seq>,
}

/// What the task that holds the connection may be told.
pub(in crate::daemon) enum LinkCommand {
    /// Something happened that the link has to know.
    Input(link::Input),
    /// A notification server is there (again).
    NotificationsReturned,
    /// There was no login at the start.
    NotSignedIn,
}

/// What the task that acknowledges emergencies may be told.
pub(in crate::daemon) enum AckCommand {
    /// A request that is durable already, and the caller that waits for its outcome.
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

/// What the task that waits for somebody at the computer may be told.
pub(in crate::daemon) enum PresenceCommand {
    /// The notifications on the screen changed, or an emergency was acknowledged.
    Changed,
    /// A person clicked on the notification of this emergency, or dismissed it.
    Handled(Receipt),
}

/// What the task that owns the login may be told; either way it reads the login again.
pub(in crate::daemon) enum LoginCommand {
    /// The stored login was changed; the reply is a sentence on the result.
    Changed(oneshot::Sender<Result<String, Problem>>),
    /// The settings name another location for the login; reading it moves it there.
    Moved,
}

/// What the task that fetches icons and sounds may be asked for.
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
    /// Have a notification shown again when its icon has arrived.
    AddIcon(MediaFile, LateIcon),
    /// A download succeeded, so the sounds of this device may have changed.
    SyncCompleted,
}

/// When to try again, if the file could not be fetched.
pub(in crate::daemon) type FetchReply = Option<Instant>;

/// The tasks' ends of the channels for sending.
pub(in crate::daemon) struct Senders {
    pub(in crate::daemon) login: mpsc::Sender<LoginCommand>,
    pub(in crate::daemon) link: mpsc::UnboundedSender<LinkCommand>,
    pub(in crate::daemon) sync: mpsc::Sender<SyncCommand>,
    pub(in crate::daemon) acknowledge: mpsc::UnboundedSender<AckCommand>,
    pub(in crate::daemon) presence: mpsc::UnboundedSender<PresenceCommand>,
    pub(in crate::daemon) hook: mpsc::Sender<MessageId>,
    pub(in crate::daemon) media: mpsc::UnboundedSender<MediaCommand>,
}

/// The owners' ends of the channels.
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
    // Bounded, since the service can fill it. Its reader never waits for another task, so this cannot lock up.
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
