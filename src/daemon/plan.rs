//! What the steps of the message path hand to each other.
//!
//! Invariant: a plan says what becomes of each message that was not announced, in the order in which it is done.

use std::collections::BTreeMap;

use tokio::sync::watch;

use crate::domain::account::Credentials;
use crate::domain::media::Media;
use crate::domain::message::{Entry, KnownMessage, LONGEST_EMERGENCY, MessageId, Priority, Receipt, Seq};
use crate::domain::notification::Notification;
use crate::engine::announce::{Step, Tracking};
use crate::engine::inbox::Deletable;
use crate::ports::ShowError;
use crate::pushover;
use crate::store::{OnScreen, PendingAck};
use crate::system::clock;

/// How far the recording of a download has come.
#[derive(Default)]
pub(super) struct Recorded {
    /// How many messages are new.
    pub(super) new: usize,
    pub(super) deletable: Deletable,
}

/// The result of recording a part of a download.
pub(super) struct Batch {
    /// What was downloaded.
    pub(super) ids: Vec<MessageId>,
    /// What of it is in the message log.
    pub(super) durable: BTreeMap<MessageId, KnownMessage>,
    /// Whether anything was recorded.
    pub(super) is_changed: bool,
    pub(super) is_initial_sync_done: bool,
    pub(super) new: Vec<(MessageId, Priority)>,
    pub(super) acknowledged_elsewhere: Vec<Receipt>,
}

/// What becomes of the messages that were not announced.
pub(super) struct Plan {
    pub(super) steps: Vec<PlannedStep>,
    /// Changes when the user pauses or resumes, so that the plan no longer holds.
    pub(super) pause_changes: watch::Receiver<()>,
    /// During the pause, the lowest priority that is shown all the same.
    pub(super) breaks_through: Option<Priority>,
}

pub(super) enum PlannedStep {
    Skip { seqs: Vec<Seq>, read: bool },
    Hold { seqs: Vec<Seq> },
    Show(Box<ToShow>),
}

pub(super) struct ToShow {
    pub(super) seqs: Vec<Seq>,
    pub(super) notification: Notification,
    pub(super) media: Media,
    pub(super) receipt: Option<Receipt>,
    pub(super) pending_ack: Option<PendingAck>,
    pub(super) tracking: Tracking,
}

impl PlannedStep {
    /// `entries` are the messages that the step may be about.
    pub(super) fn new(step: Step, entries: &[Entry]) -> Self {
        match step {
            Step::Skip { seqs, read } => Self::Skip { seqs, read },
            Step::Hold { seqs } => Self::Hold { seqs },
            Step::Show { seqs, notification, media, receipt, acknowledge, tracking } => {
                let to_acknowledge = receipt.clone().filter(|_| acknowledge);
                let pending_ack = to_acknowledge.map(|receipt| pending_ack_for(receipt, entries));
                Self::Show(Box::new(ToShow { seqs, notification, media, receipt, pending_ack, tracking }))
            }
        }
    }
}

/// The request to acknowledge an emergency, which lasts for as long as the service would repeat the emergency.
fn pending_ack_for(receipt: Receipt, entries: &[Entry]) -> PendingAck {
    let copies = entries.iter().filter(|entry| entry.message.receipt.as_ref() == Some(&receipt));
    let expires = copies.map(Entry::repeated_until).max();
    PendingAck {
        receipt,
        expires: expires.unwrap_or_else(|| clock::unix().saturating_add(LONGEST_EMERGENCY)),
    }
}

/// How showing the notifications of a plan ended.
#[derive(PartialEq)]
pub(super) enum ShowOutcome {
    AllShown,
    /// The notification server refused a notification; all the others are on the screen.
    Refused(ShowError),
    /// There is no notification server to show the rest.
    NoServer(ShowError),
    /// The user paused or resumed, so that what is left needs a new plan.
    PauseChanged,
}

/// A notification that is on the screen and is still to be marked so.
#[derive(Clone)]
pub(super) struct Unmarked {
    pub(super) seqs: Vec<Seq>,
    pub(super) on_screen: Option<OnScreen>,
    pub(super) pending_ack: Option<PendingAck>,
}

/// The deletion that the service refused last.
pub(super) struct RefusedDeletion {
    pub(super) login: Credentials,
    pub(super) through: MessageId,
    pub(super) why: pushover::Error,
}
