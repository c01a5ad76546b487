//! The Message API: the endpoints for senders.
//!
//! Invariant: an invalid message is not delivered and does not count against the quota.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::media::SOUNDS;
use super::{app, attachment};
use crate::sandbox::account::{App, Message, Receipt, State};
use crate::sandbox::protocol::{Params, Rejection, Reply};
use crate::sandbox::service::Service;

/// The most characters of each parameter.
const LIMITS: [(&str, usize); 4] = [("message", 1024), ("title", 250), ("url", 512), ("url_title", 100)];

/// The longest `expire`, in seconds.
const LONGEST_EXPIRE: u64 = 10_800;

/// The most users of one request.
const MOST_USERS: usize = 50;

const INVALID_USER: &str = "user identifier is not a valid user, group, or subscribed user key, \
    see https://pushover.net/api#identifiers";

/// `POST /1/messages.json`.
pub(super) fn send(service: &Arc<Service>, params: &Params) -> Result<Reply, Rejection> {
    let mut state = service.state();
    let app = app(&state, params)?;
    let devices = recipients(&state, params)?;
    let emergency = validate_message(&state, params)?;
    let attachment = attachment::read(params, &state.switches)?;
    if state.switches.needs_device && devices.is_empty() {
        return Err(Rejection::of("user", "has no active devices").with("user", "has no active devices"));
    }
    if state.remaining() == 0 {
        let limit = state.switches.monthly_limit;
        let text = format!("application has exceeded current limit of {limit} messages");
        let rejection = Rejection::new(text).status(429).with("token", "invalid");
        return Err(limit_headers(&state)
            .into_iter()
            .fold(rejection, |rejection, (name, value)| rejection.header(name, value)));
    }
    state.count_message();
    let mut message = message(&mut state, &app, params);
    let receipt = emergency.as_ref().map(|_| state.keys.key(30).to_ascii_lowercase());
    message.receipt.clone_from(&receipt);
    let message = Arc::new(message);
    let queued = state.queue(&message, devices);
    let mut shown = params.texts().clone();
    shown.retain(|name, _| name != "token" && name != "attachment_base64");
    state.sent.add(Arc::clone(&message), shown, attachment, &queued);
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
                message: Some(Arc::clone(&message)),
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
    if queued.is_empty() {
        body.insert("info".to_owned(), json!("no active devices to send to"));
    }
    let reply = Reply::ok(Value::Object(body));
    let reply =
        limit_headers(&state).into_iter().fold(reply, |reply, (name, value)| reply.header(name, value));
    drop(state);
    service.counters.update(|counters| counters.sent += 1);
    service.signal(queued.iter().map(|(device, _)| device));
    if let Some(receipt) = receipt {
        service.repeat_until_ended(receipt);
    }
    Ok(reply)
}

/// The headers about the quota.
fn limit_headers(state: &State) -> [(&'static str, String); 3] {
    [
        ("x-limit-app-limit", state.switches.monthly_limit.to_string()),
        ("x-limit-app-remaining", state.remaining().to_string()),
        ("x-limit-app-reset", state.quota().ends.to_string()),
    ]
}

/// Checks all rules for a message; `retry` and `expire` if it is an emergency.
fn validate_message(state: &State, params: &Params) -> Result<Option<(u64, u64)>, Rejection> {
    let rejected = |field: &'static str, text: &str| Rejection::of(field, text).with(field, text);
    if params.filled("message").is_none() {
        return Err(rejected("message", "cannot be blank"));
    }
    for (field, most) in LIMITS {
        if params.get(field).is_some_and(|text| text.chars().count() > most) {
            return Err(rejected(field, &format!("is too long, must be {most} characters or less")));
        }
    }
    let number = |field: &'static str| {
        let text = params.filled(field);
        text.map(|text| text.parse::<i64>().map_err(|_| rejected(field, "must be an integer"))).transpose()
    };
    let priority = number("priority")?.unwrap_or_default();
    if !(-2..=2).contains(&priority) {
        return Err(rejected("priority", "is invalid, must be from -2 to 2"));
    }
    number("timestamp")?;
    if number("ttl")?.is_some_and(|ttl| ttl <= 0) {
        return Err(rejected("ttl", "must be a positive number of seconds"));
    }
    if params.flag("html") && params.flag("monospace") {
        return Err(rejected("monospace", "cannot be used together with html"));
    }
    if priority != 2 {
        return Ok(None);
    }
    let seconds = |field: &'static str| {
        let given = number(field)?.ok_or_else(|| rejected(field, "must be supplied with priority=2"))?;
        u64::try_from(given).map_err(|_| rejected(field, "must be a positive number of seconds"))
    };
    let (retry, expire) = (seconds("retry")?, seconds("expire")?);
    let shortest = state.switches.shortest_retry.max(1);
    if retry < shortest {
        return Err(rejected("retry", &format!("must be at least {shortest} seconds")));
    }
    if expire > LONGEST_EXPIRE {
        return Err(rejected("expire", "must be at most 10800 seconds"));
    }
    Ok(Some((retry, expire)))
}

