//! What the service's answers mean, read as leniently as they are known to vary.
//!
//! Invariant: every item of a download comes out as one [`Received`], its JSON byte for byte; what could not be
//! read is said in its `problem` and does no harm to its neighbours.

use std::time::Duration;

use serde_json::value::RawValue;

use super::error::{Error, clean};
use super::json::{self, Object, Value};
use crate::domain::account::{Account, DeviceId, Secret, SoundPreferences};
use crate::domain::message::{Message, MessageId, Priority, Receipt, Received};

/// Finds the answer of the service in the body of an HTTP answer.
///
/// The service speaks JSON objects with a `status`: 1 with a 2xx, 0 with a 4xx. A 2xx with 0 counts as a
/// rejection too, since nothing else could mean it. A 4xx without it comes from somebody in between.
pub(super) fn answer(status: u16, retry_after: Option<Duration>, body: &str) -> Result<Object<'_>, Error> {
    let success = (200..300).contains(&status);
    let body = body.trim_start_matches('\u{FEFF}').trim();
    let outage = Error::Outage { status, retry_after };
    let object = match Object::read(body) {
        Ok(object) => object,
        // serde's own words could quote the body.
        Err(error) if success && body.starts_with('{') => {
            return Err(Error::Garbled(if error.is_eof() {
                "it breaks off"
            } else {
                "it is not valid JSON"
            }));
        }
        Err(_) => return Err(outage),
    };
    match object.flag("status") {
        Some(true) if success => Ok(object),
        Some(false) => Err(rejection(status, &object)),
        None if success => Err(Error::Garbled("it has no status")),
        Some(true) | None => Err(outage),
    }
}

/// The user key and the secret of a login.
pub(super) fn login(answer: &Object<'_>) -> Result<(String, Secret), Error> {
    let secret = answer.text("secret").filter(|secret| !secret.contains(char::is_control));
    let secret = secret.ok_or(Error::Garbled("it has no secret"))?;
    Ok((answer.text("id").unwrap_or_default(), Secret::new(secret)))
}

/// The id of a new device.
pub(super) fn device(answer: &Object<'_>) -> Result<DeviceId, Error> {
    let id = match answer.get("id") {
        Some(Value::Text(id)) => DeviceId::new(&id),
        Some(Value::Number(id)) => DeviceId::new(id),
        Some(Value::Flag(_) | Value::Nested(_)) | None => None,
    };
    id.ok_or(Error::Garbled("it has no device id that could be used"))
}

/// The items of a download, in the order sent.
pub(super) fn items(answer: &Object<'_>) -> Result<Vec<Received>, Error> {
    let Some(Value::Nested(messages)) = answer.get("messages") else {
        return Err(Error::Garbled("it has no list of messages"));
    };
    let messages = json::array(messages).ok_or(Error::Garbled("its messages are not a list"))?;
    Ok(messages.into_iter().map(received).collect())
}

