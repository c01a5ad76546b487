//! Turns the body of a response into domain values or an error.
//!
//! Invariant: every item of a download becomes one [`Received`] with its JSON byte for byte. Fields that could not be
//! read are named in its `problem` and do not affect other items.

use std::time::Duration;

use super::json::{self, Object, Value};
use crate::domain::account::{Account, DeviceId, Secret, SoundPreferences};
use crate::domain::message::{Message, MessageId, Priority, Receipt, Received};
use crate::pushover::error::{Error, sanitize_words};

/// Reads the body of an HTTP response.
///
/// The service sends JSON objects with a `status`: 1 with a 2xx, 0 with a 4xx. A 2xx with 0 counts as a rejection too.
/// A 4xx without `status` comes from a proxy or a captive portal.
pub(in crate::pushover) fn body(
    status: u16,
    retry_after: Option<Duration>,
    body: &str,
) -> Result<Object<'_>, Error> {
    let success = (200..300).contains(&status);
    let body = body.trim_start_matches('\u{FEFF}').trim();
    let outage = Error::Outage { status, retry_after };
    let object = match Object::read(body) {
        Ok(object) => object,
        // serde's own error could quote the body.
        Err(error) if success && body.starts_with('{') => {
            return Err(Error::InvalidResponse(if error.is_eof() {
                "it is incomplete"
            } else {
                "it is not valid JSON"
            }));
        }
        Err(_) => return Err(outage),
    };
    match object.flag("status") {
        Some(true) if success => Ok(object),
        Some(false) => Err(rejection(status, &object)),
        None if success => Err(Error::InvalidResponse("it has no status")),
        Some(true) | None => Err(outage),
    }
}

/// The user key and the session secret from a login.
pub(in crate::pushover) fn login(body: &Object<'_>) -> Result<(String, Secret), Error> {
    let secret = body.text("secret").filter(|secret| !secret.contains(char::is_control));
    let secret = secret.ok_or(Error::InvalidResponse("it has no secret"))?;
    Ok((body.text("id").unwrap_or_default(), Secret::new(secret)))
}

/// The id of a new device.
pub(in crate::pushover) fn device(body: &Object<'_>) -> Result<DeviceId, Error> {
    let id = match body.get("id") {
        Some(Value::Text(id)) => DeviceId::new(&id),
        Some(Value::Number(id)) => DeviceId::new(id),
        Some(Value::Flag(_) | Value::Nested(_)) | None => None,
    };
    id.ok_or(Error::InvalidResponse("it has no valid device id"))
}

/// Checks that a download has a list of messages, whatever is in it.
pub(in crate::pushover) fn check_list(body: &Object<'_>) -> Result<(), Error> {
    match body.get("messages") {
        Some(Value::Nested(list)) if list.starts_with('[') => Ok(()),
        Some(Value::Nested(_)) => Err(Error::InvalidResponse("its messages are not a list")),
        Some(Value::Text(_) | Value::Number(_) | Value::Flag(_)) | None => {
            Err(Error::InvalidResponse("it has no list of messages"))
        }
    }
}

/// An item of a download that arrived at this service time.
pub(in crate::pushover) fn received(raw: String, arrived: i64) -> Received {
    let message = match Object::read(&raw) {
        Ok(item) => message(&item, &raw, arrived),
        Err(error) => {
            let mut message = Message::unread(MessageId::from_content(raw.as_bytes()));
            let why = if error.is_data() { "it is not a JSON object" } else { "it is not valid JSON" };
            message.problem = Some(why.to_owned());
            message
        }
    };
    Received { message, raw }
}

/// What a download says about the account. Missing values keep their defaults.
pub(in crate::pushover) fn account(body: &Object<'_>) -> Account {
    let user = part(body, "user");
    let of_user = |key| user.as_ref().and_then(|user| user.flag(key));
    Account {
        quiet_hours: of_user("quiet_hours").unwrap_or(false),
        desktop_licensed: of_user("is_desktop_licensed"),
        sounds: part(body, "device").map(|device| sounds(&device)).unwrap_or_default(),
    }
}

fn sounds(device: &Object<'_>) -> SoundPreferences {
    let is = |key| device.flag(key).unwrap_or(false);
    SoundPreferences {
        default_sound: device.text("default_sound"),
        always_use_default_sound: is("always_use_default_sound"),
        default_high_priority_sound: device.text("default_high_priority_sound"),
        always_use_default_high_priority_sound: is("always_use_default_high_priority_sound"),
    }
}

/// An object in an object.
fn part<'a>(object: &Object<'a>, key: &str) -> Option<Object<'a>> {
    match object.get(key)? {
        Value::Nested(part) => Object::read(part).ok(),
        Value::Text(_) | Value::Number(_) | Value::Flag(_) => None,
    }
}

fn message(item: &Object<'_>, raw: &str, arrived: i64) -> Message {
    let mut unread = Unread::default();
    let id = item.integer("id_str", "id").and_then(|id| u64::try_from(id).ok());
    let id = unread.unless("id", id.and_then(MessageId::from_service));
    let receipt = receipt(item, &mut unread);
    let priority = priority(item, receipt.is_some(), &mut unread);
    let date = item.get("date").and_then(|date| unread.unless("date", date.seconds()));
    let is = |key| item.flag(key).unwrap_or(false);
    let queued = item.get("queued_date").and_then(|queued| queued.seconds()).filter(|queued| *queued > 0);
    let queued = queued.map_or(arrived, |queued| queued.min(arrived));
    Message {
        umid: item.integer("umid_str", "umid"),
        app: important_text(item, "app", &mut unread),
        icon: item.text("icon"),
        title: item.text("title"),
        body: important_text(item, "message", &mut unread),
        html: is("html"),
        monospace: is("monospace"),
        priority,
        date: date.unwrap_or_default(),
        queued,
        url: item.text("url"),
        url_title: item.text("url_title"),
        sound: item.text("sound"),
        receipt,
        acknowledged: is("acked"),
        expires: expiry(item, date, queued, arrived, priority),
        encrypted: is("encrypted"),
        problem: unread.into_problem(),
        ..Message::unread(id.unwrap_or_else(|| MessageId::from_content(raw.as_bytes())))
    }
}

