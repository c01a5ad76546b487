//! Records a part of a download in one call, on the message log's thread.
//!
//! Invariant: a message is either recorded or returned, whatever the disk does.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::Batch;
use crate::domain::account::DeviceId;
use crate::domain::message::{Arrival, KnownMessage, MessageId, Received};
use crate::engine::inbox;
use crate::store::{self, Store};
use crate::system::clock;

/// A part of a download that could not be recorded.
pub(super) struct NotRecorded {
    /// The error, if recording was tried.
    pub(super) why: Option<store::Error>,
    pub(super) ids: Vec<MessageId>,
    /// The messages that are not in the message log, as far as it can be read.
    pub(super) new: Vec<Received>,
}

/// Records the new messages of a download. `live` are messages that arrived live but could not be recorded then. With
/// `gave_up` nothing is written, because writing failed a moment ago.
pub(super) fn record(
    log: &Store,
    device: &DeviceId,
    arrival: Arrival,
    live: &BTreeSet<MessageId>,
    gave_up: bool,
    downloaded: Vec<Received>,
) -> Result<Batch, NotRecorded> {
    let ids: Vec<MessageId> = downloaded.iter().map(|item| item.message.id).collect();
    let known = log.known(device, &ids);
    let (mut durable, unreadable) = match known {
        Ok(known) => (known, None),
        Err(why) => (BTreeMap::new(), Some(why)),
    };
    let mut sorted = inbox::sort(downloaded, &durable);
    if gave_up || unreadable.is_some() {
        return Err(NotRecorded { why: unreadable, ids, new: sorted.new });
    }
    let is_changed = !(sorted.new.is_empty() && sorted.repeated.is_empty());
    let new: Vec<_> = sorted.new.iter().map(|item| (item.message.id, item.message.priority)).collect();
    let written = if is_changed { write(log, device, arrival, live, &mut sorted) } else { Ok(()) };
    let is_initial_sync_done = match written.and_then(|()| log.is_initial_sync_done(device)) {
        Ok(is_done) => is_done,
        Err(why) => return Err(NotRecorded { why: Some(why), ids, new: sorted.new }),
    };
    durable.extend(new.iter().map(|(id, _)| (*id, KnownMessage::default())));
    Ok(Batch {
        ids,
        durable,
        is_changed,
        is_initial_sync_done,
        acknowledged_elsewhere: sorted.acknowledged_elsewhere,
        new,
    })
}

fn write(
    log: &Store,
    device: &DeviceId,
    arrival: Arrival,
    live: &BTreeSet<MessageId>,
    sorted: &mut inbox::Sorted,
) -> Result<(), store::Error> {
    if !live.is_empty() {
        let was_live = |item: &mut Received| live.contains(&item.message.id);
        let came_live: Vec<_> = sorted.new.extract_if(.., was_live).collect();
        let recorded = log.record(device, Arrival::Live, &came_live, &[], clock::unix());
        if recorded.is_err() {
            sorted.new.extend(came_live);
        }
        recorded?;
    }
    log.record(device, arrival, &sorted.new, &sorted.repeated, clock::unix())
}
