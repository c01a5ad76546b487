//! The local HTTP API's server: which requests are let in, and how they are read and answered.
//!
//! Invariant: a request gets no further than this if a web page may have made it, if it is too large, too slow, or one of too many,
//! or if it carries no token. Whether the token is right is up to the handler.

mod access;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod rate;
mod request;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};

use crate::domain::account::Secret;
use rate::Rate;

pub use access::Access;

/// The largest body: a picture of 5 MiB in base64, and some more.
const LARGEST_BODY: usize = 8 << 20;

/// How long a body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// How many requests are carried out at the same time; more are refused.
const AT_ONCE: usize = 16;

/// How many streams of events are open at the same time.
const STREAMS: usize = 8;

/// A request that was let in.
#[derive(Debug)]
pub struct Request {
    /// `GET`, `POST` or `PUT`.
    pub method: String,
    /// The path, in its segments.
    pub path: Vec<String>,
    /// The token that it carries.
    pub token: Secret,
    /// The parameters: the JSON of the body, its form, or the query.
    pub document: Value,
}

/// What a request is answered with.
#[derive(Debug)]
pub enum Answer {
    /// This status and this document.
    Json(u16, Value),
    /// A stream of server-sent events, each as it is written.
    Events(mpsc::Receiver<String>),
}

/// Carries out requests.
pub trait Handler: Send + Sync + 'static {
    /// Answers a request.
    fn handle(&self, request: Request) -> impl Future<Output = Answer> + Send;
}

/// Listens for requests.
#[derive(Debug)]
pub struct HttpServer(TcpListener);

struct Gate<H> {
    access: Access,
    handler: H,
    rate: Mutex<Rate>,
    requests: Semaphore,
    streams: Arc<Semaphore>,
}

impl<H> Gate<H> {
    fn new(access: Access, handler: H) -> Self {
        Self {
            access,
            handler,
            rate: Mutex::new(Rate::new()),
            requests: Semaphore::new(AT_ONCE),
            streams: Arc::new(Semaphore::new(STREAMS)),
        }
    }
}

impl HttpServer {
    /// Listens on this address.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        TcpListener::bind(address).await.map(Self)
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers requests until it is dropped.
    pub async fn serve(self, access: Access, handler: impl Handler) {
        let router = Router::new().fallback(answer).with_state(Arc::new(Gate::new(access, handler)));
        // It ends only when it is dropped: accepting never fails, but waits and tries again.
        drop(axum::serve(self.0, router).await);
    }
}

async fn answer<H: Handler>(
    State(gate): State<Arc<Gate<H>>>,
    request: axum::extract::Request,
) -> Response<Body> {
    let refused = |status, why: &str| json_response(status, &failure(why));
    let (parts, body) = request.into_parts();
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = parts.headers.get(header::ORIGIN);
    if let Err(refusal) = gate.access.check(host, origin.is_some()) {
        return refused(403, &refusal.to_string());
    }
    let allowed = gate.rate.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Err(wait) = allowed {
        let mut response = refused(429, "too many requests");
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        return response;
    }
    let Some(token) = request::token(&parts.headers) else {
        let mut response = refused(401, "the request has no token");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    };
    let Ok(_permit) = gate.requests.try_acquire() else { return refused(503, "too many requests at once") };
    let length =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > LARGEST_BODY) {
        return refused(413, "the body is too large");
    }
    let body = match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, LARGEST_BODY)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return refused(413, "the body is too large, or broke off"),
        Err(_elapsed) => return refused(408, "the body took too long"),
    };
    let kind =
        parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let document = match request::document(parts.uri.query(), kind, &body) {
        Ok(document) => document,
        Err(why) => return refused(400, why),
    };
    let path = request::path(parts.uri.path());
    let request = Request { method: parts.method.as_str().to_owned(), path, token, document };
    match gate.handler.handle(request).await {
        Answer::Json(status, document) => json_response(status, &document),
        Answer::Events(events) => {
            let Ok(permit) = Arc::clone(&gate.streams).try_acquire_owned() else {
                return refused(503, "too many streams of events");
            };
            let lines = stream::unfold((events, permit), |(mut events, permit)| async move {
                let line = events.recv().await?;
                Some((Ok::<_, Infallible>(Bytes::from(line)), (events, permit)))
            });
            let mut response = Response::new(Body::from_stream(lines.boxed()));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
    }
}

/// A failure as the service words it.
pub fn failure(why: &str) -> Value {
    json!({ "status": 0, "errors": [why] })
}

fn json_response(status: u16, document: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(document.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
