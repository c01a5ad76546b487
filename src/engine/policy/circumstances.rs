//! What a verdict depends on besides the message.
//!
//! Invariant: nothing here is about a single message.

use crate::domain::account::SoundPreferences;
use crate::domain::message::Priority;
use crate::domain::rules::Rule;
use crate::domain::settings::{Backlog, Emergency, SoundSetting};

/// The time, the state of the account, and the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances<'a> {
    /// The time by this computer's clock, unix seconds.
    pub unix: i64,
    /// The time by the service's clock, unix seconds.
    pub service_unix: i64,
    /// Whether this is the first download after registering.
    pub initial_sync: bool,
    /// Whether the user's quiet hours are on.
    pub quiet_hours: bool,
    /// During a pause, the lowest priority that is shown all the same.
    pub paused: Option<Priority>,
    /// What to show of messages that waited at the service.
    pub backlog: Backlog,
    /// When an emergency is acknowledged.
    pub emergency: Emergency,
    /// Which messages make a sound.
    pub sound: SoundSetting,
    /// The sounds that the user chose for this device on the service's web site.
    pub sound_preferences: &'a SoundPreferences,
    /// The schemes of links that may be opened, in lower case.
    pub open_links: &'a [&'a str],
    /// The user's rules, in order.
    pub rules: &'a [Rule],
    /// How far this computer's clock is ahead of UTC, in seconds: the hours and days of rules go by it.
    pub utc_offset: i32,
}
