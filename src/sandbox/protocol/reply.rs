//! The replies of the API: bodies with `status` and `request`, and rejections in their shapes.
//!
//! Invariant: every JSON body made here has `"request": "<uuid>"`.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::sandbox::ids;
use crate::sandbox::switches::ErrorShape;

/// A reply, before a fault changes it.
#[derive(Debug)]
pub(in crate::sandbox) struct Reply {
    pub(in crate::sandbox) status: u16,
    pub(in crate::sandbox) headers: Vec<(&'static str, String)>,
    pub(in crate::sandbox) content_type: &'static str,
    pub(in crate::sandbox) body: Vec<u8>,
}

impl Reply {
    /// A success: these fields, `status` 1 and `request`.
    pub(in crate::sandbox) fn ok(fields: Value) -> Self {
        let mut body = match fields {
            Value::Object(fields) => fields,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Map::new()
            }
        };
        body.insert("status".to_owned(), json!(1));
        body.insert("request".to_owned(), json!(ids::uuid()));
        Self::json(200, &Value::Object(body))
    }

    /// Exactly this JSON.
    pub(in crate::sandbox) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content_type: "application/json; charset=utf-8",
            body: body.to_string().into_bytes(),
        }
    }

    /// A file.
    pub(in crate::sandbox) fn file(content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status: 200, headers: Vec::new(), content_type, body }
    }

    /// Adds a header.
    pub(in crate::sandbox) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The HTTP response. A header that HTTP does not allow is left out.
    pub(in crate::sandbox) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// A rejection by the API: a 4xx with `status` 0 and `errors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct Rejection {
    status: u16,
    errors: Vec<(&'static str, String)>,
    extra: Map<String, Value>,
    shape: Option<ErrorShape>,
}

impl Rejection {
    /// A 400 about one parameter; `text` continues its name: `("secret", "is invalid")`.
    pub(in crate::sandbox) fn of(field: &'static str, text: impl Into<String>) -> Self {
        Self { status: 400, errors: vec![(field, text.into())], extra: Map::new(), shape: None }
    }

    /// A 400 with a sentence that is not about one parameter.
    pub(in crate::sandbox) fn new(text: impl Into<String>) -> Self {
        Self::of("", text)
    }

    pub(in crate::sandbox) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a top-level key.
    pub(in crate::sandbox) fn with(mut self, key: &str, value: &str) -> Self {
        self.extra.insert(key.to_owned(), json!(value));
        self
    }

    /// Sets the shape of `errors`, whatever the switch says.
    pub(in crate::sandbox) fn shaped(mut self, shape: ErrorShape) -> Self {
        self.shape = Some(shape);
        self
    }

    /// The reply, in this shape unless another one was set.
    pub(in crate::sandbox) fn into_reply(self, shape: ErrorShape) -> Reply {
        let errors = match self.shape.unwrap_or(shape) {
            ErrorShape::Array => self
                .errors
                .iter()
                .map(|(field, text)| json!(format!("{field} {text}").trim_start()))
                .collect(),
            ErrorShape::Object => Value::Object(
                self.errors
                    .iter()
                    .map(|(field, text)| {
                        let field = if field.is_empty() { "base" } else { field };
                        (field.to_owned(), json!([text]))
                    })
                    .collect(),
            ),
        };
        let mut body = self.extra;
        body.insert("errors".to_owned(), errors);
        body.insert("status".to_owned(), json!(0));
        body.insert("request".to_owned(), json!(ids::uuid()));
        Reply::json(self.status, &Value::Object(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(reply: &Reply) -> Value {
        serde_json::from_slice(&reply.body).unwrap()
    }

    #[test]
    fn a_success_has_status_and_request() {
        let reply = Reply::ok(json!({"id": "d"}));
        let body = body(&reply);
        assert_eq!((reply.status, &body["status"], &body["id"]), (200, &json!(1), &json!("d")));
        assert_eq!(body["request"].as_str().unwrap().len(), 36);
    }

    #[test]
    fn a_rejection_has_one_of_two_shapes() {
        let rejection = Rejection::of("secret", "is invalid").with("secret", "invalid");
        let array = rejection.clone().into_reply(ErrorShape::Array);
        assert_eq!((array.status, &body(&array)["errors"]), (400, &json!(["secret is invalid"])));
        assert_eq!(body(&array)["secret"], "invalid");
        let object = rejection.clone().into_reply(ErrorShape::Object);
        assert_eq!(body(&object)["errors"], json!({"secret": ["is invalid"]}));
        assert_eq!(body(&object)["status"], 0);
        let fixed = rejection.shaped(ErrorShape::Object).into_reply(ErrorShape::Array);
        assert_eq!(body(&fixed)["errors"], json!({"secret": ["is invalid"]}));
        let plain = Rejection::new("no such thing").into_reply(ErrorShape::Array);
        assert_eq!(body(&plain)["errors"], json!(["no such thing"]));
    }
}
