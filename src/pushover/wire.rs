//! Logs the requests to the service and its responses, for somebody who wants to see what happens:
//! `HANDOVER_LOG=http=debug`, or `http=trace` with the texts of messages.
//!
//! Invariant: only what is named here is logged as it is, without what looks like a secret. Everything else, whatever it is
//! called, is struck out: secrets, codes, keys, passwords, and the texts of messages below `trace`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Instant;

use reqwest::header::HeaderMap;
use reqwest::{Request, Response, Url};
use serde_json::Value;
use tracing::level_filters::LevelFilter;

use super::error::{Error, STRUCK_OUT, strike_out};
use crate::system::clock;

/// The target of these lines in the log.
const TARGET: &str = "http";

/// Headers whose values are logged.
const HEADERS: [&str; 20] = [
    "accept",
    "access-control-allow-origin",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "etag",
    "if-modified-since",
    "last-modified",
    "retry-after",
    "server",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-limit-app-limit",
    "x-limit-app-remaining",
    "x-limit-app-reset",
    "x-request-id",
];

/// Parameters and fields of a body whose values are logged.
const PLAIN: [&str; 44] = [
    "acked",
    "acknowledged",
    "acknowledged_at",
    "acknowledged_by_device",
    "aid",
    "app",
    "attachment_type",
    "called_back",
    "called_back_at",
    "date",
    "desktop_licensed",
    "device",
    "devices",
    "dispatched_date",
    "encrypted",
    "errors",
    "expire",
    "expired",
    "expires_at",
    "expiration_date",
    "force",
    "group",
    "html",
    "icon",
    "info",
    "is_desktop_licensed",
    "last_delivered_at",
    "licenses",
    "limit",
    "monospace",
    "name",
    "os",
    "priority",
    "queued_date",
    "quiet_hours",
    "remaining",
    "request",
    "reset",
    "retry",
    "sound",
    "sounds",
    "status",
    "timestamp",
    "ttl",
];

/// Those that are logged with the texts of messages.
const TEXTS: [&str; 5] = ["message", "messages", "title", "url", "url_title"];

/// A request that is under way.
pub(super) struct Exchange {
    /// `None` while these lines are off.
    line: Option<(String, Instant)>,
}

impl Exchange {
    /// Logs a request.
    pub(super) fn begin(request: &Request) -> Self {
        if !is_on() {
            return Self { line: None };
        }
        let line = format!("{} {}", request.method(), address(request.url()));
        tracing::debug!(target: TARGET, "> {line}{}", headers(request.headers()));
        if let Some(form) = request.body().and_then(|body| body.as_bytes()) {
            tracing::debug!(target: TARGET, "> {line}: {}", form_fields(form, Texts::StruckOut));
            tracing::trace!(target: TARGET, "> {line}: {}", form_fields(form, Texts::Shown));
        }
        Self { line: Some((line, clock::instant())) }
    }

    /// Logs the head of its response.
    pub(super) fn answered(self, response: &Response) {
        let Some((line, begun)) = self.line else { return };
        let (took, status) = (clock::instant().duration_since(begun).as_millis(), response.status().as_u16());
        tracing::debug!(target: TARGET, "< {line}: {status} after {took} ms{}", headers(response.headers()));
    }

    /// Logs that there was none.
    pub(super) fn failed(self, error: &Error) {
        let Some((line, begun)) = self.line else { return };
        let took = clock::instant().duration_since(begun).as_millis();
        tracing::debug!(target: TARGET, "< {line}: failed after {took} ms: {error}");
    }
}

/// Logs the body of a response of the API.
pub(super) fn log_body(body: &str) {
    if !is_on() {
        return;
    }
    let Some([brief, with_texts]) = logged(body) else {
        tracing::debug!(target: TARGET, "< {} bytes that are not JSON", body.len());
        return;
    };
    tracing::debug!(target: TARGET, "< {brief}");
    tracing::trace!(target: TARGET, "< {with_texts}");
}

/// A body as it is logged, without and with the texts of messages; `None` if it is not JSON.
pub(super) fn logged(body: &str) -> Option<[String; 2]> {
    let value: Value = serde_json::from_str(body).ok()?;
    Some(
        [Texts::StruckOut, Texts::Shown].map(|texts| without_secrets(None, value.clone(), texts).to_string()),
    )
}

