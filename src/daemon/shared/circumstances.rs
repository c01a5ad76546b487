//! The circumstances that the policy decides by, as they are now.
//!
//! Invariant: they are read anew for each decision.

use super::Shared;
use crate::app::time_format;
use crate::domain::message::Priority;
use crate::domain::rules::Rule;
use crate::engine::policy::Circumstances;
use crate::ports::{Notifier, SecretStore};
use crate::system::clock;

/// Calls a function with the current circumstances.
pub(in crate::daemon) fn with_circumstances<N: Notifier, S: SecretStore, T>(
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
        rules: &settings.rules,
        utc_offset: utc_offset(&settings.rules),
    })
}

/// How far this computer's clock is ahead of UTC, in seconds, if that matters to a rule.
fn utc_offset(rules: &[Rule]) -> i32 {
    if rules.is_empty() { 0 } else { time_format::utc_offset() }
}
