//! Follows an emergency until somebody acknowledges it.
//!
//! Invariant: the service is asked at most once in five seconds, and no longer once the emergency is over.

use std::time::Duration;

use super::secrets::Keys;
use crate::app::problem::of_service;
use crate::app::{Problem, time_format};
use crate::domain::account::Secret;
use crate::domain::message::Receipt;
use crate::ports::SecretStore;
use crate::pushover::{Error, ReceiptState, Rest};
use crate::system::clock;

/// The shortest time between two requests, as the service demands.
const BETWEEN: Duration = Duration::from_secs(5);

/// The longest time between two requests while the service does not respond.
const LONGEST: Duration = Duration::from_mins(1);

/// Asks until the emergency is over; `changed` is called with each new state. Ends with an error when the service refuses.
pub async fn follow(
    rest: &Rest,
    token: &Secret,
    receipt: &Receipt,
    mut changed: impl FnMut(&ReceiptState),
) -> Result<ReceiptState, Problem> {
    let mut last = None;
    let mut wait = BETWEEN;
    loop {
        match rest.receipt(token, receipt).await {
            Ok(state) if state.acknowledged_at.is_some() || state.expired => return Ok(state),
            Ok(state) => {
                wait = BETWEEN;
                if last.as_ref() != Some(&state) {
                    changed(&state);
                    last = Some(state);
                }
            }
            Err(error @ (Error::Rejected { .. } | Error::Local(_))) => return Err(refused(&error)),
            Err(error) => {
                tracing::debug!("the receipt cannot be read: {error}");
                wait = error.retry_after().unwrap_or(wait * 2).clamp(BETWEEN, LONGEST);
            }
        }
        clock::pause(wait).await;
    }
}

/// The state of an emergency now.
pub async fn state(rest: &Rest, token: &Secret, receipt: &Receipt) -> Result<ReceiptState, Problem> {
    rest.receipt(token, receipt).await.map_err(|error| refused(&error))
}

/// Ends the repeats of an emergency.
pub async fn cancel(rest: &Rest, token: &Secret, receipt: &Receipt) -> Result<(), Problem> {
    rest.cancel(token, receipt).await.map_err(|error| {
        let what = "the emergency was not cancelled";
        if error.is_final() { Problem::new(what, &error).hint(HINT) } else { of_service(what, &error) }
    })
}

const HINT: &str = "a receipt belongs to the application that sent the emergency; name it with --application";

fn refused(error: &Error) -> Problem {
    let what = "the receipt cannot be read";
    if error.is_final() { Problem::new(what, error).hint(HINT) } else { of_service(what, error) }
}

/// Who acknowledged an emergency, on which device and when, in a sentence; else what is known of it.
pub async fn sentence<S: SecretStore>(state: &ReceiptState, keys: &Keys<'_, S>) -> String {
    let zone = jiff::tz::TimeZone::system();
    let now = clock::unix();
    let at = |time: i64| match time_format::words(time, now, &zone) {
        Some(words) if words.len() == "14:30".len() => format!(" at {words}"),
        Some(words) => format!(" {words}"),
        None => String::new(),
    };
    if let Some(time) = state.acknowledged_at {
        let who = match &state.acknowledged_by {
            Some(user) => {
                name_of(user, keys).await.unwrap_or_else(|| "a user who is not in the settings".to_owned())
            }
            None => "somebody".to_owned(),
        };
        let device =
            state.acknowledged_by_device.as_ref().map(|device| format!(" on {device}")).unwrap_or_default();
        return format!("acknowledged by {who}{device}{}", at(time));
    }
    if state.expired {
        return format!("no one acknowledged it; it ended{}", state.expires_at.map(at).unwrap_or_default());
    }
    let delivered =
        state.last_delivered_at.map(|time| format!("; last delivered{}", at(time))).unwrap_or_default();
    let until = state.expires_at.map(|time| format!("; it ends{}", at(time))).unwrap_or_default();
    format!("not acknowledged yet{delivered}{until}")
}

/// The recipient with this key.
pub async fn name_of<S: SecretStore>(user: &Secret, keys: &Keys<'_, S>) -> Option<String> {
    for name in keys.settings.recipients.keys() {
        if keys.recipient(name).await.is_ok_and(|key| key == *user) {
            return Some(name.clone());
        }
    }
    None
}
