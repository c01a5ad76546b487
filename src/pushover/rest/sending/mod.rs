//! The Message API: sending, receipts, and what a sender may ask about keys, quotas and sounds.
//!
//! Invariant: a message is sent once at most. A failure says whether the service may have taken the message all the same.

mod form;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use form::form;
use reqwest::Response;

use super::client::Rest;
use crate::domain::account::Secret;
use crate::domain::message::Receipt;
use crate::pushover::error::{Error, sanitize, sanitize_words};
use crate::pushover::http::Repetition;
use crate::pushover::parse::Object;
use crate::pushover::response::retry_after;
use crate::pushover::secret_body::with_form;

/// What the service said to a message that it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its name for the request, which its support asks for.
    pub request: String,
    /// The receipt of an emergency.
    pub receipt: Option<Receipt>,
    /// What it had to say, such as that nobody has an active device.
    pub info: Option<String>,
    /// What is left of the quota.
    pub quota: Option<Quota>,
}

/// How many messages an application may send in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// All of them.
    pub limit: u64,
    /// Those that are left.
    pub remaining: u64,
    /// When all of them are available again, unix seconds.
    pub reset: i64,
}

/// A message that the service did not confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Why.
    pub error: Error,
    /// What became of it.
    pub fate: Fate,
    /// What is left of the quota, if the service said so.
    pub quota: Option<Quota>,
}

/// What became of a message that the service did not confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The service did not take it. It may be sent again after this time.
    NotSent {
        /// The time, which the service may have asked for.
        wait: Duration,
    },
    /// The service refused it: the same request must not be sent again.
    Refused,
    /// The answer was lost: the service may have taken it.
    Unknown,
}

/// The shortest time between an answer that the service is not available and the next request; the service asks for it.
const AFTER_OUTAGE: Duration = Duration::from_secs(5);

/// What the service says about the key of a user or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validated {
    /// The names of the active devices; none for a group.
    pub devices: Vec<String>,
    /// Whether it is a group.
    pub is_group: bool,
}

/// What became of an emergency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiptState {
    /// When it was acknowledged, unix seconds.
    pub acknowledged_at: Option<i64>,
    /// The key of the user who acknowledged it.
    pub acknowledged_by: Option<Secret>,
    /// The device on which it was acknowledged.
    pub acknowledged_by_device: Option<String>,
    /// When it was last delivered, unix seconds.
    pub last_delivered_at: Option<i64>,
    /// Whether it is over, acknowledged or not.
    pub expired: bool,
    /// When it is over, unix seconds.
    pub expires_at: Option<i64>,
    /// When the service called the callback, unix seconds.
    pub called_back_at: Option<i64>,
}