/// What a download says of the account; what it does not say is left at its default.
pub(super) fn account(answer: &Object<'_>) -> Account {
    let user = part(answer, "user");
    let of_user = |key| user.as_ref().and_then(|user| user.flag(key));
    Account {
        quiet_hours: of_user("quiet_hours").unwrap_or(false),
        desktop_licensed: of_user("is_desktop_licensed"),
        sounds: part(answer, "device").map(|device| sounds(&device)).unwrap_or_default(),
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

fn received(raw: &RawValue) -> Received {
    let raw = raw.get();
    let message = Object::read(raw).map_or_else(
        |_| {
            let mut message = Message::unread(MessageId::from_content(raw.as_bytes()));
            message.problem = Some("it is not an object".to_owned());
            message
        },
        |item| message(&item, raw),
    );
    Received { message, raw: raw.to_owned() }
}

fn message(item: &Object<'_>, raw: &str) -> Message {
    let mut unread = Unread::default();
    let id = item.integer("id_str", "id").and_then(|id| u64::try_from(id).ok());
    let id = unread.unless("id", id.and_then(MessageId::from_service));
    let receipt = receipt(item, &mut unread);
    let priority = priority(item, receipt.is_some(), &mut unread);
    let date = item.get("date").and_then(|date| unread.unless("date", date.seconds()));
    let is = |key| item.flag(key).unwrap_or(false);
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
        url: item.text("url"),
        url_title: item.text("url_title"),
        sound: item.text("sound"),
        receipt,
        acknowledged: is("acked"),
        expires: expiry(item, date, priority),
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

/// Only emergencies have receipts, so a receipt tells what an unreadable priority was.
fn priority(item: &Object<'_>, has_receipt: bool, unread: &mut Unread) -> Priority {
    let number = item.get("priority").and_then(|priority| unread.unless("priority", priority.integer()));
    let without = if has_receipt { Priority::Emergency } else { Priority::Normal };
    number.map_or(without, Priority::from_number)
}

/// `ttl` counts from the date and is void for emergencies, as in the sending API; no sample has one.
fn expiry(item: &Object<'_>, date: Option<i64>, priority: Priority) -> Option<i64> {
    let moment = item.get("expiration_date").and_then(|moment| moment.seconds()).filter(|moment| *moment > 0);
    moment.or_else(|| {
        let ttl = item.get("ttl")?.seconds().filter(|ttl| *ttl > 0 && priority != Priority::Emergency)?;
        date?.checked_add(ttl)
    })
}

/// A text whose absence is fine, but which cannot be ignored when it is something else.
fn important_text(item: &Object<'_>, key: &'static str, unread: &mut Unread) -> String {
    let odd = match item.get(key) {
        None => return String::new(),
        Some(Value::Text(text)) => return text,
        Some(Value::Number(digits)) => digits.to_owned(),
        Some(Value::Flag(flag)) => flag.to_string(),
        Some(Value::Nested(_)) => String::new(),
    };
    unread.0.push(key);
    odd
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

/// The three shapes of `errors` (a text, a list of texts, an object of either), and what stands beside it.
fn rejection(status: u16, answer: &Object<'_>) -> Error {
    let (mut reasons, mut fields) = (Vec::new(), Vec::new());
    let errors = answer.get("errors");
    if let Some(Value::Nested(by_field)) = errors
        && let Ok(by_field) = Object::read(by_field)
    {
        for (field, value) in by_field.entries() {
            fields.push(clean(field));
            reasons.extend(texts(value).iter().map(|text| clean(&format!("{field} {text}"))));
        }
    } else if let Some(errors) = errors {
        reasons.extend(texts(errors).iter().map(|text| clean(text)));
        // "secret is invalid" in a list names its parameter as well as {"secret": […]} does.
        fields.extend(reasons.iter().filter_map(|reason| parameter_in_front(reason)));
    }
    let message = answer.text("message").map(|message| clean(&message));
    reasons.extend(message.clone());
    let beside =
        answer.entries().filter(|(key, _)| !["status", "errors", "request", "message"].contains(key));
    let beside: Vec<_> = beside.filter_map(|(key, value)| Some((clean(key), value.text()?))).collect();
    if reasons.is_empty() {
        reasons.extend(beside.iter().map(|(key, text)| clean(&format!("{key} {text}"))));
    }
    fields.extend(beside.into_iter().map(|(key, _)| key));
    fields.sort();
    fields.dedup();
    fields.truncate(MOST_REASONS);
    reasons.truncate(MOST_REASONS);
    Error::Rejected { status, reasons, fields, message }
}

/// More than any request has parameters; what comes after them is not for a person.
const MOST_REASONS: usize = 12;

fn parameter_in_front(reason: &str) -> Option<String> {
    let word = reason.split_whitespace().next()?;
    Error::knows_parameter(word).then(|| word.to_owned())
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
