//! Shows messages on request: one with its whole text, several in a list.
//!
//! Invariant: a message is marked as read only once its whole text is on the screen.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::timeout;

use super::media::WaitBudget;
use crate::app::Problem;
use crate::daemon::shared::Shared;
use crate::daemon::shared::circumstances::with_circumstances;
use crate::domain::media::Media;
use crate::domain::message::{Entry, Seq};
use crate::domain::notification::{Notification, NotificationId};
use crate::engine::announce::reading::{self, List};
use crate::engine::policy::sound::SoundChoice;
use crate::ports::{Notifier, SecretStore, ShowError};
use crate::store::Store;

/// How long each notification waits for the notification server.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The most messages that are read for a list.
const LISTED: usize = 100;

/// Shows a message with its whole text and marks it as read, or several in a list.
pub(in crate::daemon) async fn show_messages<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    seqs: Vec<Seq>,
) -> Result<String, Problem> {
    let wanted = seqs.clone();
    let read = move |log: &Store| {
        let latest = wanted.iter().rev().take(LISTED);
        latest.map(|seq| log.entry(*seq)).collect::<Result<Vec<_>, _>>()
    };
    let latest: Vec<Entry> = shared.log(read).await?.into_iter().flatten().collect();
    let reader = shared.reader_for(&latest).await;
    let latest: Vec<Entry> = latest.into_iter().map(|entry| reader.open(entry)).collect();
    let limit = shared.notifier().text_limit();
    match &latest[..] {
        [] => {
            return Err(Problem::new("the message cannot be shown", "it is no longer in the message log"));
        }
        [entry] => {
            let (parts, media) = with_circumstances(shared, false, None, |circumstances| {
                reading::message(entry, limit, circumstances)
            });
            let shown = show_parts(shared, parts, media).await?;
            // This closes the notification that announced it.
            shared.mark_read_and_close(&[entry.seq]).await?;
            for id in shown {
                shared.announcer().shown_to_read(id, &[entry.seq], vec![entry.seq]);
            }
        }
        latest => {
            let (parts, list) = with_circumstances(shared, false, None, |circumstances| {
                reading::messages(latest, seqs.len(), limit, circumstances)
            });
            for id in show_parts(shared, parts, SoundChoice::SILENT.into()).await? {
                shared.announcer().shown_to_read(id, &seqs, list.whole.clone());
            }
            shared.note_listed(latest, &list).await;
        }
    }
    Ok("shown".to_owned())
}

impl<N: Notifier, S: SecretStore> Shared<N, S> {
    /// Takes note that a list on the screen names these messages: what was held back of them needs no notification, and the
    /// counts and summaries that say no more than the list are closed.
    pub(in crate::daemon) async fn note_listed(&self, latest: &[Entry], list: &List) {
        let named: BTreeSet<Seq> = list.named.iter().copied().collect();
        let listed: Vec<&Entry> = latest.iter().filter(|entry| named.contains(&entry.seq)).collect();
        let repeated = {
            let mut announcer = self.announcer();
            announcer.note_listed(&listed);
            announcer.notifications_of_several(&named)
        };
        for id in repeated {
            let (seqs, _) = self.messages_for(id);
            let others: Vec<Seq> = seqs.into_iter().filter(|seq| !named.contains(seq)).collect();
            // When the message log cannot be read, the notification stays.
            if others.is_empty() || self.log(move |log| log.are_read(&others)).await.unwrap_or(false) {
                self.announcer().gone(id);
                self.notifier().close(id).await;
            }
        }
    }
}

async fn show_parts<N: Notifier, S: SecretStore>(
    shared: &Shared<N, S>,
    parts: Vec<Notification>,
    media: Media,
) -> Result<Vec<NotificationId>, Problem> {
    let mut shown = Vec::new();
    for mut part in parts {
        shared.attach_media(&mut part, media.clone(), &[], &mut WaitBudget::none()).await;
        let outcome = timeout(TIMEOUT, shared.notifier().show(&part)).await;
        let outcome = outcome.unwrap_or_else(|_elapsed| {
            Err(ShowError::NoServer("the notification server does not respond".into()))
        });
        shown
            .push(outcome.map_err(|why| Problem::new("the message cannot be shown", &why).hint(why.hint()))?);
    }
    Ok(shown)
}
