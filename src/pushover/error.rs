//! What can go wrong between here and the service, and what is to be done about it.
//!
//! Invariant: no variant holds a secret, an address with its query, or the text of a message; the service's own
//! words are kept, cut to length and freed of control characters.

use std::io;
use std::time::Duration;

use super::obstacle::{Obstacle, unreached};
use crate::domain::system;

/// Why the service did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection, or one that broke before the answer was complete.
    #[error("the service cannot be reached: {0}")]
    Unreachable(Obstacle),
    /// The answer was not complete in time.
    #[error("the service did not answer in time")]
    TimedOut,
    /// The service is out of order, or something else (a captive portal, a proxy) answered in its place.
    #[error("{}: HTTP {status}", if *status >= 500 { "the service is out of order" } else { "something other than the service answered" })]
    Outage {
        /// The HTTP status.
        status: u16,
        /// How long it asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// HTTP 429: too many requests.
    #[error("the service asks to wait: too many requests")]
    TooMany {
        /// How long it asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// The login wants a two-factor code, or another one than it was given.
    #[error("the service wants a two-factor code")]
    TwoFactorNeeded,
    /// The service itself said no, with `"status": 0`.
    #[error("the service refused: {}", words(reasons, *status))]
    Rejected {
        /// The HTTP status.
        status: u16,
        /// Its words for it, `field message` where it names a field.
        reasons: Vec<String>,
        /// The parameters it finds fault with, as far as it names them.
        fields: Vec<String>,
        /// The sentence it put beside the errors, if it did; also the last of the reasons.
        message: Option<String>,
    },
    /// The answer was longer than is reasonable.
    #[error("the answer cannot be read: it is too large")]
    TooLarge,
    /// The answer came from the service, but is not what was asked for.
    #[error("the answer cannot be read: {0}")]
    Garbled(&'static str),
    /// The websocket came to its end.
    #[error("the connection ended: {0}")]
    Ended(String),
    /// This program or its settings are at fault: `<what failed>: <cause>`.
    #[error("{0}")]
    Unusable(String),
}

/// What helps against an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Trying again, with the usual back-off.
    Retry,
    /// Trying again, but not before this time is over.
    RetryAfter(Duration),
    /// The user signing in again.
    SignIn,
    /// The user buying a licence for desktop clients.
    License,
    /// Nothing the user can do: this program asked for something wrong.
    Bug,
}

/// Parameters that are the login; finding fault with one of them means that it has to be renewed.
const LOGIN_FIELDS: [&str; 8] =
    ["secret", "device", "device_id", "user", "email", "password", "twofa", "totp"];
/// Parameters that have nothing to do with the login.
const OTHER_FIELDS: [&str; 5] = ["message", "receipt", "name", "os", "force"];

impl Error {
    /// What helps.
    ///
    /// A rejection is [`Remedy::License`] when its words mention one, [`Remedy::Bug`] when all the parameters it
    /// names are known to be no part of the login, and else [`Remedy::SignIn`]: what the service says of a bad
    /// secret or a deleted device is not documented.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Unreachable(_) | Self::TimedOut | Self::TooLarge | Self::Garbled(_) | Self::Ended(_) => {
                Remedy::Retry
            }
            Self::Outage { retry_after, .. } => retry_after.map_or(Remedy::Retry, Remedy::RetryAfter),
            Self::TooMany { retry_after } => Remedy::RetryAfter(retry_after.unwrap_or(Self::DEFAULT_WAIT)),
            Self::TwoFactorNeeded => Remedy::SignIn,
            Self::Rejected { reasons, fields, .. } => {
                let mentions_license = reasons.iter().any(|reason| {
                    let reason = reason.to_ascii_lowercase();
                    reason.contains("license") || reason.contains("licence")
                });
                let names = |known: &[&str]| fields.iter().any(|field| known.contains(&field.as_str()));
                if mentions_license {
                    Remedy::License
                } else if names(&OTHER_FIELDS) && !names(&LOGIN_FIELDS) {
                    Remedy::Bug
                } else {
                    Remedy::SignIn
                }
            }
            Self::Unusable(_) => Remedy::Bug,
        }
    }

    /// How long the service asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.remedy() {
            Remedy::RetryAfter(span) => Some(span),
            Remedy::Retry | Remedy::SignIn | Remedy::License | Remedy::Bug => None,
        }
    }

    /// How long to wait after a 429 that does not say.
    const DEFAULT_WAIT: Duration = Duration::from_mins(1);

    /// Whether the service itself has decided, so that the same request must not be sent again unchanged.
    pub fn is_definite(&self) -> bool {
        match self {
            Self::Rejected { .. } | Self::TwoFactorNeeded => true,
            Self::Unreachable(_)
            | Self::TimedOut
            | Self::Outage { .. }
            | Self::TooMany { .. }
            | Self::TooLarge
            | Self::Garbled(_)
            | Self::Ended(_)
            | Self::Unusable(_) => false,
        }
    }

    /// Whether a registration failed because of the name.
    ///
    /// Any fault found with `name` counts, whatever the words: a [`DeviceName`](crate::domain::account::DeviceName)
    /// follows the service's rule already, so what is left is that another device has it.
    pub fn names_taken(&self) -> bool {
        self.blames("name")
    }

    /// Whether a registration failed because the account has as many devices as it may have: known by a
    /// `message` beside errors that are neither about the name nor about the secret.
    pub fn too_many_devices(&self) -> bool {
        let has_message = matches!(self, Self::Rejected { message: Some(_), .. });
        has_message && !self.blames("name") && !self.blames("secret")
    }

    /// Whether the service found fault with this parameter.
    pub(super) fn blames(&self, name: &str) -> bool {
        matches!(self, Self::Rejected { fields, .. } if fields.iter().any(|field| field == name))
    }

    /// Whether a field of an answer is known as a parameter of a request.
    pub(super) fn knows_parameter(name: &str) -> bool {
        LOGIN_FIELDS.contains(&name) || OTHER_FIELDS.contains(&name)
    }
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() { Self::TimedOut } else { Self::Unreachable(unreached(error)) }
    }
}

