//! Faults on a real connection: what each does to a request and its answer.
//!
//! Invariant: a request whose fault allows it no effect is never acted on.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use futures_util::stream;
use serde_json::json;

use super::answer::{Answer, Rejection};
use super::door;
use super::faults::{ErrorBody, Fault, Gate};
use super::ledger::Ticket;
use super::params::Params;
use super::push::{Bearing, Opening};
use super::routes::Route;
use super::service::Service;
use super::wire::Grip;

/// Answers a request, or fails to, as its fault wants it.
pub(super) async fn perform(
    service: &Service,
    grip: &Grip,
    fault: Option<Fault>,
    act: Act,
    ticket: Ticket,
) -> Response<Body> {
    let is_socket = matches!(act, Act::Socket(_));
    let Some(fault) = fault else { return act.take_effect(Bearing::Usual).send(&ticket) };
    match fault {
        Fault::Slow(pause) => {
            tokio::time::sleep(pause).await;
            act.take_effect(Bearing::Usual).send(&ticket)
        }
        Fault::Gate(gate) => {
            pass(service, &gate).await;
            act.take_effect(Bearing::Usual).send(&ticket)
        }
        Fault::GateAfter(gate) => {
            let outcome = act.take_effect(Bearing::Usual);
            pass(service, &gate).await;
            outcome.send(&ticket)
        }
        Fault::Farewell(payload) => act.take_effect(Bearing::Farewell(payload)).send(&ticket),
        Fault::HangAfter if is_socket => act.take_effect(Bearing::Mute).send(&ticket),
        Fault::DropAfter if is_socket => act.take_effect(Bearing::Cut).send(&ticket),
        Fault::HalfBody | Fault::Trickle if is_socket => cut(grip),
        Fault::Hang => hang(service, grip).await,
        Fault::HangAfter => {
            act.take_effect(Bearing::Usual).withhold();
            hang(service, grip).await
        }
        Fault::Drop => cut(grip),
        Fault::DropAfter => {
            act.take_effect(Bearing::Usual).withhold();
            cut(grip)
        }
        Fault::HalfBody => match act.take_effect(Bearing::Usual) {
            Outcome::Answer { answer, .. } => logged(half(&answer), &ticket),
            Outcome::Upgrade(_) => cut(grip),
        },
        Fault::Trickle => match act.take_effect(Bearing::Usual) {
            Outcome::Answer { answer, .. } => trickle(answer, ticket),
            Outcome::Upgrade(_) => cut(grip),
        },
        Fault::Endless => endless(ticket),
        Fault::Huge(length) => plain(Answer::file("application/json", vec![b' '; length]), &ticket),
        Fault::Garbage => {
            let garbage = b"\x00\xffthis is neither JSON nor an image {\"status\":1".to_vec();
            plain(Answer::file("application/json", garbage), &ticket)
        }
        Fault::Reply(body) => plain(Answer::json(200, &body), &ticket),
        Fault::Answer { code, content_type, body } => {
            plain(Answer { status: code, ..Answer::file(content_type, body) }, &ticket)
        }
        Fault::Status { code, retry_after: None, body } => plain(error(code, body), &ticket),
        Fault::Status { code, retry_after: Some(pause), body } => {
            plain(error(code, body).with("retry-after", pause), &ticket)
        }
        Fault::Portal => {
            let page = b"<html><title>Welcome to the hotel</title><form>Room number</form></html>".to_vec();
            plain(Answer { status: 403, ..Answer::file("text/html", page) }, &ticket)
        }
        Fault::Redirect => {
            let answer = Answer { status: 302, ..Answer::file("text/html", Vec::new()) };
            plain(answer.with("location", "/hotel/login"), &ticket)
        }
    }
}

/// A request that can take effect.
pub(super) enum Act {
    /// An API call or a file.
    Api { service: Arc<Service>, route: Route, params: Result<Params, Rejection> },
    /// The opening of a websocket.
    Socket(Box<Opening>),
    /// An answer that is certain already.
    Answer(Answer),
}

impl Act {
    fn take_effect(self, bearing: Bearing) -> Outcome {
        match self {
            Self::Api { service, route, params } => {
                let asked = params.as_ref().cloned().unwrap_or_default();
                let answer = door::answer(&service, &route, params);
                Outcome::Answer { answer, to: Some((service, route, asked)) }
            }
            Self::Socket(opening) => Outcome::Upgrade(opening.open(bearing)),
            Self::Answer(answer) => Outcome::Answer { answer, to: None },
        }
    }
}

