//! What the steps of the message path hand to each other.
//!
//! Invariant: a plan says what becomes of each message that was not announced, in the order in which it is done.

use std::collections::BTreeMap;

use tokio::sync::watch;

use super::shared::Shared;
use crate::app::e2ee::Reader;
use crate::domain::account::{Credentials, DeviceId};
use crate::domain::media::Media;
use crate::domain::message::{
    Arrival, Entry, KnownMessage, LONGEST_EMERGENCY, MessageId, Priority, Receipt, Received, Seq,
};
use crate::domain::notification::Notification;
use crate::engine::announce::{Step, Tracking, WaitingMessages};
use crate::engine::inbox::{self, Deletable};
use crate::engine::policy::Circumstances;
use crate::ports::{Notifier, SecretStore, ShowError};
use crate::pushover;
use crate::store::{self, OnScreen, PendingAck, Store};
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

impl Batch {
    /// Records what is new of a part of a download.
    pub(super) fn record(
        log: &Store,
        device: &DeviceId,
        arrival: Arrival,
        downloaded: Vec<Received>,
    ) -> Result<Self, store::Error> {
        let ids: Vec<MessageId> = downloaded.iter().map(|item| item.message.id).collect();
        let mut durable = log.known(device, &ids)?;
        let sorted = inbox::sort(downloaded, &durable);
        let is_changed = !(sorted.new.is_empty() && sorted.repeated.is_empty());
        if is_changed {
            log.record(device, arrival, &sorted.new, &sorted.repeated, clock::unix())?;
        }
        let new: Vec<_> = sorted.new.iter().map(|item| (item.message.id, item.message.priority)).collect();
        durable.extend(new.iter().map(|(id, _)| (*id, KnownMessage::default())));
        Ok(Self {
            ids,
            durable,
            is_changed,
            is_initial_sync_done: log.is_initial_sync_done(device)?,
            acknowledged_elsewhere: sorted.acknowledged_elsewhere,
            new,
        })
    }
}

/// How far the planning of a backlog has come that may be too large to be in memory at once.
#[derive(Default)]
pub(super) struct Pages {
    /// The message planned last.
    pub(super) after: Option<(DeviceId, MessageId)>,
    /// Whether only the open emergencies are planned, because others are still to come.
    pub(super) only_emergencies: bool,
    pub(super) devices: BTreeMap<DeviceId, DeviceBacklog>,
}

/// What holds for all pages of the messages of a device.
pub(super) struct DeviceBacklog {
    /// Whether they were found in the device's first download.
    pub(super) initial_sync: bool,
    pub(super) ordinary: WaitingMessages,
}

/// Some of the messages that were not announced.
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    pub(super) has_more: bool,
}

impl Page {
    /// How many messages are planned at once, so that any number of them needs little memory.
    const LARGEST: usize = 500;

    /// The messages after this one.
    pub(super) fn read(log: &Store, after: Option<&(DeviceId, MessageId)>) -> Result<Self, store::Error> {
        let entries = log.unannounced_page(after, Self::LARGEST)?;
        Ok(Self { has_more: entries.len() == Self::LARGEST, entries })
    }

    /// The open emergencies alone.
    pub(super) fn of_emergencies(log: &Store) -> Result<Self, store::Error> {
        Ok(Self { entries: log.unannounced_emergencies()?, has_more: false })
    }
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

/// What becomes of the messages that were not announced.
pub(super) struct Plan {
    pub(super) steps: Vec<PlannedStep>,
    /// Whether there are more messages, to be planned once these steps were carried out.
    pub(super) has_more: bool,
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

/// Calls a function with the circumstances as they are now.
pub(super) fn with_circumstances<N: Notifier, S: SecretStore, T>(
    shared: &Shared<N, S>,
    initial_sync: bool,
    paused: Option<Priority>,
    decide: impl FnOnce(&Circumstances<'_>) -> T,
) -> T {
    let (settings, account) = (shared.settings(), shared.account.borrow().clone());
    let open_links: Vec<_> = settings.open_links.iter().map(String::as_str).collect();
    decide(&Circumstances {
        unix: clock::unix(),
        service_unix: shared.service_unix(),
        initial_sync,
        quiet_hours: account.quiet_hours,
        paused,
        backlog: settings.backlog,
        emergency: settings.emergency,
        sound: settings.sound,
        sound_preferences: &account.sounds,
        open_links: &open_links,
    })
}
