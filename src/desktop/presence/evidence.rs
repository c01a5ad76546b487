//! Combines what the services of a desktop report, and infers the user's presence.
//!
//! Invariant: one report that the user is away outweighs all others; a missing report means unknown.

use std::time::Duration;

use crate::domain::presence::{IDLE_LIMIT, UserPresence};

/// What is known; `None` means unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Whether the session is locked, or its screen saver covers the screen.
    pub locked: Option<bool>,
    /// Whether the session is the one in the foreground of its seat.
    pub active: Option<bool>,
    /// How long ago the last input was.
    pub idle: Option<Duration>,
    /// Whether the desktop set logind's idle hint. Many desktops never do, so false means unknown.
    pub idle_hint: bool,
    /// Whether a program that could tell more did not respond.
    pub unanswered: bool,
}

impl Evidence {
    /// Combines both. If both know the time of the last input, that of `self` is used.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            locked: either(self.locked, other.locked, |one, another| one || another),
            active: either(self.active, other.active, |one, another| one && another),
            idle: self.idle.or(other.idle),
            idle_hint: self.idle_hint || other.idle_hint,
            unanswered: self.unanswered || other.unanswered,
        }
    }

    /// The presence that follows from it.
    pub fn presence(self) -> UserPresence {
        if self.locked == Some(true) || self.active == Some(false) {
            return UserPresence::Away;
        }
        match self.idle {
            Some(idle) if idle >= IDLE_LIMIT => UserPresence::Away,
            Some(_) => UserPresence::Here,
            // The hint does not say for how long.
            None if self.idle_hint => UserPresence::Away,
            // It may know that the session is locked.
            None if self.unanswered => UserPresence::Unanswered,
            None if self.locked.is_some() || self.active.is_some() => UserPresence::Here,
            None => UserPresence::Unknown,
        }
    }
}

fn either(one: Option<bool>, other: Option<bool>, both: impl Fn(bool, bool) -> bool) -> Option<bool> {
    match (one, other) {
        (Some(one), Some(other)) => Some(both(one, other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use UserPresence::{Away, Here, Unanswered, Unknown};

    use super::*;

    const NOTHING: Evidence =
        Evidence { locked: None, active: None, idle: None, idle_hint: false, unanswered: false };
    const UNANSWERED: Evidence = Evidence { unanswered: true, ..NOTHING };
    const LOCKED: Evidence = Evidence { locked: Some(true), ..NOTHING };
    const UNLOCKED: Evidence = Evidence { locked: Some(false), ..NOTHING };
    const ACTIVE: Evidence = Evidence { active: Some(true), ..NOTHING };
    const INACTIVE: Evidence = Evidence { active: Some(false), ..NOTHING };
    const IDLE_HINT: Evidence = Evidence { idle_hint: true, ..NOTHING };

    fn idle(secs: u64) -> Evidence {
        Evidence { idle: Some(Duration::from_secs(secs)), ..NOTHING }
    }

    #[test]
    fn presence_follows_from_the_evidence() {
        for (reports, presence) in [
            (vec![], Unknown),
            (vec![UNLOCKED], Here),
            (vec![ACTIVE], Here),
            (vec![LOCKED], Away),
            (vec![INACTIVE], Away),
            (vec![idle(0)], Here),
            (vec![idle(299)], Here),
            (vec![idle(300)], Away),
            (vec![IDLE_HINT], Away),
            // One report of a lock outweighs the others.
            (vec![UNLOCKED, LOCKED], Away),
            (vec![LOCKED, UNLOCKED, ACTIVE, idle(0)], Away),
            (vec![ACTIVE, INACTIVE], Away),
            (vec![INACTIVE, UNLOCKED, idle(1)], Away),
            (vec![ACTIVE, UNLOCKED, idle(301)], Away),
            (vec![ACTIVE, UNLOCKED, idle(1)], Here),
            // A desktop may set the hint after one minute, so a known time is preferred.
            (vec![ACTIVE, IDLE_HINT], Away),
            (vec![ACTIVE, IDLE_HINT, idle(60)], Here),
            (vec![UNANSWERED], Unanswered),
            (vec![ACTIVE, UNANSWERED], Unanswered),
            (vec![LOCKED, UNANSWERED], Away),
            (vec![UNANSWERED, idle(1)], Here),
            // The first known time is used.
            (vec![idle(400), idle(0)], Away),
            (vec![idle(0), idle(400)], Here),
        ] {
            let evidence = reports.iter().copied().fold(NOTHING, Evidence::and);
            assert_eq!(evidence.presence(), presence, "{reports:?}");
        }
    }
}