impl Rest {
    /// Sends a message: the fields of [`form`](form()), to these users or groups.
    pub async fn send_message(
        &self,
        token: &Secret,
        users: &[Secret],
        fields: &[(String, String)],
    ) -> Result<Accepted, Unsent> {
        let users: Vec<&str> = users.iter().map(Secret::expose).collect();
        let users = users.join(",");
        let mut form = vec![("token", token.expose()), ("user", users.as_str())];
        form.extend(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let request = with_form(self.http().post(self.servers().endpoint(&["messages.json"])), &form);
        let _permit = self.permit().await;
        let response = self.http().send_once_or_tell(request).await.map_err(|lost| {
            let not_sent = Fate::NotSent { wait: AFTER_OUTAGE };
            let fate = if lost.never_left { not_sent } else { Fate::Unknown };
            Unsent { error: lost.error, fate, quota: None }
        })?;
        let (quota, status) = (quota(&response), response.status().as_u16());
        let wait = retry_after(response.headers());
        let answer = self.read(response, |body| Ok(accepted(body, quota))).await;
        answer.map_err(|error| unsent(error, status, wait, quota))
    }

    /// What the service says about the key of a user or a group, for this application.
    pub async fn validate(&self, token: &Secret, user: &Secret) -> Result<Validated, Error> {
        let form = [("token", token.expose()), ("user", user.expose())];
        let request =
            with_form(self.http().post(self.servers().endpoint(&["users", "validate.json"])), &form);
        self.send(request, Repetition::Allowed, |body| {
            Ok(Validated { devices: body.texts("devices"), is_group: body.flag("group").unwrap_or(false) })
        })
        .await
    }

    /// What is left of the quota of an application. An invalid token is [`Error::Rejected`].
    pub async fn quota(&self, token: &Secret) -> Result<Quota, Error> {
        let url = self.servers().endpoint(&["apps", "limits.json"]);
        let request = self.http().get(url).query(&[("token", token.expose())]);
        self.send(request, Repetition::Allowed, |body| {
            let number = |key| body.integer(key, key);
            let unsigned = |key| number(key).and_then(|number| u64::try_from(number).ok());
            let numbers = (unsigned("limit"), unsigned("remaining"), number("reset"));
            let (Some(limit), Some(remaining), Some(reset)) = numbers else {
                return Err(Error::InvalidResponse("it has no limits"));
            };
            Ok(Quota { limit, remaining, reset })
        })
        .await
    }

    /// The sounds that an application may name, with their titles, in the order of the service.
    pub async fn sounds(&self, token: &Secret) -> Result<Vec<(String, String)>, Error> {
        let url = self.servers().endpoint(&["sounds.json"]);
        let request = self.http().get(url).query(&[("token", token.expose())]);
        self.send(request, Repetition::Allowed, |body| Ok(body.pairs("sounds"))).await
    }

    /// What became of an emergency. The service allows it once in five seconds.
    pub async fn receipt(&self, token: &Secret, receipt: &Receipt) -> Result<ReceiptState, Error> {
        let url = self.servers().endpoint(&["receipts", &format!("{}.json", receipt.as_str())]);
        let request = self.http().get(url).query(&[("token", token.expose())]);
        self.send(request, Repetition::Allowed, |body| Ok(receipt_state(body))).await
    }

    /// Ends the repeats of an emergency.
    pub async fn cancel(&self, token: &Secret, receipt: &Receipt) -> Result<(), Error> {
        let url = self.servers().endpoint(&["receipts", receipt.as_str(), "cancel.json"]);
        let request = with_form(self.http().post(url), &[("token", token.expose())]);
        self.send(request, Repetition::Allowed, |_| Ok(())).await
    }
}

/// A gateway that gave up waiting does not know what the service did.
const GATEWAY_TIMEOUT: u16 = 504;

/// What became of a message to which there was an answer, but no confirmation.
fn unsent(error: Error, status: u16, wait: Option<Duration>, quota: Option<Quota>) -> Unsent {
    let is_used_up = status == 429 && quota.is_some_and(|quota| quota.remaining == 0);
    let fate = match &error {
        Error::Rejected { .. } | Error::TwoFactorRequired => Fate::Refused,
        Error::TooManyRequests { .. } if is_used_up => Fate::Refused,
        Error::Outage { status, .. } if *status != GATEWAY_TIMEOUT => {
            Fate::NotSent { wait: wait.unwrap_or(AFTER_OUTAGE).max(AFTER_OUTAGE) }
        }
        Error::TooManyRequests { .. } => {
            Fate::NotSent { wait: error.retry_after().unwrap_or(AFTER_OUTAGE).max(AFTER_OUTAGE) }
        }
        Error::Outage { .. }
        | Error::Unreachable(_)
        | Error::TimedOut
        | Error::TooLarge
        | Error::InvalidResponse(_)
        | Error::Closed(_)
        | Error::Local(_) => Fate::Unknown,
    };
    let error = match quota {
        Some(quota) if is_used_up => Error::Rejected {
            status,
            reasons: vec![format!("the quota of {} messages is used up", quota.limit)],
            fields: vec!["token".to_owned()],
            message: None,
        },
        Some(_) | None => error,
    };
    Unsent { error, fate, quota }
}

fn accepted(body: &Object<'_>, quota: Option<Quota>) -> Accepted {
    Accepted {
        request: body.text("request").unwrap_or_default(),
        receipt: body.text("receipt").and_then(|receipt| Receipt::new(&receipt)),
        info: body.text("info").map(|info| sanitize_words(&info)),
        quota,
    }
}

fn receipt_state(body: &Object<'_>) -> ReceiptState {
    // What did not happen has the time 0.
    let time = |key| body.integer(key, key).filter(|time| *time > 0);
    let is = |key| body.flag(key).unwrap_or(false);
    let text = |key| body.text(key).filter(|text| !text.is_empty());
    ReceiptState {
        acknowledged_at: time("acknowledged_at").filter(|_| is("acknowledged")),
        acknowledged_by: text("acknowledged_by").map(Secret::new),
        acknowledged_by_device: text("acknowledged_by_device").map(|device| sanitize(&device)),
        last_delivered_at: time("last_delivered_at"),
        expired: is("expired"),
        expires_at: time("expires_at"),
        called_back_at: time("called_back_at").filter(|_| is("called_back")),
    }
}

/// What the headers say about the quota.
fn quota(response: &Response) -> Option<Quota> {
    let number = |name: &str| response.headers().get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let unsigned = |name| number(name).and_then(|number| u64::try_from(number).ok());
    Some(Quota {
        limit: unsigned("x-limit-app-limit")?,
        remaining: unsigned("x-limit-app-remaining")?,
        reset: number("x-limit-app-reset")?,
    })
}
