//! The way of every request: entered in the ledger, met by a fault or not, answered.
//!
//! Invariant: nothing is answered that does not stand in the ledger.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::{Response, header};

use super::answer::{Answer, Rejection};
use super::ledger::Arrival;
use super::params::Params;
use super::play::{self, Act};
use super::routes::Route;
use super::service::Service;
use super::wire::Grip;
use super::{client_api, media, push, sending_api};

/// The longest body taken: an attachment of 5 MiB in base64 and some more.
const LONGEST_BODY: usize = 8 << 20;

pub(super) async fn enter(
    State(service): State<Arc<Service>>,
    ConnectInfo(grip): ConnectInfo<Grip>,
    request: Request,
) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let route = Route::of(&parts.method, &path);
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let params = match to_bytes(body, LONGEST_BODY).await {
        Ok(body) => Params::read(parts.uri.query(), header(header::CONTENT_TYPE).unwrap_or_default(), &body),
        Err(_) => Err(Rejection::plain("request body could not be read").status(413)),
    };
    let readable = params.as_ref().cloned().unwrap_or_default();
    let fault = service.faults.take(route.endpoint());
    let ticket = service.ledger.enter(&Arrival {
        method: parts.method.as_str(),
        path: &path,
        endpoint: route.endpoint(),
        user_agent: header(header::USER_AGENT),
        params: &readable,
        faulted: fault.is_some(),
    });
    let act = if route == Route::Socket {
        match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) => Act::Socket(Box::new(push::Opening {
                upgrade,
                service: Arc::clone(&service),
                grip: grip.clone(),
            })),
            Err(_) => {
                Act::Answer(Rejection::plain("this is the door for websockets").into_answer(shape(&service)))
            }
        }
    } else {
        Act::Api { service: Arc::clone(&service), route, params }
    };
    play::perform(&service, &grip, fault, act, ticket).await
}

/// Lets a request take effect.
pub(super) fn answer(service: &Arc<Service>, route: &Route, params: Result<Params, Rejection>) -> Answer {
    let answered = params.and_then(|params| match route {
        Route::Login => client_api::log_in(service, &params),
        Route::Devices => client_api::register(service, &params),
        Route::Download => client_api::download(service, &params),
        Route::Delete { device } => client_api::delete(service, device, &params),
        Route::Acknowledge { receipt } => client_api::acknowledge(service, receipt, &params),
        Route::Icon { file } => media::icon(file),
        Route::Sound { file } => media::sound(file),
        Route::Send => sending_api::send(service, &params),
        Route::Validate => sending_api::validate(service, &params),
        Route::Limits => sending_api::limits(service, &params),
        Route::Sounds => sending_api::sounds(service, &params),
        Route::Poll { receipt } => sending_api::poll(service, receipt, &params),
        Route::Cancel { receipt } => sending_api::cancel(service, receipt, &params),
        Route::CancelByTag { tag } => sending_api::cancel_by_tag(service, tag, &params),
        Route::Socket | Route::Unknown => Err(Rejection::plain("resource not found").status(404)),
    });
    answered.unwrap_or_else(|rejection| rejection.into_answer(shape(service)))
}

fn shape(service: &Service) -> super::switches::ErrorShape {
    service.state().switches.errors
}
