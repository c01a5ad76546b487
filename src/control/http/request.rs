//! Reads the parts of a request.
//!
//! Invariant: a token is looked for in the headers only, never in the address, which others log.

use axum::http::{HeaderMap, header};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::domain::account::Secret;

/// The token of a request: `Authorization: Bearer TOKEN` or `X-Auth-Token: TOKEN`.
pub(super) fn token(headers: &HeaderMap) -> Option<Secret> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| {
        let (scheme, token) = value.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    });
    let token = bearer.or_else(|| headers.get("x-auth-token")?.to_str().ok())?.trim();
    (!token.is_empty()).then(|| Secret::new(token))
}

/// The segments of a path.
pub(super) fn path(path: &str) -> Vec<String> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect()
}

/// The parameters as one object.
pub(super) fn document(query: Option<&str>, kind: &str, body: &[u8]) -> Result<Value, &'static str> {
    let mut fields = pairs(query.unwrap_or_default().as_bytes());
    if body.is_empty() {
        return Ok(Value::Object(fields));
    }
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/x-www-form-urlencoded" {
        fields.extend(pairs(body));
        return Ok(Value::Object(fields));
    }
    if kind != "application/json" && !kind.ends_with("+json") && !kind.is_empty() {
        return Err("the body is neither JSON nor a form");
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => {
            fields.extend(object);
            Ok(Value::Object(fields))
        }
        Ok(_) | Err(_) => Err("the body is not a JSON object"),
    }
}

fn pairs(text: &[u8]) -> Map<String, Value> {
    form_urlencoded::parse(text)
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_in_one_of_two_headers() {
        let with = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            token(&headers).map(|token| token.expose().to_owned())
        };
        assert_eq!(with("authorization", "Bearer  abc ").as_deref(), Some("abc"));
        assert_eq!(with("authorization", "bearer abc").as_deref(), Some("abc"));
        assert_eq!(with("authorization", "Basic abc"), None);
        assert_eq!(with("x-auth-token", "abc").as_deref(), Some("abc"));
        assert_eq!(with("x-auth-token", " "), None);
        assert_eq!(with("cookie", "abc"), None);
    }

    #[test]
    fn parameters_are_json_a_form_or_a_query() {
        let read =
            |query, kind, body: &str| document(query, kind, body.as_bytes()).map(|value| value.to_string());
        assert_eq!(read(Some("a=1&b=x%20y"), "", "").unwrap(), r#"{"a":"1","b":"x y"}"#);
        assert_eq!(read(Some("a=1"), "application/json; charset=utf-8", r#"{"a":2}"#).unwrap(), r#"{"a":2}"#);
        assert_eq!(read(None, "application/x-www-form-urlencoded", "a=1+2").unwrap(), r#"{"a":"1 2"}"#);
        assert_eq!(read(None, "application/vnd.x+json", "{}").unwrap(), "{}");
        assert_eq!(read(None, "application/json", "[1]"), Err("the body is not a JSON object"));
        assert_eq!(read(None, "text/plain", "{}"), Err("the body is neither JSON nor a form"));
        assert_eq!(path("/queue//a%20b/"), ["queue", "a b"]);
    }
}
