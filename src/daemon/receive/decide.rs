//! The step of the message path that decides how each message is announced: it reads the messages and asks the engine.
//!
//! Invariant: nothing is shown or marked here.

use std::collections::btree_map;
use std::mem;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::MessagePath;
use super::page::{PageRead, Position};
use super::plan::{DeviceBacklog, Pages, Plan, PlannedStep, by_device};
use crate::app::e2ee::Reader;
use crate::app::time_format;
use crate::daemon::desktop::media::WaitBudget;
use crate::daemon::shared::channels::PresenceCommand;
use crate::daemon::shared::circumstances::with_circumstances;
use crate::daemon::sync::outcome::Failure;
use crate::domain::account::DeviceId;
use crate::domain::message::{Entry, Priority, Receipt};
use crate::engine::announce::{self, Acknowledged, Step, WaitingMessages};
use crate::ports::{Notifier, SecretStore};
use crate::store::Store;
use crate::system::clock;

impl<N: Notifier, S: SecretStore> MessagePath<N, S> {
    /// Plans the next messages that are not announced yet, beginning with those that a pause held back.
    pub(super) async fn decide(&self, pages: &mut Pages) -> Result<Plan, Failure> {
        let shared = &self.shared;
        shared.reattach_notifications().await;
        let only_emergencies = pages.only_emergencies;
        let page = if let Some(page) = pages.first.take() {
            page
        } else {
            let position = self.position(pages);
            shared.log(move |log| position.read(log)).await?
        };
        let PageRead { pause, pause_changes, anything_held, last, entries, has_more, initial_sync } = page;
        let breaks_through = pause.map(|_| shared.settings().pause.break_through);

        let mut steps = Vec::new();
        let is_first_page = pages.after.is_none() && !only_emergencies;
        if is_first_page {
            steps.extend(self.check_held(pages, anything_held, breaks_through).await?);
        }
        pages.after = last;
        let reader = shared.reader_for(&entries).await;
        for (device, page) in by_device(entries.into_iter(), &reader) {
            let backlog = match pages.devices.entry(device) {
                btree_map::Entry::Occupied(backlog) => backlog.into_mut(),
                btree_map::Entry::Vacant(place) => {
                    let initial_sync = initial_sync.contains(place.key());
                    let ordinary = if has_more {
                        self.ordinary(place.key(), &reader, initial_sync, breaks_through).await?
                    } else {
                        with_circumstances(shared, initial_sync, breaks_through, |circumstances| {
                            WaitingMessages::among(&page, circumstances)
                        })
                    };
                    place.insert(DeviceBacklog { initial_sync, ordinary })
                }
            };
            let plan = with_circumstances(shared, backlog.initial_sync, breaks_through, |circumstances| {
                shared.announcer().plan_page(&page, &backlog.ordinary, circumstances)
            });
            let again = self.decide_again(&plan, breaks_through).await?;
            if let Some(held) = &mut pages.held {
                for step in &plan {
                    held.note(held_until(step));
                }
            }
            steps.extend(plan.into_iter().chain(again).map(|step| PlannedStep::new(step, &page)));
        }
        // Lost notifications are shown again even if there are no new messages.
        let again = self.decide_again(&[], breaks_through).await?;
        steps.extend(again.into_iter().map(|step| PlannedStep::new(step, &[])));
        if !has_more {
            let backlogs = mem::take(&mut pages.devices).into_values();
            let summaries = backlogs.filter_map(|backlog| backlog.ordinary.into_step());
            steps.extend(summaries.map(|step| PlannedStep::new(step, &[])));
        }
        Ok(Plan { steps, has_more, pause_changes })
    }

    /// Where the first page begins, if it may be read right after the last message of a download is recorded; `None` if
    /// something else has to be written to the message log first, or if another process will read the page. Reading it
    /// ends the initial sync.
    pub(super) fn first_position(&self) -> Option<Position> {
        let nothing_to_write = self.unmarked.is_empty() && self.read.is_empty() && self.unsaved.is_empty();
        if self.only_emergencies
            || !nothing_to_write
            || self.showing.is_waiting()
            || !self.shared.reattached.initialized()
        {
            return None;
        }
        Some(self.position(&Pages::default()))
    }

    fn position(&self, pages: &Pages) -> Position {
        Position {
            after: pages.after.clone(),
            only_emergencies: pages.only_emergencies,
            known: pages.devices.keys().cloned().collect(),
            expired_at: (!self.expiry_is_certain()).then(clock::unix),
            pause_changes: self.shared.pause_changed.subscribe(),
        }
    }

