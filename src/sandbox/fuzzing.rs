//! The properties that any request to the sandbox and any seed keep, for the fuzz targets in `tests/fuzz`.
//!
//! Invariant: the forms are written here, without the code that reads them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub use super::http::fuzzing::web_pages;
use super::protocol::Params;
use super::seed::Seed;

/// Panics unless the parameters of a form, of a multipart form and of JSON are those that were written, whatever is in them, and
/// unless any body is read or refused. Each line after the first is a parameter of its own.
pub fn params(data: &[u8]) {
    let head = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (head, body) = data.split_at(head);
    let content_type = String::from_utf8_lossy(head);
    let body = body.get(1..).unwrap_or_default();
    for content_type in [content_type.as_ref(), "multipart/form-data; boundary=xY", "application/json"] {
        let Ok(params) = Params::read(None, content_type, body) else { continue };
        // A text and a file may have the same name.
        let names: BTreeSet<&str> = params.names().collect();
        let files = names.into_iter().filter_map(|name| params.file(name)).map(|file| file.bytes.len());
        assert!(files.sum::<usize>() <= body.len(), "a file is larger than the request");
    }

    let text = String::from_utf8_lossy(body);
    let fields: BTreeMap<String, String> = text
        .split('\n')
        .enumerate()
        .map(|(index, value)| (format!("field{index}"), value.to_owned()))
        .collect();
    let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let form = form.join("&");
    let read = Params::read(None, "application/x-www-form-urlencoded", form.as_bytes());
    assert!(read.is_ok_and(|params| *params.texts() == fields), "the form {form:?}");
    let read = Params::read(Some(&form), "", b"");
    assert!(read.is_ok_and(|params| *params.texts() == fields), "the query {form:?}");

    let json = serde_json::to_vec(&fields).unwrap_or_default();
    let read = Params::read(None, "application/json", &json);
    assert!(read.is_ok_and(|params| *params.texts() == fields), "the JSON of {fields:?}");

    if !text.contains("--xY") {
        let read = Params::read(None, "multipart/form-data; boundary=\"xY\"", &multipart(&fields, body));
        let params = read.unwrap_or_default();
        assert_eq!(*params.texts(), fields, "the multipart form");
        assert_eq!(params.file("attachment").map(|file| &*file.bytes), Some(body), "the file");
    }
}

/// A value as it is written in a form.
fn encoded(value: &str) -> String {
    let byte = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02x}"),
    };
    value.bytes().map(byte).collect()
}

/// The fields and a file, with a name that quotes and semicolons are in.
fn multipart(fields: &BTreeMap<String, String>, file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!("--xY\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(head.into_bytes());
    }
    let disposition = "form-data; name=\"attachment\"; filename=\"a; name=%22b%22.png\"";
    body.extend(
        format!("--xY\r\nContent-Disposition: {disposition}\r\nContent-Type: image/png\r\n\r\n").bytes(),
    );
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--xY--\r\n");
    body
}

/// Panics unless a seed file is a seed or is refused with a reason, and unless the same seed can be written as JSON.
pub fn seed(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let seed = match Seed::from_toml(&text) {
        Ok(seed) => seed,
        Err(why) => return assert!(why.contains("line ") || !why.is_empty(), "no reason"),
    };
    // JSON has neither dates nor infinite numbers.
    let Ok(json) = toml_edit::de::from_str::<Value>(&text) else { return };
    if has_null(&json) || text.contains("nan") || text.contains("inf") {
        return;
    }
    let again = serde_json::from_value::<Seed>(json.clone());
    assert!(again.as_ref().is_ok_and(|again| *again == seed), "{seed:?} and in JSON {again:?}: {json}");
}

fn has_null(json: &Value) -> bool {
    match json {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
