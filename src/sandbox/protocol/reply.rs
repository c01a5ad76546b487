//! The replies of the API: bodies with `status` and `request`, and rejections in their shapes.
//!
//! Invariant: every JSON body made here has `"request": "<uuid>"`, equal to the header `X-Request-Id`.

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
        Self::with_request_id(200, body)
    }

    /// These fields and `request`, which is also a header, readable from any web page.
    fn with_request_id(status: u16, mut body: Map<String, Value>) -> Self {
        let request = ids::uuid();
        body.insert("request".to_owned(), json!(request));
        Self::json(status, &Value::Object(body))
            .header("x-request-id", request)
            .header("access-control-allow-origin", "*")
    }

    /// The reply to `OPTIONS`: any web page may send any request.
    pub(in crate::sandbox) fn preflight() -> Self {
        Self::file("text/plain", Vec::new())
            .header("access-control-allow-origin", "*")
            .header("access-control-allow-methods", "GET, POST, OPTIONS")
            .header("access-control-allow-headers", "*")
    }

    /// The same as XML: `<response><status>1</status><request>…</request></response>`.
    pub(in crate::sandbox) fn into_xml(self) -> Self {
        let Ok(Value::Object(fields)) = serde_json::from_slice(&self.body) else { return self };
        let first = ["status", "request"].iter().filter_map(|key| Some((*key, fields.get(*key)?)));
        let others = fields.iter().filter(|(key, _)| !["status", "request"].contains(&key.as_str()));
        let elements: String = first
            .chain(others.map(|(key, value)| (key.as_str(), value)))
            .map(|(key, value)| element(key, value))
            .collect();
        let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><response>{elements}</response>");
        Self { content_type: "application/xml; charset=utf-8", body: body.into_bytes(), ..self }
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

/// A value as an XML element; the elements of an array have the singular of its name.
fn element(name: &str, value: &Value) -> String {
    let content = match value {
        Value::Null => String::new(),
        Value::String(text) => escaped(text),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => {
            let name = name.strip_suffix('s').unwrap_or(name);
            items.iter().map(|item| element(name, item)).collect()
        }
        Value::Object(fields) => fields.iter().map(|(name, value)| element(name, value)).collect(),
    };
    format!("<{name}>{content}</{name}>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A rejection by the API: a 4xx with `status` 0 and `errors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct Rejection {
    status: u16,
    errors: Vec<(&'static str, String)>,
    extra: Map<String, Value>,
    headers: Vec<(&'static str, String)>,
    shape: Option<ErrorShape>,
}

impl Rejection {
    /// A 400 about one parameter; `text` continues its name: `("secret", "is invalid")`.
    pub(in crate::sandbox) fn of(field: &'static str, text: impl Into<String>) -> Self {
        Self {
            status: 400,
            errors: vec![(field, text.into())],
            extra: Map::new(),
            headers: Vec::new(),
            shape: None,
        }
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

    /// Adds a header.
    pub(in crate::sandbox) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the shape of `errors`, overriding the switch.
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
        let reply = Reply::with_request_id(self.status, body);
        self.headers.into_iter().fold(reply, |reply, (name, value)| reply.header(name, value))
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

    #[test]
    fn a_reply_as_xml_begins_with_status_and_request() {
        let reply = Rejection::new("a < b").with("user", "invalid").into_reply(ErrorShape::Array);
        let request = body(&reply)["request"].as_str().unwrap().to_owned();
        let expected = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><response><status>0</status><request>{request}</request>\
             <errors><error>a &lt; b</error></errors><user>invalid</user></response>"
        );
        assert_eq!(String::from_utf8(reply.into_xml().body).unwrap(), expected);
    }
}
