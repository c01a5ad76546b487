//! What the log and the errors show of requests and responses that contain secrets.
//!
//! Invariant: the secrets look like those of the service, and are put where the service does not expect them, too.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue};
use serde_json::json;

use crate::domain::text::is_safe;
use crate::pushover::error::{sanitize, sanitize_words};
use crate::pushover::parse;
use crate::pushover::wire::{self, Texts};

/// A user key or a receipt, a session secret, two ids of devices, an e-mail address, and links with a token.
const SECRETS: [&str; 7] = [
    "uQiRzpo4DXghDmr9QzzfQu27cmVRsG",
    "9mqrk5ry1wq7x6g2hv1brzd3m4eyv0hbpxcp8i3jq2kd7zsn5tw4fa6gu8lo",
    "cb8wmxi7jhkacgd1wvzuhnzj9b1s1r8eyjbt66sm",
    "7df577c3-da18-4fb3-898b-c1ab4985633b",
    "sean.o-hara+alerts@example.org",
    "https://a.example/hook?token=t0k3n",
    "https://a.example/invite#t0k3n",
];

/// Panics if an error or the log shows a secret that anything stands before and after, and unless text without secrets is shown
/// as it is. The first byte chooses the secret, how it is written, and a body; the second one where it is.
pub fn secrets(data: &[u8]) {
    let [choice, at, around @ ..] = data else { return };
    let around = String::from_utf8_lossy(around);
    let (before, after) = around.split_at(around.floor_char_boundary(usize::from(*at)));
    let choice = usize::from(*choice);
    let secret = SECRETS.get(choice % SECRETS.len()).copied().unwrap_or_default();
    let written = match choice / SECRETS.len() % 3 {
        0 => secret.to_owned(),
        1 => utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        _ => secret.bytes().map(percent_encoding::percent_encode_byte).collect(),
    };
    let check = |shown: &str| {
        assert!(!shown.contains(&written) && !shown.contains(secret), "{written} is in {shown:?}");
    };
    let text = format!("{before}{written}{after}");
    check(&sanitize_words(&text));
    let (start, end) = written.split_at(written.len() / 2);
    check(&sanitize_words(&format!("{before}{start}\n{end}{after}")));

    let body = body(choice / SECRETS.len() / 3, before, &text, after);
    if let Err(error) = parse::body(400, None, &body) {
        check(&format!("{error} {error:?}"));
    }
    let [brief, with_texts] = wire::logged(&body).unwrap_or_default();
    let mut headers = HeaderMap::new();
    for name in [AUTHORIZATION, COOKIE] {
        headers.extend(HeaderValue::try_from(&text).ok().map(|value| (name, value)));
    }
    check(&wire::headers(&headers));
    // The name of a request looks like a secret.
    if before != "request" {
        check(&brief);
        check(&address(before, &text, after));
        // A message may contain anything.
        if !["message", "messages", "title", "url", "url_title"].contains(&before) {
            check(&with_texts);
        }
    }
    if form_urlencoded::parse(text.as_bytes()).all(|(name, _)| name != "request") {
        check(&wire::form_fields(text.as_bytes(), Texts::StruckOut));
    }
    is_readable(&around);
}

/// A response with the text where the service has none.
fn body(choice: usize, before: &str, text: &str, after: &str) -> String {
    let body = match choice % 4 {
        0 => json!({ "status": 0, "errors": [text], "user": text }),
        1 => json!({ "status": 0, "errors": { text: [after, text] }, "name": text, "id": text }),
        2 => json!({ "status": 0, before: { text: text }, "sounds": { text: text } }),
        _ => json!({ "status": 0, before: text, text: after, "secret": [text] }),
    };
    body.to_string()
}

/// What is logged of an address.
fn address(before: &str, text: &str, after: &str) -> String {
    let Ok(mut url) = Url::parse("https://api.example/") else { return String::new() };
    if let Ok(mut path) = url.path_segments_mut() {
        path.extend(["1", before, text, after, text]);
    }
    url.query_pairs_mut().append_pair(before, text).append_pair(text, after);
    url.set_fragment(Some(text));
    wire::address(&url)
}

/// Words and numbers that are no secrets stay as they are.
fn is_readable(text: &str) {
    let words: Vec<String> = text
        .split(|letter: char| !letter.is_alphanumeric() && !['_', '.', ',', '\''].contains(&letter))
        .map(|word| word.chars().filter(|letter| is_safe(*letter)).take(20).collect())
        .collect();
    let text = words.join(" ");
    assert_eq!(sanitize_words(&text), sanitize(&text), "it is harder to read");
}
