//! Decides when to acknowledge an emergency that waits for somebody to be at the computer.
//!
//! Invariant: an emergency is acknowledged only after the user dealt with its notification, or after a presence check
//! that began after the notification appeared returned [`UserPresence::Here`], or [`UserPresence::Unknown`] if no check has
//! ever returned anything else: a screen saver that stops responding or leaves does not mean that the user is there. While an
//! emergency waits, the presence is checked at least every [`CHECK_INTERVAL`]; otherwise it is not checked.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::domain::message::Receipt;
use crate::domain::presence::UserPresence;

/// The longest until a user who is back is noticed: not every desktop reports the first input after an idle time.
pub const CHECK_INTERVAL: Duration = Duration::from_secs(15);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// All emergencies that are on the screen and not acknowledged. One that was acknowledged elsewhere, expired, or
    /// lost its notification is no longer among them.
    Waiting(BTreeSet<Receipt>),
    /// The user clicked or dismissed the notification of this emergency.
    Handled(Receipt),
    /// The answer to [`Action::Ask`].
    Answered(UserPresence),
    /// Somebody may have come or gone.
    Changed,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Find out whether somebody is at the computer, and report the answer.
    Ask,
    /// Record the request to acknowledge this emergency. If that fails, it stays among those that wait.
    Acknowledge(Receipt),
}

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwaitedPresence {
    waiting: BTreeSet<Receipt>,
    /// Emergencies to acknowledge, because somebody was here.
    due: BTreeSet<Receipt>,
    /// Whether any answer was not [`UserPresence::Unknown`], so that this computer can tell.
    was_known: bool,
    answered_at: Option<Instant>,
    question: Question,
    ask_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Question {
    #[default]
    None,
    /// It was asked, and nothing has happened since.
    Asked,
    /// It was asked, but something has happened since, so the answer may be outdated.
    Outdated,
}

impl AwaitedPresence {
    /// No emergency waits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it matters who is at the computer.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Handles an input and returns an action, if any.
    ///
    /// If there is more to do at once, [`Self::poll_timeout`] is already due.
    pub fn handle_input(&mut self, input: Input, now: Instant) -> Option<Action> {
        match input {
            Input::Waiting(waiting) => self.set_waiting(waiting, now),
            Input::Handled(receipt) => {
                self.due.remove(&receipt);
                return Some(Action::Acknowledge(receipt));
            }
            Input::Answered(presence) => self.use_answer(presence, now),
            Input::Changed => self.ask_soon(now),
        }
        self.next_action(now)
    }

    /// Returns what to do at `now`; `None` if it is too early.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Action> {
        self.next_action(now)
    }

    /// When to call [`Self::handle_timeout`]: at once if this is in the past, only after an input if it is `None`.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if !self.due.is_empty() {
            return self.answered_at;
        }
        self.ask_at.filter(|_| self.question == Question::None)
    }

    fn set_waiting(&mut self, waiting: BTreeSet<Receipt>, now: Instant) {
        let has_new = !waiting.is_subset(&self.waiting);
        self.waiting = waiting;
        self.due.retain(|receipt| self.waiting.contains(receipt));
        if self.waiting.is_empty() {
            self.ask_at = None;
        }
        if has_new {
            self.ask_soon(now);
        }
    }

    fn ask_soon(&mut self, now: Instant) {
        if self.question != Question::None {
            self.question = Question::Outdated;
        } else if self.is_waiting() {
            self.ask_at = Some(now);
        }
    }

    fn use_answer(&mut self, presence: UserPresence, now: Instant) {
        let question = std::mem::take(&mut self.question);
        self.answered_at = Some(now);
        if !self.is_waiting() {
            return;
        }
        // Also after an acknowledgement, since recording the request may fail.
        self.ask_at = Some(now + CHECK_INTERVAL);
        self.was_known |= presence != UserPresence::Unknown;
        let may_see = match presence {
            UserPresence::Here => true,
            UserPresence::Away | UserPresence::Unanswered => false,
            UserPresence::Unknown => !self.was_known,
        };
        match question {
            Question::Asked if may_see => self.due = self.waiting.clone(),
            Question::None | Question::Asked => {}
            Question::Outdated => self.ask_at = Some(now),
        }
    }

    fn next_action(&mut self, now: Instant) -> Option<Action> {
        if let Some(receipt) = self.due.pop_first() {
            return Some(Action::Acknowledge(receipt));
        }
        if self.question != Question::None || self.ask_at.is_none_or(|at| now < at) {
            return None;
        }
        (self.question, self.ask_at) = (Question::Asked, None);
        Some(Action::Ask)
    }
}

#[cfg(test)]
mod tests;
