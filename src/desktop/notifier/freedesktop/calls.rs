//! The calls that show a notification, until they have a reply.
//!
//! Invariant: each caller gets one reply.

use std::path::PathBuf;

use tokio::sync::oneshot;

use crate::domain::notification::{Notification, NotificationId, Urgency};
use crate::ports::ShowError;

/// The result of showing a notification.
pub(super) type ShowResult = Result<NotificationId, ShowError>;

/// A call that shows a notification, and has no reply yet.
pub(super) struct Call {
    pub(super) purpose: Purpose,
    /// The notification that was closed for it, and has its id from then on.
    pub(super) before: Option<NotificationId>,
    /// What to play here once it is shown.
    pub(super) sound: Option<(PathBuf, Urgency)>,
    /// The notification, if it has to be known later where it is on the screen.
    pub(super) notification: Option<Box<Notification>>,
}

/// Why a notification is shown.
pub(super) enum Purpose {
    /// Somebody asked for it.
    Show(oneshot::Sender<ShowResult>),
    /// It updates this one.
    Update(NotificationId, oneshot::Sender<bool>),
    /// It made way for an emergency.
    Again,
}

impl Purpose {
    pub(super) fn is_abandoned(&self) -> bool {
        match self {
            Self::Show(reply) => reply.is_closed(),
            Self::Update(_, reply) => reply.is_closed(),
            Self::Again => false,
        }
    }
}
