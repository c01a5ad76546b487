//! The answers of the API: bodies with `status` and `request`, and rejections in their shapes.
//!
//! Invariant: every JSON body made here has `"request": "<uuid>"`.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use super::switches::ErrorShape;

/// An answer, before any fault gets at it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A success: the fields given, `status` 1 and `request`.
    pub(super) fn done(fields: Value) -> Self {
        let mut body = match fields {
            Value::Object(fields) => fields,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Map::new()
            }
        };
        body.insert("status".to_owned(), json!(1));
        body.insert("request".to_owned(), json!(super::token::uuid()));
        Self::json(200, &Value::Object(body))
    }

    /// Exactly this JSON.
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content_type: "application/json; charset=utf-8",
            body: body.to_string().into_bytes(),
        }
    }

    /// A file.
    pub(super) fn file(content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status: 200, headers: Vec::new(), content_type, body }
    }

    /// The same with one more header.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// What goes over the wire; a header that HTTP does not allow is left out.
    pub(super) fn into_response(self) -> Response<Body> {
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

/// A refusal by the API: a 4xx with `status` 0 and `errors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    status: u16,
    errors: Vec<(&'static str, String)>,
    extra: Map<String, Value>,
    shape: Option<ErrorShape>,
}

impl Rejection {
    /// A 400 about one parameter; `text` goes on from its name: `("secret", "is invalid")`.
    pub(super) fn of(field: &'static str, text: impl Into<String>) -> Self {
        Self { status: 400, errors: vec![(field, text.into())], extra: Map::new(), shape: None }
    }

    /// A 400 with a sentence that is about no single parameter.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::of("", text)
    }

    pub(super) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds a top-level key.
    pub(super) fn with(mut self, key: &str, value: &str) -> Self {
        self.extra.insert(key.to_owned(), json!(value));
        self
    }

    /// Fixes the shape of `errors`, whatever the switch says.
    pub(super) fn shaped(mut self, shape: ErrorShape) -> Self {
        self.shape = Some(shape);
        self
    }

    /// The body, in the shape asked for unless it is fixed.
    pub(super) fn into_answer(self, shape: ErrorShape) -> Answer {
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
        body.insert("request".to_owned(), json!(super::token::uuid()));
        Answer::json(self.status, &Value::Object(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(answer: &Answer) -> Value {
        serde_json::from_slice(&answer.body).unwrap()
    }

    #[test]
    fn a_success_has_status_and_request() {
        let answer = Answer::done(json!({"id": "d"}));
        let body = body(&answer);
        assert_eq!((answer.status, &body["status"], &body["id"]), (200, &json!(1), &json!("d")));
        assert_eq!(body["request"].as_str().unwrap().len(), 36);
    }

    #[test]
    fn a_rejection_comes_in_two_shapes() {
        let rejection = Rejection::of("secret", "is invalid").with("secret", "invalid");
        let array = rejection.clone().into_answer(ErrorShape::Array);
        assert_eq!((array.status, &body(&array)["errors"]), (400, &json!(["secret is invalid"])));
        assert_eq!(body(&array)["secret"], "invalid");
        let object = rejection.clone().into_answer(ErrorShape::Object);
        assert_eq!(body(&object)["errors"], json!({"secret": ["is invalid"]}));
        assert_eq!(body(&object)["status"], 0);
        let fixed = rejection.shaped(ErrorShape::Object).into_answer(ErrorShape::Array);
        assert_eq!(body(&fixed)["errors"], json!({"secret": ["is invalid"]}));
        let plain = Rejection::plain("no such thing").into_answer(ErrorShape::Array);
        assert_eq!(body(&plain)["errors"], json!(["no such thing"]));
    }
}
