//! Replaces the notifications of an earlier process once, in place, on servers that report clicks only to the process
//! that showed or replaced a notification last.
//!
//! Invariant: replacing plays no sound and shows no banner, marks nothing, and brings back nothing that the user closed
//! meanwhile. Open emergencies are the exception: they may appear again.

use std::mem;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::timeout;

use super::MessagePath;
use crate::daemon::desktop::media::WaitBudget;
use crate::daemon::shared::Shared;
use crate::daemon::shared::channels::{LateIcon, PresenceCommand};
use crate::daemon::shared::circumstances::with_circumstances;
use crate::domain::message::Entry;
use crate::domain::notification::{NotificationId, Urgency};
use crate::engine::announce;
use crate::ports::{Notifier, SecretStore};
use crate::store::Store;
use crate::system::clock;

/// How long replacing all of them may take. No messages are received meanwhile.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most messages that are read for one notification, which names fewer.
const READ: usize = 50;

impl<N: Notifier, S: SecretStore> MessagePath<N, S> {
    /// Replaces the notifications. Only the first call has an effect.
    pub(super) async fn replace_leftovers(&self) {
        let to_replace = {
            let mut ids = self.shared.to_replace.lock().unwrap_or_else(PoisonError::into_inner);
            mem::take(&mut *ids)
        };
        let replacing = async {
            for id in to_replace {
                self.replace(id).await;
            }
        };
        if timeout(TIMEOUT, replacing).await.is_err() {
            tracing::warn!(
                "the notification server responds slowly: clicks on earlier notifications may be lost"
            );
        }
    }

    async fn replace(&self, id: NotificationId) {
        let shared = &self.shared;
        let (seqs, _) = shared.messages_for(id);
        let (count, read) = (seqs.len(), seqs.clone());
        let read = move |log: &Store| {
            let latest = read.iter().rev().take(READ);
            latest.map(|seq| log.entry(*seq)).collect::<Result<Vec<_>, _>>()
        };
        let latest: Vec<Entry> = match shared.log(read).await {
            Ok(latest) => latest.into_iter().flatten().collect(),
            Err(error) => return tracing::warn!("the message of a notification cannot be read: {error}"),
        };
        let reader = shared.reader_now();
        let latest: Vec<Entry> = latest.into_iter().map(|entry| reader.open(entry)).collect();
        let again = with_circumstances(shared, false, None, |circumstances| {
            announce::in_place(&latest, count, circumstances)
        });
        let Some((mut notification, media)) = again else { return };
        shared.attach_media(&mut notification, media, &[], &mut WaitBudget::none()).await;
        // The message may have been read meanwhile, and its notification closed.
        if seqs.is_empty() || shared.messages_for(id).0 != seqs {
            return;
        }
        if notification.urgency != Urgency::Critical {
            shared.announcer().step_back(id);
        }
        if !shared.notifier().update(id, &notification).await {
            shared.announcer().lost(id, clock::unix());
            shared.on_screen.notify_one();
        }
        shared.to.presence(PresenceCommand::Changed);
    }

    /// Shows a notification again with its icon, silently, unless it has left the screen or holds other messages by
    /// now.
    pub(in crate::daemon) async fn add_icon(&self, late: LateIcon) {
        let LateIcon { id, notification, seqs } = late;
        if notification.urgency == Urgency::Critical && !self.shared.announcer().stands(id) {
            // The notification now says that the emergency was acknowledged.
            return;
        }
        if !seqs.is_empty() && self.shared.messages_for(id).0 == seqs {
            self.shared.notifier().update(id, &notification).await;
        }
    }
}

/// The most open emergencies that are shown again after a start; the latest ones are.
const SHOWN_AGAIN: usize = 100;

/// How far this computer's clock may be off without consequences, in seconds.
const TOLERANCE: u64 = 60;

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    /// Notes the open emergencies without a notification again, once the service's time is known: by a wrong clock they may
    /// have seemed to be over. `assumed` is the unix time now by this computer's clock at the start, which may have been
    /// corrected since.
    pub(in crate::daemon) async fn note_missing_if_clock_was_wrong(&self, assumed: i64) {
        let service_time = self.rest().service_time();
        if service_time.is_some_and(|time| time.abs_diff(assumed) > TOLERANCE) {
            self.note_missing_emergencies().await;
        }
    }

    /// Notes the open emergencies without a notification, which are shown again.
    pub(in crate::daemon) async fn note_missing_emergencies(&self) {
        let unix = self.service_unix();
        let open = match self.log(move |log| log.open_emergencies(SHOWN_AGAIN, unix)).await {
            Ok(open) => open,
            Err(error) => return tracing::warn!("the open emergencies cannot be read: {error}"),
        };
        // The session or the notification server that showed them has ended.
        for entry in open.iter().filter(|entry| entry.announced.is_some()) {
            if let Some(receipt) = entry.message.emergency_receipt() {
                self.announcer().note_missing(receipt, vec![entry.seq], clock::unix());
            }
        }
    }
}
