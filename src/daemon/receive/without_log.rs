//! The message path while the message log cannot be written: messages are still shown.
//!
//! Invariant: each message is shown once, as `unsaved` keeps track of it.

use std::collections::BTreeMap;

use super::MessagePath;
use super::plan::{Batch, PlannedStep, ShowOutcome, Unmarked};
use super::unsaved::{Saved, marked_unsaved};
use crate::daemon::desktop::media;
use crate::daemon::shared::circumstances::with_circumstances;
use crate::daemon::sync::outcome::Failure;
use crate::domain::account::DeviceId;
use crate::domain::message::{Entry, LONGEST_EMERGENCY, MessageId, Priority, Seq};
use crate::domain::notification::NotificationId;
use crate::engine::pause::is_over;
use crate::ports::{Notifier, SecretStore};
use crate::store::{self, PendingAck, Store};
use crate::system::clock;

impl<N: Notifier, S: SecretStore> MessagePath<N, S> {
    /// Shows the messages that could not be saved, each once.
    pub(super) async fn show_unsaved(
        &mut self,
        device: &DeviceId,
        why: &store::Error,
    ) -> Result<(), Failure> {
        self.take_late_answer().await?;
        let waiting = self.unsaved.waiting();
        if waiting.is_empty() {
            return Ok(());
        }
        self.shared.reattach_notifications().await;
        let reader = self.shared.reader_for(&waiting).await;
        let entries: Vec<Entry> = waiting.into_iter().map(|entry| reader.open(entry)).collect();
        let pause_changes = self.shared.pause_changed.subscribe();
        let (breaks_through, initial_sync) = self.circumstances_without_log(device).await;
        let plan = with_circumstances(&self.shared, initial_sync, breaks_through, |circumstances| {
            self.shared.announcer().plan(&entries, circumstances)
        });
        let mut budget = media::WaitBudget::new();
        let why = why.to_string();
        for step in plan {
            // Skipped and held messages are decided on again once they are saved.
            let PlannedStep::Show(mut to_show) = PlannedStep::new(step, &entries) else { continue };
            let marked = marked_unsaved(&to_show.notification, &why);
            to_show.original = Some(Box::new(std::mem::replace(&mut to_show.notification, marked)));
            let outcome = self.show(to_show, &pause_changes, &mut budget).await?;
            self.report(&outcome).await;
            match outcome {
                ShowOutcome::AllShown | ShowOutcome::Refused(_) => {}
                ShowOutcome::NoServer(_) | ShowOutcome::PauseChanged => break,
            }
        }
        Ok(())
    }

    /// The lowest priority that breaks through the pause, and whether this is the initial sync, as far as the message
    /// log can be read.
    async fn circumstances_without_log(&self, device: &DeviceId) -> (Option<Priority>, bool) {
        let pause = self.shared.log(Store::pause).await.unwrap_or(None);
        let pause = pause.filter(|until| !is_over(*until, clock::unix()));
        let device = device.clone();
        let is_done = self.shared.log(move |log| log.is_initial_sync_done(&device)).await.unwrap_or(true);
        (pause.map(|_| self.shared.settings().pause.break_through), !is_done)
    }

    /// Catches up on messages that are now saved: those on the screen are marked as announced before anything else is
    /// shown, and their notifications lose the "not saved" line.
    pub(super) async fn take_saved(&mut self, batch: &Batch) -> Result<(), Failure> {
        if self.unsaved.is_empty() {
            return Ok(());
        }
        let saved = self.unsaved.take_saved(batch.durable.keys().copied());
        let rows = self.rows_of(&saved).await?;
        self.shared.announcer().renumber(&rows);
        let mut by_notification: BTreeMap<NotificationId, Unmarked> = BTreeMap::new();
        for Saved { before, on_screen, pending_ack, receipt, is_read, is_read_by_rule, .. } in saved {
            let (Some(row), Some((id, original))) = (rows.get(&before), on_screen) else { continue };
            let id = self.shared.announcer().current(id);
            if is_read {
                self.read.push(*row);
            }
            // The user dealt with the notification, so somebody is here.
            let handled = receipt.filter(|_| is_read && self.shared.settings().emergency.is_automatic());
            let handled = handled.map(|receipt| {
                let expires = self.shared.service_unix().saturating_add(LONGEST_EMERGENCY);
                PendingAck { receipt, expires }
            });
            let unmarked = by_notification.entry(id).or_default();
            unmarked.seqs.push(*row);
            unmarked.pending_ack = unmarked.pending_ack.take().or(pending_ack).or(handled);
            unmarked.read.extend(is_read_by_rule.then_some(*row));
            if !self.shared.messages_for(id).0.is_empty() {
                self.shared.notifier().update(id, &original).await;
            }
        }
        for (id, unmarked) in by_notification {
            let on_screen = self.on_screen(id).filter(|on_screen| !on_screen.seqs.is_empty());
            self.unmarked.push(Unmarked { on_screen, ..unmarked });
        }
        Ok(())
    }

    /// The new rows of messages, by their row numbers before they were saved.
    async fn rows_of(&self, saved: &[Saved]) -> Result<BTreeMap<Seq, Seq>, Failure> {
        let messages: Vec<(MessageId, Seq)> = saved.iter().map(|saved| (saved.id, saved.before)).collect();
        let rows = self.shared.log(move |log| {
            let mut rows = BTreeMap::new();
            for (id, before) in messages {
                rows.extend(log.seqs_of(&[id])?.last().map(|row| (before, *row)));
            }
            Ok(rows)
        });
        Ok(rows.await?)
    }
}
