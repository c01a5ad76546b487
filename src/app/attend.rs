//! The task that listens to the notification server: what the user did with a notice.
//!
//! Invariant: only notices this process has shown are listened to, and nothing here shows one.

use std::sync::Arc;

use super::{Shared, clock, connect, walks};
use crate::desktop::terminal;
use crate::domain::message::{LONGEST_EMERGENCY, Receipt, Seq};
use crate::domain::notice::{NoticeAction, NoticeEvent};
use crate::domain::status::Trouble;
use crate::engine::link;
use crate::ports::{Notifier, SecretStore};
use crate::store::Wish;

/// Attends to notices until the daemon stops.
pub(super) async fn attend<N: Notifier, S: SecretStore>(shared: Arc<Shared<N, S>>) {
    while let Some(event) = shared.stop().run_until_cancelled(shared.notifier().next_event()).await {
        shared.state_notice.follow(event);
        match event {
            NoticeEvent::Chosen(_, NoticeAction::SignIn) => {
                // The notice stays until the sign-in is done, and says how else to do it.
                if let Err(error) = terminal::open(&["setup"]) {
                    tracing::warn!("no terminal could be opened: {error}");
                }
            }
            NoticeEvent::Chosen(_, NoticeAction::TakeBack) => shared.tell_link(link::Input::TakenBack),
            NoticeEvent::Chosen(
                id,
                NoticeAction::Default | NoticeAction::OpenLink | NoticeAction::MarkRead,
            )
            | NoticeEvent::Dismissed(id) => {
                let seqs = shared.announcer().gone(id);
                shared.mark_read(&seqs);
            }
            NoticeEvent::Chosen(id, NoticeAction::Acknowledge) => {
                let (seqs, receipt) = {
                    let announcer = shared.announcer();
                    let (seqs, receipt) = announcer.stands_for(id);
                    (seqs.to_vec(), receipt.cloned())
                };
                shared.mark_read(&seqs);
                if let Some(receipt) = receipt {
                    wish(&shared, receipt);
                }
            }
            NoticeEvent::Gone(id) => drop(shared.announcer().gone(id)),
            NoticeEvent::Returned => {
                shared.announcer().forget_all();
                shared.write_link(connect::Letter::NoticesReturned);
                shared.want(walks::Wanted::Announcement).await;
            }
        }
    }
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    /// Marks messages as seen to by the user, later when it cannot be done now.
    pub(super) fn mark_read(&self, seqs: &[Seq]) {
        if seqs.is_empty() {
            return;
        }
        match self.store().mark_read(seqs, clock::unix()) {
            Ok(()) => self.refresh_counts(),
            Err(error) => {
                tracing::warn!("what was read is marked later: {error}");
                self.seen_to().extend_from_slice(seqs);
            }
        }
    }
}

fn wish<N: Notifier, S: SecretStore>(shared: &Shared<N, S>, receipt: Receipt) {
    let expires = clock::unix().saturating_add(LONGEST_EMERGENCY);
    if let Err(error) = shared.wish_to_acknowledge(Wish { receipt, expires }, None) {
        // The notice is gone, but status and `handover acknowledge` still offer it.
        shared.trouble(Trouble::Acknowledgement, Some(error.to_string()));
    }
}
