//! Handles every request: reads its parameters, records it, and answers it as its fault demands.
//!
//! Invariant: a request to the service is in the journal before it takes effect, and one that may come from another web page has
//! no effect.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Method, Response, header};

use super::fault_response::{Action, respond};
use super::refusal::{header_text, refused};
use super::slow_line::slowed;
use super::websocket::Upgrade;
use super::{own, proxy};
use crate::sandbox::connections::ConnectionHandle;
use crate::sandbox::journal::Arrival;
use crate::sandbox::protocol::{Params, Rejection, Route};
use crate::sandbox::service::Service;
use crate::sandbox::tls::TlsQueue;

/// The largest body accepted: an attachment of 5 MiB in base64 and some more.
const LARGEST_BODY: usize = 8 << 20;

/// What every connection shares.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Shared {
    pub(in crate::sandbox) service: Arc<Service>,
    pub(in crate::sandbox) tls: TlsQueue,
}

pub(in crate::sandbox) async fn handle(
    State(Shared { service, tls }): State<Shared>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    request: Request,
) -> Response<Body> {
    if request.method() == Method::CONNECT {
        return proxy::connect(&service, tls, connection, request);
    }
    let (parts, body) = request.into_parts();
    let host = parts.uri.authority().map(Authority::as_str).or_else(|| header_text(&parts, header::HOST));
    let origin = header_text(&parts, header::ORIGIN).map(str::to_owned);
    if let Err(refusal) = service.access.check(host, origin.as_deref()) {
        return refused(refusal);
    }
    let body = to_bytes(body, LARGEST_BODY).await;
    let response = match own::Target::of(parts.uri.path()) {
        Some(target) => own::answer(&service, target, &parts, body.ok()),
        None => answer_as_service(&service, connection, parts, body.ok()).await,
    };
    with_origin(response, origin)
}

async fn answer_as_service(
    service: &Arc<Service>,
    connection: ConnectionHandle,
    mut parts: Parts,
    body: Option<Bytes>,
) -> Response<Body> {
    let path = parts.uri.path().to_owned();
    // Every endpoint of the API exists as XML too.
    let json_path = path.strip_suffix(".xml").map(|path| format!("{path}.json"));
    let route = Route::of(&parts.method, json_path.as_ref().unwrap_or(&path));
    let content_type = header_text(&parts, header::CONTENT_TYPE).unwrap_or_default();
    let params = match body {
        Some(body) => Params::read(parts.uri.query(), content_type, &body),
        None => Err(Rejection::new("request body could not be read").status(413)),
    };
    let fault = service.faults.take(route.endpoint(), &path);
    let time = service.state().now();
    let in_flight = service.journal.record(&Arrival {
        method: parts.method.as_str(),
        path: &path,
        endpoint: route.endpoint(),
        is_matched: route != Route::Unknown,
        time,
        user_agent: header_text(&parts, header::USER_AGENT),
        params: params.as_ref().unwrap_or(&Params::default()),
        is_own_key: &|key| service.state().is_own_key(key),
        faulted: fault.is_some(),
    });
    let action = if route == Route::Socket {
        if let Ok(request) = WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            let (service, connection) = (Arc::clone(service), connection.clone());
            Action::Upgrade(Box::new(Upgrade { request, service, connection }))
        } else {
            let rejection = Rejection::new("this endpoint is for websockets");
            Action::Reply(rejection.into_reply(service.state().switches.errors))
        }
    } else {
        Action::Api { service: Arc::clone(service), route, params, xml: json_path.is_some() }
    };
    let mut response = respond(service, &connection, fault, action, in_flight).await;
    if let Some(date) = date(service.state().now()) {
        response.headers_mut().insert(header::DATE, date);
    }
    let limit = service.state().switches.bytes_per_second;
    match limit {
        Some(limit) => slowed(response, limit),
        None => response,
    }
}

/// A page that was allowed may read the response.
fn with_origin(mut response: Response<Body>, origin: Option<String>) -> Response<Body> {
    if let Some(Ok(origin)) = origin.map(HeaderValue::try_from) {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

/// The time of the service as a header; hyper would send this computer's.
fn date(unix: i64) -> Option<HeaderValue> {
    let time = jiff::Timestamp::from_second(unix).ok()?;
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()?;
    HeaderValue::try_from(text).ok()
}
