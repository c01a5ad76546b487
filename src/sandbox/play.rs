//! Faults on a real connection: what each does to a request and its answer.
//!
//! Invariant: a fault that says the request takes no effect is decided before the request is acted on.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
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

/// A request that can take effect.
pub(super) enum Act {
    /// An API call or a file.
    Api { service: Arc<Service>, route: Route, params: Result<Params, Rejection> },
    /// The opening of a websocket.
    Socket(Box<Opening>),
    /// An answer that is certain already.
    Answer(Answer),
}

/// What a request led to.
enum Outcome {
    Answer { answer: Answer, of: Option<(Arc<Service>, Route, Params)> },
    Upgrade(Response<Body>),
}

impl Act {
    fn take_effect(self, bearing: Bearing) -> Outcome {
        match self {
            Self::Api { service, route, params } => {
                let kept = params.as_ref().cloned().unwrap_or_default();
                let answer = door::answer(&service, &route, params);
                Outcome::Answer { answer, of: Some((service, route, kept)) }
            }
            Self::Socket(opening) => Outcome::Upgrade(opening.open(bearing)),
            Self::Answer(answer) => Outcome::Answer { answer, of: None },
        }
    }
}

impl Outcome {
    fn into_response(self) -> Response<Body> {
        match self {
            Self::Answer { answer, .. } => answer.into_response(),
            Self::Upgrade(response) => response,
        }
    }

    /// Counts what goes out whole.
    fn count(&self) {
        let Self::Answer { answer: Answer { status: 200, .. }, of: Some((service, route, params)) } = self
        else {
            return;
        };
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
}

/// Answers a request, or fails to, as its fault wants it.
pub(super) async fn perform(
    service: &Service,
    grip: &Grip,
    fault: Option<Fault>,
    act: Act,
    ticket: Ticket,
) -> Response<Body> {
    let is_socket = matches!(act, Act::Socket(_));
    let Some(fault) = fault else { return whole(act, ticket) };
    match fault {
        Fault::Slow(pause) => {
            tokio::time::sleep(pause).await;
            whole(act, ticket)
        }
        Fault::Gate(gate) => {
            pass(service, &gate).await;
            whole(act, ticket)
        }
        Fault::GateAfter(gate) => {
            let outcome = act.take_effect(Bearing::Usual);
            pass(service, &gate).await;
            outcome.count();
            sent(outcome.into_response(), &ticket)
        }
        Fault::Hang => {
            service.closing.cancelled().await;
            cut(grip)
        }
        Fault::HangAfter if is_socket => sent(act.take_effect(Bearing::Mute).into_response(), &ticket),
        Fault::HangAfter => {
            drop(act.take_effect(Bearing::Usual));
            service.closing.cancelled().await;
            cut(grip)
        }
        Fault::Drop => cut(grip),
        Fault::DropAfter if is_socket => sent(act.take_effect(Bearing::Cut).into_response(), &ticket),
        Fault::DropAfter => {
            drop(act.take_effect(Bearing::Usual));
            cut(grip)
        }
        Fault::Farewell(payload) => {
            sent(act.take_effect(Bearing::Farewell(payload)).into_response(), &ticket)
        }
        Fault::HalfBody | Fault::Trickle if is_socket => cut(grip),
        Fault::HalfBody => match act.take_effect(Bearing::Usual) {
            Outcome::Answer { answer, .. } => sent(half(answer), &ticket),
            Outcome::Upgrade(_) => cut(grip),
        },
        Fault::Trickle => match act.take_effect(Bearing::Usual) {
            Outcome::Answer { answer, .. } => {
                ticket.answered(answer.status);
                trickle(answer, ticket)
            }
            Outcome::Upgrade(_) => cut(grip),
        },
        Fault::Endless => {
            ticket.answered(200);
            endless(ticket)
        }
        Fault::Huge(length) => {
            sent(Answer::file("application/json", vec![b' '; length]).into_response(), &ticket)
        }
        Fault::Garbage => {
            let garbage = b"\x00\xffthis is neither JSON nor an image {\"status\":1".to_vec();
            sent(Answer::file("application/json", garbage).into_response(), &ticket)
        }
        Fault::Reply(body) => sent(Answer::json(200, &body).into_response(), &ticket),
        Fault::Answer { code, content_type, body } => {
            let answer = Answer { status: code, ..Answer::file(content_type, body) };
            sent(answer.into_response(), &ticket)
        }
        Fault::Status { code, retry_after, body } => {
            let mut answer = error(code, body);
            if let Some(retry_after) = retry_after {
                answer = answer.with("retry-after", retry_after);
            }
            sent(answer.into_response(), &ticket)
        }
        Fault::Portal => {
            let page = b"<html><title>Welcome to the hotel</title><form>Room number</form></html>".to_vec();
            let answer = Answer { status: 403, ..Answer::file("text/html", page) };
            sent(answer.into_response(), &ticket)
        }
        Fault::Redirect => {
            let answer = Answer { status: 302, ..Answer::file("text/html", Vec::new()) };
            sent(answer.with("location", "/hotel/login").into_response(), &ticket)
        }
    }
}

fn whole(act: Act, ticket: Ticket) -> Response<Body> {
    let outcome = act.take_effect(Bearing::Usual);
    let response = outcome.into_counted_response(&ticket);
    drop(ticket);
    response
}

impl Outcome {
    fn into_counted_response(self, ticket: &Ticket) -> Response<Body> {
        // The ledger first: who waits for the counter may look into it.
        ticket.answered(self.status());
        self.count();
        self.into_response()
    }

