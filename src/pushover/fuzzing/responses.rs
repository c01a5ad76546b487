//! The bodies of responses: downloads and errors.
//!
//! Invariant: what a download contains is found here by parsing it as a whole.

use std::fmt;
use std::str;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::text::is_safe;
use crate::pushover::error::Error;
use crate::pushover::parse::{self, Splitter};
use crate::pushover::wire;

/// When the items arrived.
const ARRIVED: i64 = 1_795_743_000;

/// Panics unless a download has the same items and the same end in however many pieces it arrives and as a whole, and unless
/// every item becomes one message. The first byte is the length of the pieces.
pub fn download(data: &[u8]) {
    let Some((length, bytes)) = data.split_first() else { return };
    let (items, end) = split(bytes, usize::MAX);
    let in_pieces = split(bytes, usize::from(*length % 32) + 1);
    assert_eq!((&items, &end), (&in_pieces.0, &in_pieces.1), "the pieces matter");
    let size = items.iter().map(Vec::len).sum::<usize>() + end.len();
    assert!(size <= bytes.len(), "{size} of {} bytes", bytes.len());
    for item in &items {
        let raw = String::from_utf8_lossy(item).into_owned();
        let received = parse::received(raw.clone(), ARRIVED);
        assert_eq!(received.raw, raw);
        let message = received.message;
        assert!(message.id.is_from_service() || message.problem.is_some(), "a made-up id and no problem");
        assert!(message.expires.is_none_or(|unix| unix > ARRIVED), "it expired before it arrived");
        assert!(message.queued <= ARRIVED, "it was queued after it arrived");
        let texts = [Some(&message.body), message.title.as_ref(), Some(&message.app)];
        assert!(texts.into_iter().flatten().all(|text| !text.contains('\0')), "a NUL");
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Some(expected) = items_of(text) else { return };
    let found: Vec<_> = items.iter().map(|item| String::from_utf8_lossy(item)).collect();
    assert_eq!(found, expected, "the items of the whole");
    let end = String::from_utf8_lossy(&end);
    match (parse::body(200, None, &end), parse::body(200, None, text)) {
        (Ok(end), Ok(whole)) => {
            assert_eq!(parse::account(&end), parse::account(&whole));
            assert_eq!(parse::check_list(&end), parse::check_list(&whole));
        }
        (end, whole) => assert_eq!(end.err(), whole.err()),
    }
}

/// Panics unless a body is accepted only from the service, and unless an error is short and safe to show. The first two bytes
/// determine the HTTP status.
pub fn errors(data: &[u8]) {
    let [low, high, text @ ..] = data else { return };
    let status = 100 + u16::from_le_bytes([*low, *high]) % 500;
    let text = String::from_utf8_lossy(text);
    for line in wire::logged(&text).into_iter().flatten() {
        assert!(!line.contains(char::is_control), "a control character in the log: {line:?}");
    }
    let body = match parse::body(status, None, &text) {
        Ok(body) => body,
        Err(error) => return is_fit_to_show(&error, &text),
    };
    assert!((200..300).contains(&status), "HTTP {status} is no success");
    if let Ok((_, secret)) = parse::login(&body) {
        assert!(!secret.expose().contains(char::is_control), "it would break the login line");
    }
    if let Ok(id) = parse::device(&body) {
        assert!(
            id.as_str().bytes().all(|byte| byte.is_ascii_graphic() && byte != b':'),
            "it would break the login line"
        );
    }
    let errors = [parse::check_list(&body).err(), parse::login(&body).err(), parse::device(&body).err()];
    for error in errors.iter().flatten() {
        is_fit_to_show(error, &text);
    }
}

fn is_fit_to_show(error: &Error, body: &str) {
    let shown = error.to_string();
    let is_fit = |text: &str| text.chars().all(|letter| letter != '\n' && is_safe(letter));
    assert!(is_fit(&shown), "{shown:?}");
    if let Error::Rejected { reasons, fields, message, .. } = error {
        assert!(body.contains("status"), "only the service can refuse");
        assert!(reasons.len() <= 12 && fields.len() <= 12, "{reasons:?} {fields:?}");
        for text in reasons.iter().chain(fields).chain(message) {
            assert!(text.chars().count() <= 200 && is_fit(text), "{text:?}");
        }
    }
    assert_eq!(error.is_final(), matches!(error, Error::Rejected { .. } | Error::TwoFactorRequired));
    // Neither panics, whatever the error says.
    let _ = (error.remedy(), error.rejects_login());
}

/// The items and the end of a download that arrives in pieces of this length.
fn split(bytes: &[u8], length: usize) -> (Vec<Vec<u8>>, Vec<u8>) {
    let (mut splitter, mut items) = (Splitter::default(), Vec::new());
    for piece in bytes.chunks(length) {
        splitter.read(piece, |item| items.push(item.to_vec()));
    }
    assert_eq!(splitter.skipped(), 0, "no input of a fuzzer is that large");
    (items, splitter.envelope().to_vec())
}

/// The items of every list `messages` in a valid object; `None` for anything else.
fn items_of(text: &str) -> Option<Vec<&str>> {
    let object = text.trim_start_matches('\u{FEFF}').trim();
    let Fields(fields) = serde_json::from_str(object).ok()?;
    let lists = fields.into_iter().filter(|(key, _)| key == "messages");
    let lists = lists.filter_map(|(_, list)| serde_json::from_str::<Vec<&RawValue>>(list.get()).ok());
    Some(lists.flatten().map(RawValue::get).collect())
}

/// All fields of an object, also those with the same key.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_map(Entries).map(Fields)
    }
}
