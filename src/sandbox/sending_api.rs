//! The Message API: what a sender asks.
//!
//! Invariant: a message that breaks a rule reaches nobody and costs nothing.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Rejection};
use super::item::Sent;
use super::media::SOUNDS;
use super::params::Params;
use super::receipts::Receipt;
use super::service::Service;
use super::state::{App, Quota, State};
use super::token;

/// Limits of a message: parameter, most characters.
const LIMITS: [(&str, usize); 4] = [("message", 1024), ("title", 250), ("url", 512), ("url_title", 100)];

/// The longest `expire`, in seconds.
const LONGEST_EXPIRE: u64 = 10_800;

/// The largest attachment in bytes.
const LARGEST_ATTACHMENT: usize = 5 << 20;

/// The most users one request may name.
const MOST_USERS: usize = 50;

/// `POST /1/messages.json`.
pub(super) fn send(service: &Arc<Service>, params: &Params) -> Result<Answer, Rejection> {
    let mut state = service.state();
    let app = app(&state, params)?;
    user(&state, params)?;
    let emergency = check(&state, params)?;
    if state.switches.needs_device && state.device_ids().is_empty() {
        return Err(Rejection::of("user", "has no active devices").with("user", "has no active devices"));
    }
    let quota = quota(&state);
    if quota.used >= state.switches.monthly_limit {
        let text = "application has exceeded its monthly message limit";
        return Err(Rejection::plain(text).status(429));
    }
    state.quota = Quota { used: quota.used + 1, ..quota };
    let mut sent = written(&mut state, &app, params);
    let receipt = emergency.as_ref().map(|_| token::key(30).to_ascii_lowercase());
    sent.receipt.clone_from(&receipt);
    let sent = Arc::new(sent);
    let names: Vec<&str> =
        params.filled("device").map(|names| names.split(',').map(str::trim).collect()).unwrap_or_default();
    let queued = state.queue(&sent, &names);
    if let (Some(receipt), Some((retry, expire))) = (&receipt, emergency) {
        let now = state.now();
        let tags =
            params.filled("tags").map(|tags| tags.split(',').map(|tag| tag.trim().to_owned()).collect());
        state.receipts.insert(
            receipt.clone(),
            Receipt {
                token: app.token,
                tags: tags.unwrap_or_default(),
                callback: params.filled("callback").map(str::to_owned),
                retry,
                expire,
                expires_at: now.saturating_add_unsigned(expire),
                sent: Some(Arc::clone(&sent)),
                devices: queued.clone(),
                last_delivered_at: now,
                ..Receipt::default()
            },
        );
    }
    let mut body = Map::new();
    if let Some(receipt) = &receipt {
        body.insert("receipt".to_owned(), json!(receipt));
    }
    let answer = Answer::done(Value::Object(body))
        .with("x-limit-app-limit", state.switches.monthly_limit.to_string())
        .with("x-limit-app-remaining", remaining(&state).to_string())
        .with("x-limit-app-reset", quota.ends.to_string());
    drop(state);
    service.tally.count(|counters| counters.sent += 1);
    service.signal(queued.iter().map(|(device, _)| device));
    if let (Some(receipt), Some((retry, _))) = (receipt, emergency) {
        service.repeat_until_over(receipt, Duration::from_secs(retry));
    }
    Ok(answer)
}

/// Holds a message against the rules; `retry` and `expire` if it is an emergency.
fn check(state: &State, params: &Params) -> Result<Option<(u64, u64)>, Rejection> {
    let refused = |field: &'static str, text: &str| Rejection::of(field, text).with(field, text);
    if params.filled("message").is_none() {
        return Err(refused("message", "cannot be blank"));
    }
    for (field, most) in LIMITS {
        if params.get(field).is_some_and(|text| text.chars().count() > most) {
            return Err(refused(field, &format!("is too long, must be {most} characters or less")));
        }
    }
    let number = |field: &'static str| {
        let text = params.filled(field);
        text.map(|text| text.parse::<i64>().map_err(|_| refused(field, "must be an integer"))).transpose()
    };
    let priority = number("priority")?.unwrap_or_default();
    if !(-2..=2).contains(&priority) {
        return Err(refused("priority", "is invalid, must be from -2 to 2"));
    }
    number("timestamp")?;
    if number("ttl")?.is_some_and(|ttl| ttl <= 0) {
        return Err(refused("ttl", "must be a positive number of seconds"));
    }
    if params.flag("html") && params.flag("monospace") {
        return Err(refused("monospace", "cannot be used together with html"));
    }
    let in_base64 = params.get("attachment_base64").map(|text| text.len() / 4 * 3);
    if params.file("attachment").or(in_base64).is_some_and(|length| length > LARGEST_ATTACHMENT) {
        return Err(refused("attachment", "is too large, must be 5242880 bytes or less"));
    }
    if priority != 2 {
        return Ok(None);
    }
    let seconds = |field: &'static str| {
        let given = number(field)?.ok_or_else(|| refused(field, "must be supplied with priority=2"))?;
        u64::try_from(given).map_err(|_| refused(field, "must be a positive number of seconds"))
    };
    let (retry, expire) = (seconds("retry")?, seconds("expire")?);
    let shortest = state.switches.shortest_retry.max(1);
    if retry < shortest {
        return Err(refused("retry", &format!("must be at least {shortest} seconds")));
    }
    if expire > LONGEST_EXPIRE {
        return Err(refused("expire", "must be at most 10800 seconds"));
    }
    Ok(Some((retry, expire)))
}