    fn status(&self) -> u16 {
        match self {
            Self::Answer { answer, .. } => answer.status,
            Self::Upgrade(response) => response.status().as_u16(),
        }
    }
}

fn sent(response: Response<Body>, ticket: &Ticket) -> Response<Body> {
    ticket.answered(response.status().as_u16());
    response
}

async fn pass(service: &Service, gate: &Gate) {
    tokio::select! {
        () = gate.pass() => {}
        () = service.closing.cancelled() => {}
    }
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
fn half(answer: Answer) -> Response<Body> {
    let length = answer.body.len();
    let half = Bytes::from(answer.body.get(..length / 2).unwrap_or_default().to_vec());
    let body = stream::unfold(Some(half), |half| async move {
        if let Some(half) = half {
            return Some((Ok(half), None));
        }
        // hyper writes out what it has only when the body makes it wait.
        tokio::task::yield_now().await;
        Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), None))
    });
    let mut response = Answer { body: Vec::new(), ..answer }.into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    *response.body_mut() = Body::from_stream(body);
    response
}

/// Announces the whole length and sends a byte a second.
fn trickle(answer: Answer, ticket: Ticket) -> Response<Body> {
    let bytes = Bytes::from(answer.body);
    let length = bytes.len();
    let body = stream::unfold((bytes, ticket), |(mut rest, ticket)| async move {
        if rest.is_empty() {
            return None;
        }
        let byte = rest.split_to(1);
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok::<_, Infallible>(byte), (rest, ticket)))
    });
    let mut response =
        Answer { body: Vec::new(), ..Answer::file(answer.content_type, Vec::new()) }.into_response();
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    *response.body_mut() = Body::from_stream(body);
    response
}

fn endless(ticket: Ticket) -> Response<Body> {
    const CHUNK: Bytes = Bytes::from_static(&[b' '; 16 << 10]);
    let body = stream::unfold(ticket, |ticket| async move {
        // A stream that is always ready would leave a paused clock no chance to move.
        tokio::task::yield_now().await;
        Some((Ok::<_, Infallible>(CHUNK), ticket))
    });
    let mut response = Answer::file("application/json", Vec::new()).into_response();
    *response.body_mut() = Body::from_stream(body);
    response
}
