//! The errors of requests to the service, and the remedy for each.
//!
//! Invariant: no variant holds a secret, an address with its query, or the text of a message. The service's own
//! words are kept, shortened, without control characters and without what looks like a secret.

mod connect;
mod sanitize;
mod strike_out;

use std::time::Duration;

pub use connect::ConnectError;
pub(super) use connect::connect_error;
#[cfg(test)]
pub(super) use connect::tls_error;
pub(super) use sanitize::{root_cause, sanitize, sanitize_words};
pub(super) use strike_out::{STRUCK_OUT, strike_out};

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no connection, or it broke before the response was complete.
    #[error("the service cannot be reached: {0}")]
    Unreachable(ConnectError),
    /// The response was not complete in time.
    #[error("the service did not respond in time")]
    TimedOut,
    /// The service is unavailable, or something else (a captive portal, a proxy) responded in its place.
    #[error("{}: HTTP {status}", if *status >= 500 { "the service is unavailable" } else { "something other than the service answered" })]
    Outage {
        /// The HTTP status.
        status: u16,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
    },
    /// HTTP 429: too many requests.
    #[error("the service asks to wait: too many requests")]
    TooManyRequests {
        /// How long it asked to wait.
        retry_after: Option<Duration>,
    },
    /// The login needs a two-factor code, or a different one.
    #[error("the service requires a two-factor code")]
    TwoFactorRequired,
    /// The service itself rejected the request, with `"status": 0`.
    #[error("the service refused: {}", joined(reasons, *status))]
    Rejected {
        /// The HTTP status.
        status: u16,
        /// Its reasons, as `field message` where it names a field.
        reasons: Vec<String>,
        /// The invalid parameters, as far as it names them.
        fields: Vec<String>,
        /// The sentence next to the errors, if there was one; also the last of the reasons.
        message: Option<String>,
    },
    /// The response was larger than is reasonable.
    #[error("the response cannot be read: it is too large")]
    TooLarge,
    /// The response came from the service, but is not valid for the request.
    #[error("the response cannot be read: {0}")]
    InvalidResponse(&'static str),
    /// The websocket was closed.
    #[error("the connection was lost: {0}")]
    Closed(String),
    /// This program or its settings are wrong: `<what failed>: <cause>`.
    #[error("{0}")]
    Local(String),
}

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Try again, with the usual back-off.
    Retry,
    /// Try again, but not before this time is over.
    RetryAfter(Duration),
    /// The user has to sign in again.
    SignIn,
    /// The user has to buy a licence for desktop clients.
    License,
    /// Nothing the user can do: this program sent an invalid request.
    Bug,
}

/// Parameters of the login. If one of them is invalid, the user has to sign in again.
const LOGIN_FIELDS: [&str; 8] =
    ["secret", "device", "device_id", "user", "email", "password", "twofa", "totp"];
/// Parameters that have nothing to do with the login.
const OTHER_FIELDS: [&str; 5] = ["message", "receipt", "name", "os", "force"];

impl Error {
    /// What to do about it.
    ///
    /// A rejection is [`Remedy::License`] when it mentions a licence, [`Remedy::Bug`] when it names only parameters
    /// that are known not to belong to the login, and otherwise [`Remedy::SignIn`]: the errors for an invalid secret
    /// or a deleted device are not documented.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Unreachable(_)
            | Self::TimedOut
            | Self::TooLarge
            | Self::InvalidResponse(_)
            | Self::Closed(_) => Remedy::Retry,
            Self::Outage { retry_after, .. } => retry_after.map_or(Remedy::Retry, Remedy::RetryAfter),
            Self::TooManyRequests { retry_after } => {
                Remedy::RetryAfter(retry_after.unwrap_or(Self::DEFAULT_WAIT))
            }
            Self::TwoFactorRequired => Remedy::SignIn,
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
            Self::Local(_) => Remedy::Bug,
        }
    }

    /// How long the service asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.remedy() {
            Remedy::RetryAfter(span) => Some(span),
            Remedy::Retry | Remedy::SignIn | Remedy::License | Remedy::Bug => None,
        }
    }

    /// How long to wait after a 429 without `Retry-After`.
    const DEFAULT_WAIT: Duration = Duration::from_mins(1);

    /// Whether the service itself rejected the request, so that it must not be repeated unchanged.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Rejected { .. } | Self::TwoFactorRequired => true,
            Self::Unreachable(_)
            | Self::TimedOut
            | Self::Outage { .. }
            | Self::TooManyRequests { .. }
            | Self::TooLarge
            | Self::InvalidResponse(_)
            | Self::Closed(_)
            | Self::Local(_) => false,
        }
    }

    /// Whether the service rejected the login or the account, not the request itself: a parameter of the login is
    /// invalid, or the licence is missing.
    pub fn rejects_login(&self) -> bool {
        match self.remedy() {
            Remedy::License => true,
            Remedy::SignIn => {
                *self == Self::TwoFactorRequired || LOGIN_FIELDS.iter().any(|field| self.rejects_field(field))
            }
            Remedy::Retry | Remedy::RetryAfter(_) | Remedy::Bug => false,
        }
    }

    /// Whether a registration failed because of the name.
    ///
    /// Any error about `name` counts, whatever it says: a [`DeviceName`](crate::domain::account::DeviceName) already
    /// follows the service's rules, so the only cause left is that another device has the name.
    pub fn is_name_taken(&self) -> bool {
        self.rejects_field("name")
    }

    /// Whether a registration failed because the account has reached its number of devices. The sign is a `message`
    /// next to errors that are neither about the name nor about the secret.
    pub fn is_device_limit_reached(&self) -> bool {
        let has_message = matches!(self, Self::Rejected { message: Some(_), .. });
        has_message && !self.rejects_field("name") && !self.rejects_field("secret")
    }

    /// Whether the service rejected this parameter.
    pub fn rejects_field(&self, name: &str) -> bool {
        matches!(self, Self::Rejected { fields, .. } if fields.iter().any(|field| field == name))
    }

    /// Whether this is the name of a request parameter.
    pub(super) fn is_known_parameter(name: &str) -> bool {
        LOGIN_FIELDS.contains(&name) || OTHER_FIELDS.contains(&name)
    }
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() { Self::TimedOut } else { Self::Unreachable(connect_error(error)) }
    }
}

