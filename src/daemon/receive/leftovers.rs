//! The notifications that an earlier process left on the screen, where the server reports clicks only to the process that
//! showed or replaced a notification last: each is replaced once, in place.
//!
//! Invariant: it makes no sound and no banner, except for an open emergency, which stands on the screen anyway; nothing is
//! marked, and nothing that the user closed meanwhile comes back, except an open emergency.

use std::mem;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::timeout;

use super::MessagePath;
use super::plan::with_circumstances;
use crate::daemon::desktop::media::WaitBudget;
use crate::daemon::shared::channels::PresenceCommand;
use crate::domain::message::Entry;
use crate::domain::notification::{NotificationId, Urgency};
use crate::engine::announce;
use crate::ports::{Notifier, SecretStore};
use crate::store::Store;
use crate::system::clock;

/// How long all of them may take; meanwhile nothing is received.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many messages of one notification are read. It names fewer.
const READ: usize = 50;

impl<N: Notifier, S: SecretStore> MessagePath<N, S> {
    /// Replaces them; only the first call does something.
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
        if timeout(PATIENCE, replacing).await.is_err() {
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
        // It may have been read meanwhile, and be closed.
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
}
