//! When an emergency is acknowledged that waits for somebody to be at the computer.
//!
//! Invariant: an emergency is acknowledged only when a person dealt with its notification, or when the answer to a
//! question asked after its notification appeared was not [`UserPresence::Away`]. While an emergency waits, the question
//! is asked again within [`CHECK_INTERVAL`]; while none does, nothing is asked.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::domain::message::Receipt;
use crate::domain::presence::UserPresence;

/// How long it may take to notice that somebody is back: not every desktop reports the first input after an idle time.
pub const CHECK_INTERVAL: Duration = Duration::from_secs(15);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// These emergencies have a notification on the screen, and nobody acknowledged them: all there are now. One that
    /// was acknowledged elsewhere, expired, or lost its notification is no longer among them.
    Waiting(BTreeSet<Receipt>),
    /// A person clicked on the notification of this emergency, or dismissed it.
    Handled(Receipt),
    /// The answer to [`Action::Ask`].
    Answered(UserPresence),
    /// Somebody may have come or gone.
    Changed,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Find out whether somebody is at the computer, and pass on the answer.
    Ask,
    /// Record the request to acknowledge this emergency. When that fails, it stays among those that wait.
    Acknowledge(Receipt),
}

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwaitedPresence {
    waiting: BTreeSet<Receipt>,
    /// Emergencies that somebody was here for, still to be acknowledged.
    due: BTreeSet<Receipt>,
    answered_at: Option<Instant>,
    question: Question,
    ask_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Question {
    #[default]
    None,
    /// It was asked, and nothing happened since.
    Asked,
    /// It was asked, and the answer may be older than what happened since.
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

    /// Handles what happened and returns what to do, if anything.
    ///
    /// There may be more to do at once: then [`Self::poll_timeout`] is already due.
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

    /// Returns what to do at `now`; `None` when it was called too early.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Action> {
        self.next_action(now)
    }

    /// When to call [`Self::handle_timeout`]: a time in the past means at once, `None` means only after an input.
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
        // Also after an acknowledgement: the request may not have been recorded.
        self.ask_at = Some(now + CHECK_INTERVAL);
        match (question, presence) {
            (Question::None, _) | (Question::Asked, UserPresence::Away) => {}
            (Question::Asked, UserPresence::Here | UserPresence::Unknown) => self.due = self.waiting.clone(),
            (Question::Outdated, _) => self.ask_at = Some(now),
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