/// What a request led to.
enum Outcome {
    Answer { answer: Answer, to: Option<(Arc<Service>, Route, Params)> },
    Upgrade(Response<Body>),
}

impl Outcome {
    /// Enters the outcome in the ledger, counts it and gives it out whole.
    fn send(self, ticket: &Ticket) -> Response<Body> {
        match self {
            Self::Answer { answer, to } => {
                let (is_ok, response) = (answer.status == 200, plain(answer, ticket));
                // After the ledger: who waits for a counter may look there next.
                if let (true, Some((service, route, params))) = (is_ok, to) {
                    count(&service, &route, &params);
                }
                response
            }
            Self::Upgrade(response) => logged(response, ticket),
        }
    }

    /// Gives it to nobody.
    fn withhold(self) {
        drop(self);
    }
}

fn count(service: &Service, route: &Route, params: &Params) {
    service.tally.count(|counters| match route {
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
        | Route::Send
        | Route::Validate
        | Route::Limits
        | Route::Sounds
        | Route::Poll { .. }
        | Route::Cancel { .. }
        | Route::CancelByTag { .. }
        | Route::Unknown => {}
    });
}

fn plain(answer: Answer, ticket: &Ticket) -> Response<Body> {
    logged(answer.into_response(), ticket)
}

fn logged(response: Response<Body>, ticket: &Ticket) -> Response<Body> {
    ticket.answered(response.status().as_u16());
    response
}

async fn pass(service: &Service, gate: &Gate) {
    tokio::select! {
        () = gate.pass() => {}
        () = service.closing.cancelled() => {}
    }
}

/// Waits until the client leaves, which drops this future, or the sandbox closes.
async fn hang(service: &Service, grip: &Grip) -> Response<Body> {
    service.closing.cancelled().await;
    cut(grip)
}

/// Ends the connection; the response is never sent, because nothing can be written any more.
fn cut(grip: &Grip) -> Response<Body> {
    grip.cut();
    Response::new(Body::empty())
}

fn error(code: u16, body: ErrorBody) -> Answer {
    match body {
        ErrorBody::Html => {
            let page = format!("<html><head><title>{code}</title></head><body>nginx</body></html>");
            Answer { status: code, ..Answer::file("text/html", page.into_bytes()) }
        }
        ErrorBody::Json => {
            let body =
                json!({"status": 0, "errors": ["as the test ordered"], "request": super::token::uuid()});
            Answer::json(code, &body)
        }
        ErrorBody::Empty => Answer { status: code, ..Answer::file("text/plain", Vec::new()) },
    }
}

/// Announces the whole length, sends half, and fails.
fn half(answer: &Answer) -> Response<Body> {
    let length = answer.body.len();
    let half = Bytes::copy_from_slice(answer.body.get(..length / 2).unwrap_or_default());
    let body = stream::unfold(Some(half), |half| async move {
        if let Some(half) = half {
            return Some((Ok(half), None));
        }
        // hyper writes out what it has only when the body makes it wait.
        tokio::task::yield_now().await;
        Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), None))
    });
    streamed(answer.status, answer.content_type, Some(length), Body::from_stream(body))
}

/// Announces the whole length and sends a byte a second.
fn trickle(answer: Answer, ticket: Ticket) -> Response<Body> {
    ticket.answered(answer.status);
    let bytes = Bytes::from(answer.body);
    let length = bytes.len();
    let body = stream::unfold((bytes, ticket), |(mut rest, ticket)| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok::<_, Infallible>(rest.split_to(1)), (rest, ticket)))
    });
    streamed(answer.status, answer.content_type, Some(length), Body::from_stream(body))
}

fn endless(ticket: Ticket) -> Response<Body> {
    const CHUNK: Bytes = Bytes::from_static(&[b' '; 16 << 10]);
    ticket.answered(200);
    let body = stream::unfold(ticket, |ticket| async move { Some((Ok::<_, Infallible>(CHUNK), ticket)) });
    streamed(200, "application/json", None, Body::from_stream(body))
}

/// An answer whose body is made while it is sent.
fn streamed(status: u16, content_type: &'static str, length: Option<usize>, body: Body) -> Response<Body> {
    let mut response = Answer { status, ..Answer::file(content_type, Vec::new()) }.into_response();
    if let Some(length) = length {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    *response.body_mut() = body;
    response
}
