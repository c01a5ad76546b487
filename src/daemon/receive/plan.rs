//! The values that the steps of the message path hand to each other.
//!
//! Invariant: a plan has a step for every message that it covers, in the order in which they are carried out.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use super::page::PageRead;
use crate::app::e2ee::Reader;
use crate::domain::account::{Credentials, DeviceId};
use crate::domain::media::Media;
use crate::domain::message::{Entry, KnownMessage, LONGEST_EMERGENCY, MessageId, Priority, Receipt, Seq};
use crate::domain::notification::Notification;
use crate::domain::settings::Settings;
use crate::engine::announce::{Step, Tracking, WaitingMessages};
use crate::engine::inbox::Deletable;
use crate::ports::ShowError;
use crate::pushover;
use crate::store::{self, OnScreen, PendingAck};
use crate::system::clock;

/// How far the recording of a download has come.
#[derive(Default)]
pub(in crate::daemon) struct Recorded {
    /// How many messages are new.
    pub(in crate::daemon) new: usize,
    pub(in crate::daemon) deletable: Deletable,
    /// How many of the new messages the user's program is not run for, because its queue is full.
    pub(in crate::daemon) skipped_by_hook: u64,
    /// Why something could not be recorded.
    pub(in crate::daemon) not_saved: Option<store::Error>,
    /// The first page of messages to show, if it was read right after the last message was recorded.
    pub(super) first_page: Option<PageRead>,
}

/// The result of recording a part of a download.
pub(in crate::daemon) struct Batch {
    /// What was downloaded.
    pub(in crate::daemon) ids: Vec<MessageId>,
    /// Those of them that are in the message log.
    pub(in crate::daemon) durable: BTreeMap<MessageId, KnownMessage>,
    /// Whether anything was recorded.
    pub(in crate::daemon) is_changed: bool,
    pub(in crate::daemon) is_initial_sync_done: bool,
    pub(in crate::daemon) new: Vec<(MessageId, Priority)>,
    pub(in crate::daemon) acknowledged_elsewhere: Vec<Receipt>,
}

/// How far a backlog has been planned. It may be too large to be in memory at once.
#[derive(Default)]
pub(super) struct Pages {
    /// The message planned last.
    pub(super) after: Option<(DeviceId, MessageId)>,
    /// Whether only the open emergencies are planned, because others are still to come.
    pub(super) only_emergencies: bool,
    pub(super) devices: BTreeMap<DeviceId, DeviceBacklog>,
    /// The first page, if it has been read.
    pub(super) first: Option<PageRead>,
    /// The latest check of the held messages.
    pub(super) held: Option<HeldCheck>,
}

/// What the pages of one device's messages have in common.
pub(super) struct DeviceBacklog {
    /// Whether they were found in the device's first download.
    pub(super) initial_sync: bool,
    pub(super) ordinary: WaitingMessages,
}

/// Decrypts messages and separates them by device.
pub(super) fn by_device(
    entries: impl Iterator<Item = Entry>,
    reader: &Reader,
) -> BTreeMap<DeviceId, Vec<Entry>> {
    let mut by_device: BTreeMap<DeviceId, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        by_device.entry(entry.device.clone()).or_default().push(reader.open(entry));
    }
    by_device
}

/// What to do with the messages that are not announced yet.
pub(in crate::daemon) struct Plan {
    pub(in crate::daemon) steps: Vec<PlannedStep>,
    /// Whether there are more messages, to be planned after these steps have been carried out.
    pub(in crate::daemon) has_more: bool,
    /// Changes when the user pauses or resumes, so that the plan no longer holds.
    pub(in crate::daemon) pause_changes: watch::Receiver<()>,
}

pub(in crate::daemon) enum PlannedStep {
    Skip { seqs: Vec<Seq>, read: bool },
    Hold { seqs: Vec<Seq> },
    Show(Box<ToShow>),
}

pub(in crate::daemon) struct ToShow {
    pub(in crate::daemon) seqs: Vec<Seq>,
    pub(in crate::daemon) notification: Notification,
    /// The notification as it is once its messages are saved, if they are not.
    pub(in crate::daemon) original: Option<Box<Notification>>,
    pub(in crate::daemon) media: Media,
    pub(in crate::daemon) receipt: Option<Receipt>,
    pub(in crate::daemon) pending_ack: Option<PendingAck>,
    /// Its messages that count as read once it is shown.
    pub(in crate::daemon) read: Vec<Seq>,
    pub(in crate::daemon) tracking: Tracking,
}

impl PlannedStep {
    /// `entries` are the messages that the step may be about.
    pub(in crate::daemon) fn new(step: Step, entries: &[Entry]) -> Self {
        match step {
            Step::Skip { seqs, read } => Self::Skip { seqs, read },
            Step::Hold { seqs, until: _ } => Self::Hold { seqs },
            Step::Show { seqs, notification, media, receipt, acknowledge, read, tracking } => {
                let to_acknowledge = receipt.clone().filter(|_| acknowledge);
                let pending_ack = to_acknowledge.map(|receipt| pending_ack_for(receipt, entries));
                Self::Show(Box::new(ToShow {
                    seqs,
                    notification,
                    original: None,
                    media,
                    receipt,
                    pending_ack,
                    read,
                    tracking,
                }))
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

/// What the held messages were last checked with.
pub(super) struct HeldCheck {
    /// During a pause, the lowest priority that is shown all the same.
    pub(super) breaks_through: Option<Priority>,
    pub(super) settings: Arc<Settings>,
    /// When a rule lets the first of them be shown, unix seconds.
    pub(super) release: Option<i64>,
}

impl HeldCheck {
    /// Takes note of messages that a rule holds back until a time.
    pub(super) fn note(&mut self, until: Option<i64>) {
        self.release = self.release.into_iter().chain(until).min();
    }

    /// Whether it would find the same again.
    pub(super) fn holds(
        &self,
        breaks_through: Option<Priority>,
        settings: &Arc<Settings>,
        unix: i64,
    ) -> bool {
        self.breaks_through == breaks_through
            && Arc::ptr_eq(&self.settings, settings)
            && self.release.is_none_or(|release| unix < release)
    }
}

/// How showing the notifications of a plan ended.
#[derive(PartialEq)]
pub(in crate::daemon) enum ShowOutcome {
    AllShown,
    /// The notification server refused a notification; all the others are on the screen.
    Refused(ShowError),
    /// There is no notification server to show the rest.
    NoServer(ShowError),
    /// The user paused or resumed, so the rest needs a new plan.
    PauseChanged,
}

/// A notification that is on the screen and whose messages have yet to be marked as announced.
#[derive(Clone, Default)]
pub(in crate::daemon) struct Unmarked {
    pub(in crate::daemon) seqs: Vec<Seq>,
    pub(in crate::daemon) on_screen: Option<OnScreen>,
    pub(in crate::daemon) pending_ack: Option<PendingAck>,
    /// Those of them that count as read.
    pub(in crate::daemon) read: Vec<Seq>,
}

/// The deletion that the service refused last.
pub(in crate::daemon) struct RefusedDeletion {
    pub(in crate::daemon) login: Credentials,
    pub(in crate::daemon) through: MessageId,
    pub(in crate::daemon) why: pushover::Error,
}
