//! What the services of a desktop say, and what follows from it.
//!
//! Invariant: one word that nobody can be at the computer outweighs everything else; silence is never taken for a word.

use std::time::Duration;

use crate::domain::presence::{IDLE_LIMIT, UserPresence};

/// What is known; `None` where nothing said so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Whether the session is locked, or its screen saver covers the screen.
    pub locked: Option<bool>,
    /// Whether the session is the one in the foreground of its seat.
    pub active: Option<bool>,
    /// How long ago the last input was.
    pub idle: Option<Duration>,
    /// Whether the desktop told logind that nobody uses it. Many desktops never do, so only a yes is known.
    pub said_idle: bool,
}

impl Evidence {
    /// What both say together. Where both know the time of the last input, this one counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            locked: either(self.locked, other.locked, |one, another| one || another),
            active: either(self.active, other.active, |one, another| one && another),
            idle: self.idle.or(other.idle),
            said_idle: self.said_idle || other.said_idle,
        }
    }

    /// What follows from it.
    pub fn presence(self) -> UserPresence {
        if self.locked == Some(true) || self.active == Some(false) {
            return UserPresence::Away;
        }
        match self.idle {
            Some(idle) if idle >= IDLE_LIMIT => UserPresence::Away,
            Some(_) => UserPresence::Here,
            // For how long it was left alone is not said, only that the desktop finds it long.
            None if self.said_idle => UserPresence::Away,
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
    use UserPresence::{Away, Here, Unknown};

    use super::*;

    const NOTHING: Evidence = Evidence { locked: None, active: None, idle: None, said_idle: false };
    const LOCKED: Evidence = Evidence { locked: Some(true), ..NOTHING };
    const UNLOCKED: Evidence = Evidence { locked: Some(false), ..NOTHING };
    const ACTIVE: Evidence = Evidence { active: Some(true), ..NOTHING };
    const INACTIVE: Evidence = Evidence { active: Some(false), ..NOTHING };
    const SAID_IDLE: Evidence = Evidence { said_idle: true, ..NOTHING };

    fn idle(secs: u64) -> Evidence {
        Evidence { idle: Some(Duration::from_secs(secs)), ..NOTHING }
    }

    #[test]
    fn what_is_known_of_the_session_decides() {
        for (said, presence) in [
            (vec![], Unknown),
            (vec![UNLOCKED], Here),
            (vec![ACTIVE], Here),
            (vec![LOCKED], Away),
            (vec![INACTIVE], Away),
            (vec![idle(0)], Here),
            (vec![idle(299)], Here),
            (vec![idle(300)], Away),
            (vec![SAID_IDLE], Away),
            // One that says locked outweighs those that do not know of it.
            (vec![UNLOCKED, LOCKED], Away),
            (vec![LOCKED, UNLOCKED, ACTIVE, idle(0)], Away),
            (vec![ACTIVE, INACTIVE], Away),
            (vec![INACTIVE, UNLOCKED, idle(1)], Away),
            (vec![ACTIVE, UNLOCKED, idle(301)], Away),
            (vec![ACTIVE, UNLOCKED, idle(1)], Here),
            // A desktop may call itself idle after one minute; who knows the time knows better.
            (vec![ACTIVE, SAID_IDLE], Away),
            (vec![ACTIVE, SAID_IDLE, idle(60)], Here),
            // The first that knows the time counts.
            (vec![idle(400), idle(0)], Away),
            (vec![idle(0), idle(400)], Here),
        ] {
            let evidence = said.iter().copied().fold(NOTHING, Evidence::and);
            assert_eq!(evidence.presence(), presence, "{said:?}");
        }
    }
}
