//! The properties that any request to the HTTP API keeps, for the fuzz target in `tests/fuzz`.
//!
//! Invariant: who may use it is decided here by a list of what may be said, not by the code under test. The bytes of HTTP are
//! read by hyper, so the parts of a request are made here.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::{Access, Answer, Gate, Handler, Request, answer};

thread_local! {
    /// Shared, because creating a runtime takes a hundred times as long as a request.
    static RUNTIME: Option<Runtime> = Builder::new_current_thread().enable_time().build().ok();
}

/// Panics unless a request is carried out only if a program on this computer may have made it, and as it was written, and unless
/// any other is refused with a reason. The first line is a method and an address, headers follow, and after an empty line the body.
pub fn requests(data: &[u8]) {
    let end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let (head, body) = data.split_at(end);
    let body = body.get(2..).unwrap_or_default();
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let (method, address) = first.split_once(' ').unwrap_or(("POST", &first));
    let (Ok(method), Ok(uri)) = (Method::from_bytes(method.as_bytes()), Uri::try_from(address)) else {
        return;
    };
    let headers: HeaderMap = lines.filter_map(header_of).collect();

    let mut request = axum::extract::Request::new(Body::from(body.to_vec()));
    (*request.method_mut(), *request.uri_mut()) = (method.clone(), uri.clone());
    *request.headers_mut() = headers.clone();
    let Some((carried_out, (status, document))) =
        RUNTIME.with(|runtime| Some(runtime.as_ref()?.block_on(outcome(request))))
    else {
        return;
    };
    if let Some(request) = carried_out {
        assert_eq!(status, StatusCode::OK);
        is_allowed(&headers, &request);
        is_as_written(&method, &uri, &request);
    } else {
        assert!(status.is_client_error(), "{status}");
        let why = document.pointer("/errors/0").and_then(Value::as_str);
        assert!(why.is_some_and(|why| !why.is_empty()), "no reason: {document}");
    }
}

fn header_of(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':')?);
    let value = value.strip_prefix(b":")?.trim_ascii();
    Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
}

/// The request that was carried out, if it was, and the response.
async fn outcome(request: axum::extract::Request) -> (Option<Request>, (StatusCode, Value)) {
    let carried_out = Carried::default();
    let access = Access { hosts: vec!["nas.local".to_owned()] };
    let response = answer(State(Arc::new(Gate::new(access, carried_out.clone()))), request).await;
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
    let request = carried_out.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    (request, (status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// Keeps the request.
#[derive(Clone, Default)]
struct Carried(Arc<Mutex<Option<Request>>>);

impl Handler for Carried {
    async fn handle(&self, request: Request) -> Answer {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
        Answer::Json(200, json!({ "status": 1 }))
    }
}

/// A program names this computer as the host, no origin, and a token.
fn is_allowed(headers: &HeaderMap, request: &Request) {
    let text =
        |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let host = text(header::HOST).to_ascii_lowercase();
    let name = host.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let name = name.strip_suffix(':').unwrap_or(&host);
    let ipv6 = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')?.parse().ok());
    let is_ipv6 = ipv6 == Some(Ipv6Addr::LOCALHOST);
    let is_ipv4 = name.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback());
    assert!(is_ipv6 || is_ipv4 || name == "localhost" || name == "nas.local", "the host {host:?}");
    assert!(!headers.contains_key(header::ORIGIN), "a web page");
    let token = request.token.expose();
    assert!(!token.trim().is_empty(), "no token");
    let is_in = |name| {
        headers
            .get(name)
            .is_some_and(|value: &HeaderValue| value.to_str().is_ok_and(|value| value.ends_with(token)))
    };
    assert!(
        is_in(header::AUTHORIZATION) || is_in(HeaderName::from_static("x-auth-token")),
        "the token {token:?}"
    );
}

/// Nothing is added to the method, the path and the parameters.
fn is_as_written(method: &Method, uri: &Uri, request: &Request) {
    assert_eq!(request.method, method.as_str());
    let decoded: Vec<_> = uri
        .path()
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
        .filter(|segment| !segment.is_empty())
        .collect();
    assert_eq!(request.path, decoded, "the path");
    assert!(request.document.is_object(), "the parameters are no object");
}
