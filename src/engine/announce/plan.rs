//! The steps of a plan.
//!
//! Invariant: a step holds all that is needed to carry it out, so that the code that carries it out decides nothing.

use crate::domain::media::Media;
use crate::domain::message::{Receipt, Seq};
use crate::domain::notification::{Notification, NotificationId};
use crate::engine::policy::flood::Contribution;

/// One step of a plan; the steps are carried out in order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a plan is short, and most of its steps are the large one")]
pub enum Step {
    /// Show a notification, and mark its messages as announced when the notification server accepted it.
    Show {
        /// The messages that it announces.
        seqs: Vec<Seq>,
        /// What to show.
        notification: Notification,
        /// The icon and the sound that go with it, still to be fetched.
        media: Media,
        /// The emergency it is about, if it is about one.
        receipt: Option<Receipt>,
        /// Whether to record the request to acknowledge together with the mark; where it waits until someone is at the
        /// computer, `engine::presence` decides.
        acknowledge: bool,
        /// Those of the messages that a rule marks as read, together with the mark as announced.
        read: Vec<Seq>,
        /// To be passed to the [`Announcer`](super::Announcer) once it is shown.
        tracking: Tracking,
    },
    /// Mark messages as announced without showing them.
    Skip {
        /// The messages.
        seqs: Vec<Seq>,
        /// Whether they also count as read.
        read: bool,
    },
    /// Mark messages as held back until the pause is over, or a rule lets them be shown.
    Hold {
        /// The messages.
        seqs: Vec<Seq>,
        /// When a rule lets the first of them be shown, unix seconds.
        until: Option<i64>,
    },
}

/// What the [`Announcer`](super::Announcer) remembers of a notification once it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracking {
    /// When it is no longer worth showing, unix seconds.
    pub(super) expires: Option<i64>,
    /// Whether it stays in front of what comes later, where the server shows only some such notifications at once.
    pub(super) stands: bool,
    /// The notifications that it replaces.
    pub(super) supersedes: Vec<NotificationId>,
    /// What it adds to a flood.
    pub(super) contribution: Option<Contribution>,
    /// The group of which it shows the latest message.
    pub(super) group: Option<String>,
}

impl Tracking {
    /// Takes the notifications that are to be closed before this one is shown: those that it counts, except the one that it
    /// replaces. Some servers let a new notification wait behind others, or move it to where it has room beside them. An
    /// emergency that is shown again is not among them, since it must not leave the screen if that fails.
    pub fn take_counted(&mut self, replaced: Option<NotificationId>) -> Vec<NotificationId> {
        if self.contribution.is_none() {
            return Vec::new();
        }
        let counted = std::mem::take(&mut self.supersedes);
        let (kept, counted) = counted.into_iter().partition(|id| Some(*id) == replaced);
        self.supersedes = kept;
        counted
    }
}
