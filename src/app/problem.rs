//! A failure in words for a person: what failed, why, and what to do about it.
//!
//! Invariant: no secret, no message text, and nothing that needs a log to be understood.

use std::fmt;

use crate::{config, control, ports, pushover, store};

/// What kind of failure it is; each kind has an exit code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something went wrong.
    Failed,
    /// The command line made no sense.
    Usage,
    /// Nobody is signed in.
    NotSignedIn,
    /// No daemon is running.
    NotRunning,
}

/// A failure, ready to be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub kind: Kind,
    /// `<what failed>: <why>`.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// Something went wrong.
    pub fn new(what: &str, why: impl fmt::Display) -> Self {
        Self { kind: Kind::Failed, message: format!("{what}: {why}"), hint: None }
    }

    /// Nobody is signed in.
    pub fn not_signed_in() -> Self {
        Self { kind: Kind::NotSignedIn, message: "not signed in: no login is saved here".into(), hint: None }
            .hint("run `handover setup` to sign in")
    }

    /// No daemon is running.
    pub fn not_running() -> Self {
        Self { kind: Kind::NotRunning, message: "not running: no daemon answers here".into(), hint: None }
            .hint("start it with `handover run`")
    }

    /// The same words as on a terminal, for a notice.
    pub(super) fn in_lines(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        format!("error: {}{hint}", self.message)
    }

    /// The same failure with a word on what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same failure, of another kind.
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl From<ports::SecretProblem> for Problem {
    fn from(problem: ports::SecretProblem) -> Self {
        Self { kind: Kind::Failed, message: problem.message, hint: Some(problem.hint) }
    }
}

impl From<config::Error> for Problem {
    fn from(error: config::Error) -> Self {
        Self::new("the settings cannot be used", &error).hint(error.hint())
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        let problem = Self::new("the log of messages cannot be used", &error);
        match error.hint() {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

impl From<control::Error> for Problem {
    fn from(error: control::Error) -> Self {
        match error {
            control::Error::NotRunning => Self::not_running(),
            control::Error::Refused { message, hint, not_signed_in } => {
                let kind = if not_signed_in { Kind::NotSignedIn } else { Kind::Failed };
                Self { kind, message, hint }
            }
            control::Error::Broken(_) => Self::new("the daemon cannot be reached", error),
        }
    }
}

/// Puts a failure of the service into words, with what the user can do.
pub fn of_service(what: &str, error: &pushover::Error) -> Problem {
    let problem = Problem::new(what, error);
    if let pushover::Error::Unreachable(obstacle) = error {
        return problem.hint(obstacle.hint());
    }
    match error.remedy() {
        pushover::Remedy::Retry | pushover::Remedy::RetryAfter(_) => {
            problem.hint("check the network, or try again in a little while")
        }
        pushover::Remedy::SignIn => {
            problem.hint("check what you typed, or sign in again with `handover setup`")
        }
        pushover::Remedy::License => problem.hint("the account needs a licence for Pushover for Desktop"),
        pushover::Remedy::Bug => {
            problem.hint("the service did not like what it was sent; please report this")
        }
    }
}