/// The innermost cause: the outer layers of a reqwest error say little but the address, which holds the secret.
pub(super) fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(deeper) = innermost.source() {
        innermost = deeper;
    }
    match innermost.downcast_ref::<io::Error>() {
        Some(error) => clean(&system::in_words(error)),
        None => clean(&innermost.to_string()),
    }
}

fn words(reasons: &[String], status: u16) -> String {
    if reasons.is_empty() { format!("HTTP {status}") } else { reasons.join("; ") }
}

/// Words from outside, fit for one line of a log or a tooltip: at most 200 characters, no control characters
/// and none that change the direction of text.
pub(super) fn clean(words: &str) -> String {
    let turns = |letter: char| matches!(letter, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    words.chars().filter(|letter| !letter.is_control() && !turns(*letter)).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(reasons: &[&str], fields: &[&str], message: Option<&str>) -> Error {
        Error::Rejected {
            status: 400,
            reasons: reasons.iter().map(ToString::to_string).collect(),
            fields: fields.iter().map(ToString::to_string).collect(),
            message: message.map(str::to_owned),
        }
    }

    #[test]
    fn a_fault_with_the_login_wants_a_new_one() {
        for error in [
            rejected(&["secret is invalid"], &["secret"], None),
            rejected(&["device is disabled"], &["device"], None),
            rejected(&["no"], &[], None),
            rejected(&[], &["something_new"], None),
            rejected(&[], &["message", "secret"], None),
            Error::TwoFactorNeeded,
        ] {
            assert_eq!(error.remedy(), Remedy::SignIn, "{error}");
            assert!(error.is_definite());
        }
    }

    #[test]
    fn a_fault_with_something_else_is_ours() {
        assert_eq!(rejected(&["message is bad"], &["message"], None).remedy(), Remedy::Bug);
        assert_eq!(rejected(&[], &["name"], None).remedy(), Remedy::Bug);
        assert_eq!(Error::Unusable("x: y".into()).remedy(), Remedy::Bug);
    }

    #[test]
    fn a_missing_licence_is_told_apart() {
        for word in ["no valid License", "licence expired", "account is not LICENSED"] {
            assert_eq!(rejected(&[word], &["device"], None).remedy(), Remedy::License, "{word}");
        }
    }

    #[test]
    fn an_outage_is_waited_out() {
        let wait = Some(Duration::from_secs(9));
        for (error, remedy) in [
            (Error::TimedOut, Remedy::Retry),
            (Error::TooLarge, Remedy::Retry),
            (Error::Unreachable(Obstacle::Name), Remedy::Retry),
            (Error::Garbled("x"), Remedy::Retry),
            (Error::Ended(String::new()), Remedy::Retry),
            (Error::Outage { status: 502, retry_after: None }, Remedy::Retry),
            (Error::Outage { status: 503, retry_after: wait }, Remedy::RetryAfter(Duration::from_secs(9))),
            (Error::TooMany { retry_after: wait }, Remedy::RetryAfter(Duration::from_secs(9))),
            (Error::TooMany { retry_after: None }, Remedy::RetryAfter(Duration::from_mins(1))),
        ] {
            assert_eq!(error.remedy(), remedy, "{error}");
            assert!(!error.is_definite(), "{error}");
        }
    }

    #[test]
    fn a_registration_says_why_it_failed() {
        let taken = rejected(&["name has already been taken"], &["name"], None);
        assert!(taken.names_taken() && !taken.too_many_devices());
        let named = rejected(&["name x", "y"], &["name"], Some("y"));
        assert!(named.names_taken() && !named.too_many_devices());
        let full = rejected(&["device limit reached", "buy more"], &[], Some("buy more"));
        assert!(full.too_many_devices() && !full.names_taken());
        let secret = rejected(&["secret is invalid", "z"], &["secret"], Some("z"));
        assert!(!secret.too_many_devices() && !secret.names_taken());
        assert!(!Error::TimedOut.names_taken() && !Error::TimedOut.too_many_devices());
    }

    #[test]
    fn words_from_outside_fit_in_one_line() {
        assert_eq!(clean("a\u{1b}[31m\nb\u{202e}c"), "a[31mbc");
        assert_eq!(clean(&"ü".repeat(300)).chars().count(), 200);
    }
}