fn receipt(item: &Object<'_>, unread: &mut Unread) -> Option<Receipt> {
    match item.get("receipt")? {
        Value::Text(text) if text.is_empty() => None,
        Value::Text(text) => unread.unless("receipt", Receipt::new(&text)),
        Value::Number(digits) => unread.unless("receipt", Receipt::new(digits)),
        Value::Flag(_) | Value::Nested(_) => unread.unless("receipt", None),
    }
}

/// Only emergencies have receipts, so a receipt implies the priority if that cannot be read.
fn priority(item: &Object<'_>, has_receipt: bool, unread: &mut Unread) -> Priority {
    let number = item.get("priority").and_then(|priority| unread.unless("priority", priority.integer()));
    let without = if has_receipt { Priority::Emergency } else { Priority::Normal };
    number.map_or(without, Priority::from_number)
}

/// When it expires, by the service's clock. No known sample has a `ttl`; it is ignored for emergencies, as in the
/// sending API.
///
/// The service does not deliver expired messages. So an expiry in the past was counted from a sender's date that is too
/// old, and counts from when the service queued the message instead.
fn expiry(
    item: &Object<'_>,
    date: Option<i64>,
    queued: i64,
    arrived: i64,
    priority: Priority,
) -> Option<i64> {
    let seconds = |key| item.get(key).and_then(|time| time.seconds()).filter(|time| *time > 0);
    let lifetime = match (seconds("expiration_date"), seconds("ttl")) {
        (Some(time), _) if time > arrived => return Some(time),
        (Some(time), _) => time.checked_sub(date?)?,
        (None, ttl) => ttl.filter(|_| priority != Priority::Emergency)?,
    };
    queued.checked_add(lifetime).filter(|time| *time > arrived)
}

/// A text that may be missing, but is a problem if it has another type.
fn important_text(item: &Object<'_>, key: &'static str, unread: &mut Unread) -> String {
    let text = match item.get(key) {
        None => return String::new(),
        Some(Value::Text(text)) => return text,
        Some(Value::Number(digits)) => digits.to_owned(),
        Some(Value::Flag(flag)) => flag.to_string(),
        Some(Value::Nested(_)) => String::new(),
    };
    unread.0.push(key);
    text
}

/// The fields of an item that could not be read.
#[derive(Default)]
struct Unread(Vec<&'static str>);

impl Unread {
    fn unless<T>(&mut self, key: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.0.push(key);
        }
        value
    }

    fn into_problem(self) -> Option<String> {
        (!self.0.is_empty()).then(|| format!("its {} could not be read", self.0.join(", ")))
    }
}

/// Reads the three shapes of `errors` (a text, a list of texts, an object of either) and the other fields.
fn rejection(status: u16, body: &Object<'_>) -> Error {
    let (mut reasons, mut fields) = (Vec::new(), Vec::new());
    let errors = body.get("errors");
    if let Some(Value::Nested(by_field)) = errors
        && let Ok(by_field) = Object::read(by_field)
    {
        for (field, value) in by_field.entries() {
            fields.push(sanitize_words(field));
            reasons.extend(texts(value).iter().map(|text| sanitize_words(&format!("{field} {text}"))));
        }
    } else if let Some(errors) = errors {
        reasons.extend(texts(errors).iter().map(|text| sanitize_words(text)));
        // "secret is invalid" in a list names its parameter, like {"secret": […]}.
        fields.extend(reasons.iter().filter_map(|reason| leading_parameter(reason)));
    }
    let message = body.text("message").map(|message| sanitize_words(&message));
    reasons.extend(message.clone());
    let other_fields =
        body.entries().filter(|(key, _)| !["status", "errors", "request", "message"].contains(key));
    let other_fields: Vec<_> =
        other_fields.filter_map(|(key, value)| Some((sanitize_words(key), value.text()?))).collect();
    if reasons.is_empty() {
        reasons.extend(other_fields.iter().map(|(key, text)| sanitize_words(&format!("{key} {text}"))));
    }
    fields.extend(other_fields.into_iter().map(|(key, _)| key));
    fields.sort();
    fields.dedup();
    fields.truncate(MOST_REASONS);
    reasons.truncate(MOST_REASONS);
    Error::Rejected { status, reasons, fields, message }
}

/// More than any request has parameters.
const MOST_REASONS: usize = 12;

fn leading_parameter(reason: &str) -> Option<String> {
    let word = reason.split_whitespace().next()?;
    Error::is_known_parameter(word).then(|| word.to_owned())
}

fn texts(value: Value<'_>) -> Vec<String> {
    match value {
        Value::Text(text) => vec![text],
        Value::Nested(list) => {
            let items = json::array(list).unwrap_or_default();
            items.into_iter().filter_map(|item| Value::read(item)?.text()).collect()
        }
        Value::Flag(_) | Value::Number(_) => Vec::new(),
    }
}