fn joined(reasons: &[String], status: u16) -> String {
    if reasons.is_empty() { format!("HTTP {status}") } else { reasons.join("; ") }
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
    fn an_invalid_login_parameter_requires_signing_in() {
        for error in [
            rejected(&["secret is invalid"], &["secret"], None),
            rejected(&["device is disabled"], &["device"], None),
            rejected(&["no"], &[], None),
            rejected(&[], &["something_new"], None),
            rejected(&[], &["message", "secret"], None),
            Error::TwoFactorRequired,
        ] {
            assert_eq!(error.remedy(), Remedy::SignIn, "{error}");
            assert!(error.is_final());
        }
    }

    #[test]
    fn a_rejected_login_is_distinguished_from_a_rejected_request() {
        for error in [
            rejected(&["secret is invalid"], &["secret"], None),
            rejected(&["device is disabled"], &["device"], None),
            rejected(&[], &["receipt", "secret"], None),
            rejected(&["no valid license"], &[], None),
            Error::TwoFactorRequired,
        ] {
            assert!(error.rejects_login(), "{error}");
        }
        for error in [
            rejected(&["receipt not found"], &["receipt"], None),
            rejected(&["no"], &[], None),
            Error::TimedOut,
            Error::TooManyRequests { retry_after: None },
        ] {
            assert!(!error.rejects_login(), "{error}");
        }
    }

    #[test]
    fn any_other_invalid_parameter_is_a_bug() {
        assert_eq!(rejected(&["message is bad"], &["message"], None).remedy(), Remedy::Bug);
        assert_eq!(rejected(&[], &["name"], None).remedy(), Remedy::Bug);
        assert_eq!(Error::Local("x: y".into()).remedy(), Remedy::Bug);
    }

    #[test]
    fn a_missing_licence_is_recognised() {
        for word in ["no valid License", "licence expired", "account is not LICENSED"] {
            assert_eq!(rejected(&[word], &["device"], None).remedy(), Remedy::License, "{word}");
        }
    }

    #[test]
    fn a_temporary_error_is_retried() {
        let wait = Some(Duration::from_secs(9));
        for (error, remedy) in [
            (Error::TimedOut, Remedy::Retry),
            (Error::TooLarge, Remedy::Retry),
            (Error::Unreachable(ConnectError::NameNotFound), Remedy::Retry),
            (Error::InvalidResponse("x"), Remedy::Retry),
            (Error::Closed(String::new()), Remedy::Retry),
            (Error::Outage { status: 502, retry_after: None }, Remedy::Retry),
            (Error::Outage { status: 503, retry_after: wait }, Remedy::RetryAfter(Duration::from_secs(9))),
            (Error::TooManyRequests { retry_after: wait }, Remedy::RetryAfter(Duration::from_secs(9))),
            (Error::TooManyRequests { retry_after: None }, Remedy::RetryAfter(Duration::from_mins(1))),
        ] {
            assert_eq!(error.remedy(), remedy, "{error}");
            assert!(!error.is_final(), "{error}");
        }
    }

    #[test]
    fn a_failed_registration_is_a_taken_name_or_too_many_devices() {
        let taken = rejected(&["name has already been taken"], &["name"], None);
        assert!(taken.is_name_taken() && !taken.is_device_limit_reached());
        let named = rejected(&["name x", "y"], &["name"], Some("y"));
        assert!(named.is_name_taken() && !named.is_device_limit_reached());
        let full = rejected(&["device limit reached", "buy more"], &[], Some("buy more"));
        assert!(full.is_device_limit_reached() && !full.is_name_taken());
        let secret = rejected(&["secret is invalid", "z"], &["secret"], Some("z"));
        assert!(!secret.is_device_limit_reached() && !secret.is_name_taken());
        assert!(!Error::TimedOut.is_name_taken() && !Error::TimedOut.is_device_limit_reached());
    }
}
