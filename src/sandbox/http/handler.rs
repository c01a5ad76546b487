//! Handles every request: reads its parameters, records it, and answers it as its fault demands.
//!
//! Invariant: a request is in the journal before it takes effect, and one that may come from a web page has none.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Response, StatusCode, header};

use super::fault_response::{Action, respond};
use super::slow_line::slowed;
use super::websocket::Upgrade;
use crate::sandbox::connections::ConnectionHandle;
use crate::sandbox::journal::Arrival;
use crate::sandbox::protocol::{Params, Rejection, Route};
use crate::sandbox::service::Service;

/// The largest body accepted: an attachment of 5 MiB in base64 and some more.
const LARGEST_BODY: usize = 8 << 20;

pub(in crate::sandbox) async fn handle(
    State(service): State<Arc<Service>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    request: Request,
) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    // Every endpoint of the API exists as XML too.
    let json_path = path.strip_suffix(".xml").map(|path| format!("{path}.json"));
    let route = Route::of(&parts.method, json_path.as_ref().unwrap_or(&path));
    let header = |name| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = parts.uri.authority().map(Authority::as_str).or_else(|| header(header::HOST));
    let origin = header(header::ORIGIN).map(str::to_owned);
    if let Err(refusal) = service.access.check(host, origin.as_deref()) {
        return refused(&refusal);
    }
    let params = match to_bytes(body, LARGEST_BODY).await {
        Ok(body) => Params::read(parts.uri.query(), header(header::CONTENT_TYPE).unwrap_or_default(), &body),
        Err(_) => Err(Rejection::new("request body could not be read").status(413)),
    };
    let fault = service.faults.take(route.endpoint());
    let in_flight = service.journal.record(&Arrival {
        method: parts.method.as_str(),
        path: &path,
        endpoint: route.endpoint(),
        user_agent: header(header::USER_AGENT),
        params: params.as_ref().unwrap_or(&Params::default()),
        faulted: fault.is_some(),
    });
    let action = if route == Route::Socket {
        if let Ok(request) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            let (service, connection) = (Arc::clone(&service), connection.clone());
            Action::Upgrade(Box::new(Upgrade { request, service, connection }))
        } else {
            let rejection = Rejection::new("this endpoint is for websockets");
            Action::Reply(rejection.into_reply(service.state().switches.errors))
        }
    } else {
        Action::Api { service: Arc::clone(&service), route, params, xml: json_path.is_some() }
    };
    let mut response = respond(&service, &connection, fault, action, in_flight).await;
    if let Some(date) = date(service.state().now()) {
        response.headers_mut().insert(header::DATE, date);
    }
    if let Some(Ok(origin)) = origin.map(HeaderValue::try_from) {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    let limit = service.state().switches.bytes_per_second;
    match limit {
        Some(limit) => slowed(response, limit),
        None => response,
    }
}

fn refused(refusal: &impl ToString) -> Response<Body> {
    let mut response = Response::new(Body::from(refusal.to_string()));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

/// The time of the service as a header; hyper would send this computer's.
fn date(unix: i64) -> Option<HeaderValue> {
    let time = jiff::Timestamp::from_second(unix).ok()?;
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()?;
    HeaderValue::try_from(text).ok()
}
