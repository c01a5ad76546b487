//! What each fault does to a request and its response.
//!
//! Invariant: a request takes effect only if its fault allows that.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use futures_util::{StreamExt as _, stream};
use serde_json::json;

use super::slow_line::slowed;
use super::websocket::{LoginBehavior, Upgrade};
use crate::sandbox::api;
use crate::sandbox::connections::ConnectionHandle;
use crate::sandbox::faults::{ErrorBody, Fault, Gate};
use crate::sandbox::ids;
use crate::sandbox::journal::InFlight;
use crate::sandbox::protocol::{Params, Rejection, Reply, Route};
use crate::sandbox::service::Service;

/// Answers a request, or fails to, as its fault demands.
pub(super) async fn respond(
    service: &Service,
    connection: &ConnectionHandle,
    fault: Option<Fault>,
    action: Action,
    in_flight: InFlight,
) -> Response<Body> {
    let is_socket = matches!(action, Action::Upgrade(_));
    let Some(fault) = fault else { return action.execute(LoginBehavior::Normal).send(&in_flight) };
    match fault {
        Fault::Slow(pause) => {
            tokio::time::sleep(pause).await;
            action.execute(LoginBehavior::Normal).send(&in_flight)
        }
        Fault::Gate(gate) => {
            wait_at(service, &gate).await;
            action.execute(LoginBehavior::Normal).send(&in_flight)
        }
        Fault::GateAfter(gate) => {
            let outcome = action.execute(LoginBehavior::Normal);
            wait_at(service, &gate).await;
            outcome.send(&in_flight)
        }
        Fault::SendAndClose(payload) => action.execute(LoginBehavior::SendAndClose(payload)).send(&in_flight),
        Fault::HangAfter if is_socket => action.execute(LoginBehavior::Silent).send(&in_flight),
        Fault::DropAfter if is_socket => action.execute(LoginBehavior::Cut).send(&in_flight),
        Fault::HalfBody | Fault::Trickle if is_socket => cut(connection),
        Fault::Hang => hang(service, connection).await,
        Fault::HangAfter => {
            action.execute(LoginBehavior::Normal).discard();
            hang(service, connection).await
        }
        Fault::Drop => cut(connection),
        Fault::Reset => {
            connection.reset();
            Response::new(Body::empty())
        }
        Fault::Rate(bytes_per_second) => {
            slowed(action.execute(LoginBehavior::Normal).send(&in_flight), bytes_per_second)
        }
        Fault::DropAfter => {
            action.execute(LoginBehavior::Normal).discard();
            cut(connection)
        }
        Fault::HalfBody => match action.execute(LoginBehavior::Normal) {
            Outcome::Reply { reply, .. } => recorded(half(&reply), &in_flight),
            Outcome::Upgrade(_) => cut(connection),
        },
        Fault::Trickle => match action.execute(LoginBehavior::Normal) {
            Outcome::Reply { reply, .. } => trickle(reply, in_flight),
            Outcome::Upgrade(_) => cut(connection),
        },
        Fault::Endless => endless(in_flight),
        Fault::Backlog { messages, text } => backlog(messages, text, in_flight),
        Fault::Huge(length) => complete(Reply::file("application/json", vec![b' '; length]), &in_flight),
        Fault::Garbage => {
            let garbage = b"\x00\xffthis is neither JSON nor an image {\"status\":1".to_vec();
            complete(Reply::file("application/json", garbage), &in_flight)
        }
        Fault::Json(body) => complete(Reply::json(200, &body), &in_flight),
        Fault::Response { code, content_type, body } => {
            complete(Reply { status: code, ..Reply::file(content_type, body) }, &in_flight)
        }
        Fault::Status { code, retry_after: None, body } => complete(error(code, body), &in_flight),
        Fault::Status { code, retry_after: Some(pause), body } => {
            complete(error(code, body).header("retry-after", pause), &in_flight)
        }
        Fault::CaptivePortal => {
            let page = b"<html><title>Welcome to the hotel</title><form>Room number</form></html>".to_vec();
            complete(Reply { status: 403, ..Reply::file("text/html", page) }, &in_flight)
        }
        Fault::Redirect => {
            let reply = Reply { status: 302, ..Reply::file("text/html", Vec::new()) };
            complete(reply.header("location", "/hotel/login"), &in_flight)
        }
    }
}

/// What a request does when it takes effect.
pub(super) enum Action {
    /// An API request or a file.
    Api { service: Arc<Service>, route: Route, params: Result<Params, Rejection>, xml: bool },
    /// Opens a websocket.
    Upgrade(Box<Upgrade>),
    /// Nothing: the reply is known.
    Reply(Reply),
}

impl Action {
    fn execute(self, behavior: LoginBehavior) -> Outcome {
        match self {
            Self::Api { service, route, params, xml } => {
                let requested = params.as_ref().cloned().unwrap_or_default();
                let reply = api::execute(&service, &route, params);
                let reply = if xml { reply.into_xml() } else { reply };
                Outcome::Reply { reply, to: Some((service, route, requested)) }
            }
            Self::Upgrade(upgrade) => Outcome::Upgrade(upgrade.accept(behavior)),
            Self::Reply(reply) => Outcome::Reply { reply, to: None },
        }
    }
}

/// The outcome of a request.
enum Outcome {
    Reply { reply: Reply, to: Option<(Arc<Service>, Route, Params)> },
    Upgrade(Response<Body>),
}

