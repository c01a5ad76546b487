//! Reads everything that the decisions about the next messages need, in one call to the message log.
//!
//! Invariant: nothing is written here, except that the initial sync ends before any of its messages is skipped.

use std::collections::BTreeSet;

use tokio::sync::watch;

use crate::daemon::pause::current_pause;
use crate::domain::account::DeviceId;
use crate::domain::message::{Entry, MessageId};
use crate::domain::pause::PausedUntil;
use crate::store::{self, Store};
use crate::system::clock;

/// What to read next.
pub(super) struct Position {
    /// The message read last.
    pub(super) after: Option<(DeviceId, MessageId)>,
    pub(super) only_emergencies: bool,
    /// The devices with messages before this.
    pub(super) known: BTreeSet<DeviceId>,
    /// Messages that are expired at this time, in unix seconds, are not read.
    pub(super) expired_at: Option<i64>,
    /// Changes when the user pauses or resumes; subscribed to before the page is read.
    pub(super) pause_changes: watch::Receiver<()>,
}

/// Everything a decision needs from the message log, read in one call, because each call costs a switch to its thread
/// and back.
pub(super) struct PageRead {
    pub(super) pause: Option<PausedUntil>,
    pub(super) pause_changes: watch::Receiver<()>,
    /// Whether a pause held messages back.
    pub(super) anything_held: bool,
    pub(super) last: Option<(DeviceId, MessageId)>,
    pub(super) entries: Vec<Entry>,
    pub(super) has_more: bool,
    /// The devices whose first download this is.
    pub(super) initial_sync: BTreeSet<DeviceId>,
}

impl Position {
    pub(super) fn read(self, log: &Store) -> Result<PageRead, store::Error> {
        let Self { after, only_emergencies, known, expired_at, pause_changes } = self;
        let page = if only_emergencies { Page::of_emergencies(log) } else { Page::read(log, after.as_ref()) };
        let Page { mut entries, has_more } = page?;
        let last = entries.last().map(|entry| (entry.device.clone(), entry.message.id));
        entries.retain(|entry| expired_at.is_none_or(|unix| !entry.message.is_expired(unix)));
        let devices: BTreeSet<_> = entries.iter().map(|entry| &entry.device).collect();
        let mut initial_sync = BTreeSet::new();
        for device in devices.into_iter().filter(|device| !known.contains(device)) {
            if log.is_initial_sync_done(device)? {
                continue;
            }
            if !only_emergencies {
                // This comes before anything is skipped, so that after a crash too much is shown rather than too
                // little.
                log.mark_initial_sync_done(device, clock::unix())?;
            }
            initial_sync.insert(device.clone());
        }
        let (pause, anything_held) = (current_pause(log)?, log.anything_held()?);
        Ok(PageRead { pause, pause_changes, anything_held, last, entries, has_more, initial_sync })
    }
}

/// Some of the messages that are not announced yet.
struct Page {
    entries: Vec<Entry>,
    has_more: bool,
}

impl Page {
    /// How many messages are planned at once, so that any number of them needs little memory.
    const LARGEST: usize = 500;

    /// The messages after this one.
    fn read(log: &Store, after: Option<&(DeviceId, MessageId)>) -> Result<Self, store::Error> {
        let entries = log.unannounced_page(after, Self::LARGEST)?;
        Ok(Self { has_more: entries.len() == Self::LARGEST, entries })
    }

    /// The open emergencies alone.
    fn of_emergencies(log: &Store) -> Result<Self, store::Error> {
        Ok(Self { entries: log.unannounced_emergencies()?, has_more: false })
    }
}
