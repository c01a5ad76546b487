//! The result of a check, as a value.
//!
//! Invariant: a check is one sentence, with a hint if there is something to do.

use crate::app::Problem;

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is in order.
    Ok,
    /// Messages arrive, but something could be better.
    Warning,
    /// Messages cannot arrive or cannot be shown.
    Failed,
}

impl Outcome {
    /// Its name, in text and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// The result for one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The name of the part, in one word.
    pub name: &'static str,
    /// The outcome.
    pub outcome: Outcome,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Check {
    pub(super) fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Ok, message: message.into(), hint: None }
    }

    pub(super) fn warning(name: &'static str, message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Warning, ..Self::ok(name, message) }
    }

    pub(super) fn failed(name: &'static str, message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Failed, ..Self::ok(name, message) }
    }

    pub(super) fn of_problem(name: &'static str, problem: &Problem) -> Self {
        Self { hint: problem.hint.clone(), ..Self::failed(name, &problem.message) }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