/// The message as its receivers will see it.
fn written(state: &mut State, app: &App, params: &Params) -> Sent {
    let number = |name| params.filled(name).and_then(|text| text.parse::<i64>().ok());
    let text = |name| params.filled(name).map(str::to_owned);
    let now = state.now();
    let priority = number("priority").and_then(|priority| i8::try_from(priority).ok()).unwrap_or_default();
    Sent {
        umid: state.next_id(),
        app: app.name.clone(),
        aid: app.aid,
        icon: app.icon.clone(),
        title: text("title"),
        message: text("message").unwrap_or_default(),
        date: number("timestamp").unwrap_or(now),
        queued: now,
        priority,
        sound: params.filled("sound").map(code_of),
        url: text("url"),
        url_title: text("url_title"),
        receipt: None,
        html: params.flag("html"),
        monospace: params.flag("monospace"),
        encrypted: params.flag("encrypted"),
        expires: number("ttl").filter(|_| priority != 2).map(|ttl| now.saturating_add(ttl)),
    }
}

/// `POST /1/users/validate.json`.
pub(super) fn validate(service: &Service, params: &Params) -> Result<Answer, Rejection> {
    let state = service.state();
    app(&state, params)?;
    user(&state, params)?;
    let devices = state.device_names();
    if let Some(device) = params.filled("device")
        && !devices.iter().any(|name| name == device)
    {
        return Err(
            Rejection::of("device", "is not valid for this user").with("device", "invalid for this user")
        );
    }
    let is_group = params.get("user") == Some(state.owner.group_key.as_str());
    let body = json!({"devices": devices, "licenses": ["Desktop"], "group": u8::from(is_group)});
    Ok(Answer::done(body))
}

/// `GET /1/apps/limits.json`.
pub(super) fn limits(service: &Service, params: &Params) -> Result<Answer, Rejection> {
    let state = service.state();
    app(&state, params)?;
    let (limit, reset) = (state.switches.monthly_limit, quota(&state).ends);
    Ok(Answer::done(json!({"limit": limit, "remaining": remaining(&state), "reset": reset})))
}

/// `GET /1/sounds.json`.
pub(super) fn sounds(service: &Service, params: &Params) -> Result<Answer, Rejection> {
    app(&service.state(), params)?;
    let sounds: Map<String, Value> =
        SOUNDS.iter().map(|(_, name, title)| ((*name).to_owned(), json!(title))).collect();
    Ok(Answer::done(json!({"sounds": sounds})))
}

/// `GET /1/receipts/{receipt}.json`.
pub(super) fn poll(service: &Service, receipt: &str, params: &Params) -> Result<Answer, Rejection> {
    let state = service.state();
    let app = app(&state, params)?;
    state.poll(&app.token, receipt).map(Answer::done)
}

/// `POST /1/receipts/{receipt}/cancel.json`.
pub(super) fn cancel(service: &Service, receipt: &str, params: &Params) -> Result<Answer, Rejection> {
    let mut state = service.state();
    let app = app(&state, params)?;
    state.cancel(&app.token, receipt)?;
    Ok(Answer::done(json!({})))
}

/// `POST /1/receipts/cancel_by_tag/{tag}.json`.
pub(super) fn cancel_by_tag(service: &Service, tag: &str, params: &Params) -> Result<Answer, Rejection> {
    let mut state = service.state();
    let app = app(&state, params)?;
    Ok(Answer::done(json!({"canceled": state.cancel_by_tag(&app.token, tag)})))
}

fn app(state: &State, params: &Params) -> Result<App, Rejection> {
    let token = params.get("token").unwrap_or_default();
    let found = state.apps.iter().find(|app| app.token == token).cloned();
    found.ok_or_else(|| Rejection::plain("application token is invalid").with("token", "invalid"))
}

fn user(state: &State, params: &Params) -> Result<(), Rejection> {
    let users: Vec<&str> = params.get("user").unwrap_or_default().split(',').map(str::trim).collect();
    let known = |user: &&str| **user == state.owner.user_key || **user == state.owner.group_key;
    if users.len() > MOST_USERS || !users.iter().all(known) {
        return Err(Rejection::plain("user identifier is invalid").with("user", "invalid"));
    }
    Ok(())
}

/// Receivers see the code of a sound, and the name of one that the account made itself.
fn code_of(name: &str) -> String {
    let known = SOUNDS.iter().find(|(_, known, _)| *known == name);
    known.map_or(name, |(code, _, _)| code).to_owned()
}

fn remaining(state: &State) -> u64 {
    state.switches.monthly_limit.saturating_sub(quota(state).used)
}

/// The quota of the running month.
fn quota(state: &State) -> Quota {
    let now = state.now();
    if now < state.quota.ends { state.quota } else { Quota { used: 0, ends: next_month(now) } }
}

/// When the quota starts anew: midnight in US Central time on the first of the next month.
fn next_month(now: i64) -> i64 {
    let zone = TimeZone::get("America/Chicago").unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(-6)));
    let next = Timestamp::from_second(now).ok().and_then(|now| {
        let next = now.to_zoned(zone.clone()).date().last_of_month().tomorrow().ok()?;
        next.to_datetime(Time::midnight()).to_zoned(zone).ok()
    });
    next.map_or(now, |next| next.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_starts_anew_at_midnight_in_chicago() {
        // 2026-11-21T12:00:00Z -> 2026-12-01T00:00:00-06:00.
        assert_eq!(next_month(1_795_262_400), 1_796_104_800);
        // Already December in London, still November in Chicago: 2026-12-01T01:00:00Z.
        assert_eq!(next_month(1_796_086_800), 1_796_104_800);
    }

    #[test]
    fn a_sound_gets_its_code() {
        assert_eq!([code_of("bike"), code_of("none"), code_of("my-own")], ["bk", "no", "my-own"]);
    }
}
