//! A pause, during which no message below a chosen priority is shown.
//!
//! Invariant: a pause does not affect receiving: messages are recorded, and deleted from the service, as usual.

use std::time::Duration;

/// When a pause ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PausedUntil {
    /// Unix seconds.
    Time(i64),
    /// Until the user resumes.
    Forever,
}

/// How long the user wants to pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseSpan {
    /// This long, from now.
    For(Duration),
    /// Until the next morning.
    TomorrowMorning,
    /// Until they resume.
    Forever,
}

/// A pause under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paused {
    /// When it ends.
    pub until: PausedUntil,
    /// The end in words, in local time: `until 14:30`, `until tomorrow 08:00`, `until resumed`.
    pub words: String,
}
