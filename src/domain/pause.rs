//! A pause: for a while nothing below a priority of the user's choice is shown.
//!
//! Invariant: a pause says nothing about receiving: what comes meanwhile is recorded and deleted as ever.

use std::time::Duration;

/// The moment a pause ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PausedUntil {
    /// Unix seconds.
    Time(i64),
    /// Until the user resumes.
    Forever,
}

/// How long a user asks to be left alone.
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
    /// The same in words, local time: `until 14:30`, `until tomorrow 08:00`, `until resumed`.
    pub words: String,
}