/// The message as receivers get it.
fn message(state: &mut State, app: &App, params: &Params) -> Message {
    let number = |name| params.filled(name).and_then(|text| text.parse::<i64>().ok());
    let text = |name| params.filled(name).map(str::to_owned);
    let now = state.now();
    let priority = number("priority").and_then(|priority| i8::try_from(priority).ok()).unwrap_or_default();
    Message {
        umid: state.next_id(),
        app: app.name.clone(),
        aid: app.aid,
        icon: app.icon.clone(),
        title: text("title"),
        text: text("message").unwrap_or_default(),
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
pub(super) fn validate(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    let state = service.state();
    app(&state, params)?;
    let user = params.get("user").unwrap_or_default();
    let Some(devices) = state.devices_for(&[user], &[]) else {
        return Err(Rejection::new("user key is invalid").with("user", "invalid"));
    };
    // The members of a group stay private.
    let is_group = state.groups.iter().any(|group| group.key == user);
    if devices.is_empty() && !is_group {
        let text = "user is valid but has no active devices";
        return Err(Rejection::new(text).with("user", "has no active devices"));
    }
    let own = state.devices().iter().filter(|device| devices.contains(&device.id) && !is_group);
    let names: Vec<&str> = own.map(|device| device.name.as_str()).collect();
    if params.filled("device").is_some_and(|device| !is_group && !names.contains(&device)) {
        let text = "device name is not valid for this user";
        return Err(Rejection::new(text).with("device", "invalid for this user"));
    }
    Ok(Reply::ok(json!({"devices": names, "licenses": ["Desktop"], "group": u8::from(is_group)})))
}

/// `GET /1/apps/limits.json`.
pub(super) fn limits(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    let state = service.state();
    app(&state, params)?;
    let (limit, reset) = (state.switches.monthly_limit, state.quota().ends);
    Ok(Reply::ok(json!({"limit": limit, "remaining": state.remaining(), "reset": reset})))
}

/// `GET /1/sounds.json`.
pub(super) fn sounds(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    app(&service.state(), params)?;
    // As text, because a `Map` would sort them, and clients show them in the order of the service.
    let sounds: Vec<String> =
        SOUNDS.iter().map(|(_, name, title)| format!("{}:{}", json!(name), json!(title))).collect();
    let sounds = format!("{{\"sounds\":{{{}}},", sounds.join(","));
    let mut reply = Reply::ok(json!({}));
    drop(reply.body.splice(..1, sounds.into_bytes()));
    Ok(reply)
}

/// The devices that a message goes to.
fn recipients(state: &State, params: &Params) -> Result<Vec<String>, Rejection> {
    let list = |name| params.filled(name).unwrap_or_default().split(',').map(str::trim);
    let users: Vec<&str> = list("user").collect();
    let names: Vec<&str> = list("device").filter(|name| !name.is_empty()).collect();
    let devices = (users.len() <= MOST_USERS).then(|| state.devices_for(&users, &names)).flatten();
    devices.ok_or_else(|| Rejection::new(INVALID_USER).with("user", "invalid"))
}

/// Receivers get the code of a built-in sound and the name of a custom one.
fn code_of(name: &str) -> String {
    let known = SOUNDS.iter().find(|(_, known, _)| *known == name);
    known.map_or(name, |(code, _, _)| code).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_in_sound_has_a_code() {
        assert_eq!([code_of("bike"), code_of("none"), code_of("my-own")], ["bk", "no", "my-own"]);
    }
}