    /// Decides which emergencies are shown again after these steps. The message log is read only if there are any.
    async fn decide_again(
        &self,
        plan: &[Step],
        breaks_through: Option<Priority>,
    ) -> Result<Vec<Step>, Failure> {
        let shared = &self.shared;
        let limit = shared.notifier().standing_limit();
        let seqs = shared.announcer().to_show_again(plan, limit);
        if seqs.is_empty() {
            return Ok(Vec::new());
        }
        let read =
            move |log: &Store| seqs.into_iter().map(|seq| log.entry(seq)).collect::<Result<Vec<_>, _>>();
        let entries: Vec<Entry> = shared.log(read).await?.into_iter().flatten().collect();
        let reader = shared.reader_for(&entries).await;
        let entries: Vec<Entry> = entries.into_iter().map(|entry| reader.open(entry)).collect();
        let again = with_circumstances(shared, false, breaks_through, |circumstances| {
            shared.announcer().plan_again(&entries, plan, limit, circumstances)
        });
        // If showing them fails, they are due again later.
        shared.on_screen.notify_one();
        Ok(again)
    }

    /// Says on the notification of an emergency that it was acknowledged here.
    pub(in crate::daemon) async fn say_acknowledged(&self, receipt: &Receipt) {
        let unix = clock::unix();
        let when = time_format::words(unix, unix, &TimeZone::system());
        self.amend(receipt, Acknowledged::HereAt(when.as_deref())).await;
    }

    /// Says on the notifications of emergencies that they were acknowledged on another device.
    pub(super) async fn amend_acknowledged_elsewhere(&self, receipts: &[Receipt]) -> Result<(), Failure> {
        for receipt in receipts {
            let acknowledged = receipt.clone();
            self.shared.log(move |log| log.mark_acknowledged(&acknowledged, clock::unix())).await?;
            self.amend(receipt, Acknowledged::Elsewhere).await;
        }
        Ok(())
    }

    /// Says on the notification of an emergency that it is over, and lets the next emergency come to the front.
    pub(super) async fn amend(&self, receipt: &Receipt, acknowledged: Acknowledged<'_>) {
        let shared = &self.shared;
        let Some(id) = shared.announcer().notification_of(receipt) else { return };
        let (seqs, _) = shared.messages_for(id);
        let Some(seq) = seqs.last().copied() else { return };
        let entry = match shared.log(move |log| log.entry(seq)).await {
            Ok(entry) => entry,
            Err(error) => return tracing::warn!("an acknowledged emergency cannot be read: {error}"),
        };
        let Some(entry) = entry.map(|entry| shared.reader_now().open(entry)) else { return };
        let (mut notification, media) = with_circumstances(shared, false, None, |circumstances| {
            announce::acknowledged(&entry, acknowledged, circumstances)
        });
        shared.attach_media(&mut notification, media, &[], &mut WaitBudget::none()).await;
        // The user may have closed it meanwhile.
        if shared.announcer().step_back(id) {
            shared.notifier().update(id, &notification).await;
            shared.to.presence(PresenceCommand::Changed);
        }
    }

    /// The ordinary messages of a device, read one by one: there are many.
    async fn ordinary(
        &self,
        device: &DeviceId,
        reader: &Reader,
        initial_sync: bool,
        breaks_through: Option<Priority>,
    ) -> Result<WaitingMessages, Failure> {
        let (shared, device, reader) = (Arc::clone(&self.shared), device.clone(), reader.clone());
        let is_certain = self.expiry_is_certain();
        let read = self.shared.log(move |log| {
            with_circumstances(&shared, initial_sync, breaks_through, |circumstances| {
                let mut ordinary = WaitingMessages::default();
                log.each_unannounced(&device, |entry| {
                    if is_certain || !entry.message.is_expired(clock::unix()) {
                        ordinary.add(&reader.open(entry), circumstances);
                    }
                })?;
                Ok(ordinary)
            })
        });
        Ok(read.await?)
    }

    /// Whether the service's time is known. This computer's clock may be wrong, so a message that is expired by that
    /// clock alone waits until the service has responded.
    pub(super) fn expiry_is_certain(&self) -> bool {
        self.shared.rest().service_time().is_some()
    }
}

/// When a rule lets the messages of a step be shown, if it holds them back.
fn held_until(step: &Step) -> Option<i64> {
    match step {
        Step::Hold { until, .. } => *until,
        Step::Show { .. } | Step::Skip { .. } => None,
    }
}
