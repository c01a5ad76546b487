//! Sends a request as the service asks for: one at a time, with pauses after an outage, and never twice.
//!
//! Invariant: a request is repeated only when the service did not take it.

use std::time::Duration;

use super::secrets::Keys;
use crate::app::Problem;
use crate::app::time_format;
use crate::ports::SecretStore;
use crate::pushover::{Accepted, Fate, Quota, Rest, Unsent};
use crate::system::clock;

/// How often a request is tried while the service is not available.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// How many requests are made at most.
    pub attempts: u32,
    /// The longest time between two of them; where the service asks for more, the next one is left to the user.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 3, longest_wait: Duration::from_secs(30) }
    }
}

/// A message that was not confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// What happened, in words.
    pub problem: Problem,
    /// Whether the service refused the message, so that it would refuse the same one again.
    pub is_refused: bool,
}

impl From<Problem> for Undelivered {
    fn from(problem: Problem) -> Self {
        Self { problem, is_refused: false }
    }
}

/// Sends the fields of a message as this application to these recipients. `waits` is called before each pause.
pub async fn deliver<S: SecretStore>(
    rest: &Rest,
    keys: &Keys<'_, S>,
    (application, recipients): (&str, &[String]),
    fields: &[(String, String)],
    retries: RetryPolicy,
    mut waits: impl FnMut(&Unsent, Duration),
) -> Result<Accepted, Undelivered> {
    let token = keys.token(application).await?;
    let mut users = Vec::new();
    for name in recipients {
        users.push(keys.recipient(name).await?);
    }
    let mut tried = 1;
    loop {
        let unsent = match rest.send_message(&token, &users, fields).await {
            Ok(accepted) => return Ok(accepted),
            Err(unsent) => unsent,
        };
        match unsent.fate {
            // Without a response there was no connection, and another attempt would fail in the same way.
            Fate::NotSent { wait }
                if tried < retries.attempts && wait <= retries.longest_wait && was_answered(&unsent) =>
            {
                waits(&unsent, wait);
                clock::pause(wait).await;
                tried += 1;
            }
            Fate::NotSent { .. } | Fate::Refused | Fate::Unknown => {
                let is_refused = matches!(unsent.fate, Fate::Refused);
                return Err(Undelivered { problem: problem(&unsent, application, recipients), is_refused });
            }
        }
    }
}

fn was_answered(unsent: &Unsent) -> bool {
    use crate::pushover::Error;
    match &unsent.error {
        Error::Outage { status, .. } => *status >= 500,
        Error::TooManyRequests { .. } => true,
        Error::Unreachable(_)
        | Error::TimedOut
        | Error::TwoFactorRequired
        | Error::Rejected { .. }
        | Error::TooLarge
        | Error::InvalidResponse(_)
        | Error::Closed(_)
        | Error::Local(_) => false,
    }
}

/// A message that was not confirmed, in words.
pub fn problem(unsent: &Unsent, application: &str, recipients: &[String]) -> Problem {
    let Unsent { error, fate, quota } = unsent;
    let whom = recipients.join(", ");
    match fate {
        Fate::Unknown => {
            Problem::new(&format!("it is not known whether the message to {whom} was sent"), error)
                .hint("the answer was lost; ask whether it arrived before you send it again")
        }
        Fate::NotSent { .. } => Problem::new(&format!("the message to {whom} was not sent"), error)
            .hint("try again later, or let the daemon send it with --queue"),
        Fate::Refused => {
            let refused = Problem::new(&format!("the message to {whom} was not sent"), error);
            match quota {
                Some(quota) if quota.remaining == 0 => refused.hint(used_up(*quota)),
                _ if error.rejects_field("token") => refused.hint(format!(
                    "check the token of the application `{application}`: `handover send setup` asks for it again"
                )),
                _ if error.rejects_field("user") => {
                    refused.hint("check the key of the recipient: `handover send setup` asks for it again")
                }
                Some(_) | None => refused.hint("change the message; the same one would be refused again"),
            }
        }
    }
}

fn used_up(quota: Quota) -> String {
    let zone = jiff::tz::TimeZone::system();
    match time_format::words(quota.reset, clock::unix(), &zone) {
        Some(when) => format!("wait until {when}, or send as another application"),
        None => "wait until next month, or send as another application".to_owned(),
    }
}
