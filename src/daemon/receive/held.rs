//! When the messages that were held back are checked again, by a pause or by a rule.
//!
//! Invariant: they are checked whenever the pause, the settings or the time may let one of them be shown. What holds a message back
//! is not recorded: a restart asks the pause and the rules again.

use std::sync::Arc;

use super::MessagePath;
use super::plan::{HeldCheck, Pages, PlannedStep};
use crate::daemon::shared::circumstances::with_circumstances;
use crate::daemon::sync::outcome::Failure;
use crate::domain::message::Priority;
use crate::engine::announce::HeldMessages;
use crate::ports::{Notifier, SecretStore};
use crate::system::clock;

impl<N: Notifier, S: SecretStore> MessagePath<N, S> {
    /// When a rule lets the next held message be shown, unix seconds.
    pub(in crate::daemon) fn next_release(&self) -> Option<i64> {
        self.held.as_ref()?.release
    }

    /// Decides about the held messages, unless the latest check still holds: all of them are shown without a pause, except
    /// what a rule holds; else what breaks through.
    pub(super) async fn check_held(
        &self,
        pages: &mut Pages,
        anything_held: bool,
        breaks_through: Option<Priority>,
    ) -> Result<Vec<PlannedStep>, Failure> {
        let settings = self.shared.settings();
        let latest = pages.held.take();
        if let Some(latest) = latest.filter(|latest| latest.holds(breaks_through, &settings, clock::unix())) {
            pages.held = Some(latest);
            return Ok(Vec::new());
        }
        let (release, steps) =
            if anything_held { self.decide_held(breaks_through).await? } else { (None, Vec::new()) };
        pages.held = Some(HeldCheck { breaks_through, settings, release });
        Ok(steps)
    }

    async fn decide_held(
        &self,
        breaks_through: Option<Priority>,
    ) -> Result<(Option<i64>, Vec<PlannedStep>), Failure> {
        let shared = Arc::clone(&self.shared);
        let reader = shared.reader_for_held().await?;
        let is_certain = self.expiry_is_certain();
        // They are read one by one: there may be many.
        let plan = self.shared.log(move |log| {
            with_circumstances(&shared, false, breaks_through, |circumstances| {
                let mut held = HeldMessages::new(*circumstances)
                    .after_pause(log.latest_pause()?)
                    .except_listed(shared.announcer().listed());
                log.each_held(|entry| {
                    if is_certain || !entry.message.is_expired(clock::unix()) {
                        held.add(reader.open(entry));
                    }
                })?;
                Ok((held.release(), shared.announcer().plan_held(held)))
            })
        });
        let (release, plan) = plan.await?;
        Ok((release, plan.into_iter().map(|step| PlannedStep::new(step, &[])).collect()))
    }
}
