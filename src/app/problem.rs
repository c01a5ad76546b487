//! A failure in words for the user: what failed, why, and what to do about it.
//!
//! Invariant: it contains no secret and no message text, and can be understood without reading a log.

use std::fmt;
use std::io;

use crate::domain::status::{Cause, LinkState};
use crate::domain::system;
use crate::{config, control, ports, pushover, store};

/// The kind of a failure. Each kind has its own exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something went wrong.
    Failed,
    /// The command line is invalid.
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

    /// Something went wrong, in a sentence that says both what and why.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, message: message.into(), hint: None }
    }

    /// A system call failed.
    pub fn of_system(what: &str, error: &io::Error) -> Self {
        Self::new(what, system::in_words(error))
    }

    /// Something went wrong, with the hint of its cause.
    pub fn because(what: &str, cause: Cause) -> Self {
        Self { hint: cause.hint, ..Self::new(what, cause.why) }
    }

    /// Nobody is signed in.
    pub fn not_signed_in() -> Self {
        Self { kind: Kind::NotSignedIn, message: "not signed in: no login is saved here".into(), hint: None }
            .hint("run `handover setup` to sign in")
    }

    /// The daemon's reply does not match the command.
    pub fn unexpected_reply() -> Self {
        Self::failed("unexpected reply; are the versions of command and daemon the same?")
            .hint("restart the daemon: `handover quit`, then start it again")
    }

    /// No daemon is running.
    pub fn not_running() -> Self {
        Self { kind: Kind::NotRunning, message: "the daemon is not running".into(), hint: None }
            .hint("start it with `handover start`")
    }

    /// The failure in a notification, in the same words as on a terminal.
    pub fn in_lines(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        format!("error: {}{hint}", self.message)
    }

    /// The failure with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The failure with another kind.
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
        let problem = Self::new("the message log cannot be used", &error);
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
            control::Error::OlderDaemon => {
                Self::failed(error.to_string()).hint("restart it: `handover quit`, then start it again")
            }
            control::Error::Broken(_) => Self::new("the daemon cannot be reached", error),
        }
    }
}

/// A failure of the service, with what the user of a command can do.
pub fn of_service(what: &str, error: &pushover::Error) -> Problem {
    let hint = match error.remedy() {
        pushover::Remedy::SignIn => SIGN_IN,
        pushover::Remedy::Retry | pushover::Remedy::RetryAfter(_) => {
            obstacle_hint(error).unwrap_or("check the network, or try again later")
        }
        pushover::Remedy::License => BUY,
        pushover::Remedy::Bug => REPORT,
    };
    Problem::new(what, error).hint(hint)
}

/// A failure of the service, with a hint for the daemon, which retries automatically.
impl From<&pushover::Error> for Cause {
    fn from(error: &pushover::Error) -> Self {
        let hint = match error.remedy() {
            pushover::Remedy::SignIn => LinkState::Refused.hint().unwrap_or(SIGN_IN),
            pushover::Remedy::Retry | pushover::Remedy::RetryAfter(_) => {
                obstacle_hint(error).unwrap_or("wait; it is retried automatically")
            }
            pushover::Remedy::License => BUY,
            pushover::Remedy::Bug => REPORT,
        };
        Self::new(error, hint)
    }
}

fn obstacle_hint(error: &pushover::Error) -> Option<&'static str> {
    let pushover::Error::Unreachable(obstacle) = error else { return None };
    Some(obstacle.hint())
}

/// How far this computer's clock may be off before it is reported, in seconds.
const CLOCK_TOLERANCE: i64 = 120;

/// The issue of a clock that is this many seconds ahead of the service's; `None` if it is right.
pub fn wrong_clock(ahead: i64) -> Option<Cause> {
    let off = ahead.saturating_abs();
    if off <= CLOCK_TOLERANCE {
        return None;
    }
    let (amount, unit) = match off {
        ..7_200 => (off / 60, "minutes"),
        7_200..172_800 => (off / 3_600, "hours"),
        172_800.. => (off / 86_400, "days"),
    };
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    Some(Cause::new(
        format!("this computer's clock is {amount} {unit} {direction} the service's"),
        "let the system set it, for example with `timedatectl set-ntp true`",
    ))
}

/// What to do when the login is not accepted.
pub const SIGN_IN: &str = "sign in again with `handover setup`; your messages are kept";

/// What to do without a licence.
pub const BUY: &str = "buy a licence for Pushover for Desktop at https://pushover.net/licensing";

const REPORT: &str = "the service rejected the request; please report this";

impl From<&store::Error> for Cause {
    fn from(error: &store::Error) -> Self {
        Self { why: error.to_string(), hint: error.hint().map(str::to_owned) }
    }
}

impl From<&config::Error> for Cause {
    fn from(error: &config::Error) -> Self {
        Self::new(error, error.hint())
    }
}

impl From<&ports::ShowError> for Cause {
    fn from(error: &ports::ShowError) -> Self {
        Self::new(error, error.hint())
    }
}

impl From<&Problem> for Cause {
    fn from(problem: &Problem) -> Self {
        Self { why: problem.message.clone(), hint: problem.hint.clone() }
    }
}