/// Whether anything may be logged at this level. Asking for the target, too, would make the filter of the log forget what it
/// decided on the next line (`tracing::enabled!` with a filter for each layer).
fn is_on() -> bool {
    LevelFilter::current() >= LevelFilter::DEBUG
}

/// Whether the texts of messages are logged, too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    Shown,
    StruckOut,
}

fn is_shown(name: &str, texts: Texts) -> bool {
    PLAIN.contains(&name) || (texts == Texts::Shown && TEXTS.contains(&name))
}

/// The address, with ids of devices and receipts in the path and values in the query struck out.
pub(super) fn address(url: &Url) -> String {
    let known = [
        "1",
        "users",
        "login.json",
        "validate.json",
        "devices.json",
        "devices",
        "messages.json",
        "receipts",
        "acknowledge.json",
        "cancel.json",
        "cancel_by_tag",
        "apps",
        "limits.json",
        "sounds.json",
        "icons",
        "sounds",
        "update_highest_message.json",
        "push",
    ];
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let mut address = format!("{}://{host}{port}", url.scheme());
    let mut folder = "";
    for segment in url.path_segments().into_iter().flatten() {
        let is_file = matches!(folder, "icons" | "sounds");
        match segment {
            word if known.contains(&word) => _ = write!(address, "/{word}"),
            file if is_file => _ = write!(address, "/{}", strike_out(file)),
            _ => _ = write!(address, "/{STRUCK_OUT}"),
        }
        folder = segment;
    }
    if let Some(query) = url.query() {
        let _ = write!(address, "?{}", form_fields(query.as_bytes(), Texts::StruckOut));
    }
    address
}

pub(super) fn headers(headers: &HeaderMap) -> String {
    let mut line = String::new();
    for (name, value) in headers {
        let value = value.to_str().ok().filter(|_| HEADERS.contains(&name.as_str()));
        let _ = write!(line, "; {name}: {}", value.unwrap_or(STRUCK_OUT));
    }
    line
}

/// The fields of a form or a query.
pub(super) fn form_fields(form: &[u8], texts: Texts) -> String {
    let fields = form_urlencoded::parse(form).map(|(name, value)| {
        let value: Cow<'_, str> = match name.as_ref() {
            "attachment_base64" => format!("({} characters)", value.len()).into(),
            name if is_shown(name, texts) => shown(name, &value).into(),
            _ => STRUCK_OUT.into(),
        };
        format!("{}={value}", strike_out(&one_line(&name)))
    });
    fields.collect::<Vec<_>>().join("&")
}

/// A value that may be shown. The texts of messages are shown as they are, and so is the name of a request.
fn shown(field: &str, value: &str) -> String {
    let value = one_line(value);
    if field == "request" || TEXTS.contains(&field) { value } else { strike_out(&value) }
}

fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// The document with every text and number struck out that is not in a field that may be shown.
fn without_secrets(field: Option<&str>, value: Value, texts: Texts) -> Value {
    match value {
        Value::Object(fields) => {
            // The names of sounds are fields themselves.
            let is_list = field.is_some_and(|field| matches!(field, "sounds" | "errors"));
            let cleaned = fields.into_iter().map(|(name, value)| {
                let within = if is_list { field.map(str::to_owned) } else { Some(name.clone()) };
                let value = without_secrets(within.as_deref(), value, texts);
                (strike_out(&one_line(&name)), value)
            });
            Value::Object(cleaned.collect())
        }
        Value::Array(items) => items.into_iter().map(|item| without_secrets(field, item, texts)).collect(),
        Value::String(_) | Value::Number(_) if !field.is_some_and(|field| is_shown(field, texts)) => {
            Value::from(STRUCK_OUT)
        }
        Value::String(text) => Value::from(shown(field.unwrap_or_default(), &text)),
        value @ (Value::Null | Value::Bool(_) | Value::Number(_)) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_cannot_control_the_terminal_that_shows_the_log() {
        let body = "{\"a\u{9b}2J\":\"x\",\"errors\":{\"\u{85}\":[\"\\u0007\"]},\"message\":\"\u{9b}\"}";
        let expected = "{\"a 2J\":\"•••\",\"errors\":{\" \":[\" \"]},\"message\":\" \"}";
        assert_eq!(logged(body).map(|[_, with_texts]| with_texts).as_deref(), Some(expected));
    }
}