impl Outcome {
    /// Records the outcome, counts it and returns the complete response.
    fn send(self, in_flight: &InFlight) -> Response<Body> {
        match self {
            Self::Reply { reply, to } => {
                let (is_ok, response) = (reply.status == 200, complete(reply, in_flight));
                // The counters come after the journal: a test that waits for a counter may read the journal next.
                if let (true, Some((service, route, params))) = (is_ok, to) {
                    count(&service, &route, &params);
                }
                response
            }
            Self::Upgrade(response) => recorded(response, in_flight),
        }
    }

    /// Sends nothing.
    fn discard(self) {
        drop(self);
    }
}

fn count(service: &Service, route: &Route, params: &Params) {
    service.counters.update(|counters| match route {
        Route::Login => counters.logins += 1,
        Route::Download => counters.downloads += 1,
        Route::Delete { .. } => {
            counters.deletes += 1;
            counters.last_deleted_through = params.get("message").and_then(|text| text.parse().ok());
        }
        Route::Acknowledge { .. } => counters.acknowledges += 1,
        Route::Devices
        | Route::Socket
        | Route::Icon { .. }
        | Route::Sound { .. }
        | Route::Sending(_)
        | Route::Preflight
        | Route::Unknown => {}
    });
}

fn complete(reply: Reply, in_flight: &InFlight) -> Response<Body> {
    let is_text = reply.content_type.starts_with("text/") || reply.content_type.starts_with("application/");
    in_flight.set_answer(reply.status, is_text.then_some(&reply.body));
    reply.into_response()
}

fn recorded(response: Response<Body>, in_flight: &InFlight) -> Response<Body> {
    in_flight.set_answer(response.status().as_u16(), None);
    response
}

async fn wait_at(service: &Service, gate: &Gate) {
    tokio::select! {
        () = gate.pass() => {}
        () = service.closing.cancelled() => {}
    }
}

/// Waits until the client disconnects, which drops this future, or the sandbox stops.
async fn hang(service: &Service, connection: &ConnectionHandle) -> Response<Body> {
    service.closing.cancelled().await;
    cut(connection)
}

/// Ends the connection. The response is never sent, because nothing can be written any more.
fn cut(connection: &ConnectionHandle) -> Response<Body> {
    connection.cut();
    Response::new(Body::empty())
}

fn error(code: u16, body: ErrorBody) -> Reply {
    match body {
        ErrorBody::Html => {
            let page = format!("<html><head><title>{code}</title></head><body>nginx</body></html>");
            Reply { status: code, ..Reply::file("text/html", page.into_bytes()) }
        }
        ErrorBody::Json => {
            let body = json!({"status": 0, "errors": ["fault ordered by a test"], "request": ids::uuid()});
            Reply::json(code, &body)
        }
        ErrorBody::Empty => Reply { status: code, ..Reply::file("text/plain", Vec::new()) },
    }
}

/// Announces the whole length, sends half, and fails.
fn half(reply: &Reply) -> Response<Body> {
    let length = reply.body.len();
    let half = Bytes::copy_from_slice(reply.body.get(..length / 2).unwrap_or_default());
    let body = stream::unfold(Some(half), |half| async move {
        if let Some(half) = half {
            return Some((Ok(half), None));
        }
        // hyper writes its buffer only when the body is pending.
        tokio::task::yield_now().await;
        Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), None))
    });
    streamed(reply.status, reply.content_type, Some(length), Body::from_stream(body))
}

/// Announces the whole length and sends one byte per second.
fn trickle(reply: Reply, in_flight: InFlight) -> Response<Body> {
    in_flight.set_answer(reply.status, None);
    let bytes = Bytes::from(reply.body);
    let length = bytes.len();
    let body = stream::unfold((bytes, in_flight), |(mut rest, in_flight)| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok::<_, Infallible>(rest.split_to(1)), (rest, in_flight)))
    });
    streamed(reply.status, reply.content_type, Some(length), Body::from_stream(body))
}

fn endless(in_flight: InFlight) -> Response<Body> {
    const CHUNK: Bytes = Bytes::from_static(&[b' '; 16 << 10]);
    in_flight.set_answer(200, None);
    let body =
        stream::unfold(in_flight, |in_flight| async move { Some((Ok::<_, Infallible>(CHUNK), in_flight)) });
    streamed(200, "application/json", None, Body::from_stream(body))
}

fn backlog(messages: u64, text: usize, in_flight: InFlight) -> Response<Body> {
    const AT_ONCE: u64 = 32;
    in_flight.set_answer(200, None);
    // An emoji: it takes the most bytes for one character.
    let text = r"\ud83d\ude00".repeat(text);
    let item = move |id: u64| {
        let comma = if id == 1 { "" } else { "," };
        format!(r#"{comma}{{"id":{id},"id_str":"{id}","message":"{text}","app":"Sandbox","priority":0}}"#)
    };
    let begin = stream::iter([Bytes::from_static(b"{\"messages\":[")]);
    let end = stream::iter([Bytes::from_static(b"],\"user\":{},\"device\":{},\"status\":1}")]);
    let items = stream::unfold((1, in_flight), move |(next, in_flight)| {
        let later = messages.min(next + AT_ONCE - 1) + 1;
        let part = (next < later).then(|| Bytes::from((next..later).map(&item).collect::<String>()));
        async move { Some((part?, (later, in_flight))) }
    });
    let body = begin.chain(items).chain(end).map(Ok::<_, Infallible>);
    streamed(200, "application/json", None, Body::from_stream(body))
}

/// A response whose body is generated while it is sent.
fn streamed(status: u16, content_type: &'static str, length: Option<usize>, body: Body) -> Response<Body> {
    let mut response = Reply { status, ..Reply::file(content_type, Vec::new()) }.into_response();
    if let Some(length) = length {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    *response.body_mut() = body;
    response
}
