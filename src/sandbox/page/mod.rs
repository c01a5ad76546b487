//! The page that shows in a browser what arrives.
//!
//! Invariant: everything from outside is text on it: a message can neither run a script nor load anything from elsewhere.

mod events;
mod html;
mod messages;
mod overview;
mod requests;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};

use super::api;
use super::protocol::{Params, Rejection, Reply, Route, image_type};
use super::service::Service;
use super::switches::ErrorShape;

/// Scripts, styles and images come from the sandbox itself, and nothing else comes at all.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Answers a request for the page or one of its parts.
pub(super) fn answer(service: &Arc<Service>, part: &str, method: &Method, params: &Params) -> Response<Body> {
    let file = |content_type, text: &str| Reply::file(content_type, text.as_bytes().to_vec()).into_response();
    let response = match (method, part) {
        (&Method::GET, "") => file("text/html; charset=utf-8", &overview::document(service)),
        (&Method::GET, "style.css") => file("text/css; charset=utf-8", include_str!("style.css")),
        (&Method::GET, "script.js") => file("text/javascript; charset=utf-8", include_str!("script.js")),
        (&Method::GET, "icon.png") => {
            let icon = Route::Icon { file: "handover.png".to_owned() };
            api::execute(service, &icon, Ok(Params::default())).into_response()
        }
        (&Method::GET, "events") => events::stream(service),
        (&Method::POST, "acknowledge") => acknowledge(service, params),
        (&Method::GET, part) => match part.strip_prefix("attachment/").and_then(|number| number.parse().ok())
        {
            Some(number) => attachment(service, number),
            None => missing(),
        },
        _ => missing(),
    };
    with_protection(response)
}

/// Acknowledges an emergency as another device of the user, and goes back to the page.
fn acknowledge(service: &Arc<Service>, params: &Params) -> Response<Body> {
    let user = service.state().first_user();
    let device = params.filled("device").unwrap_or("phone");
    // It may have been acknowledged or have expired meanwhile; the page shows it.
    drop(service.acknowledge(params.get("receipt").unwrap_or_default(), &user, device));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/"));
    response
}

/// The image attached to a message; what is no image is not shown.
fn attachment(service: &Service, number: u64) -> Response<Body> {
    let state = service.state();
    let sent = state.sent.list().find(|sent| sent.number == number);
    let bytes = sent.and_then(|sent| sent.attachment.as_deref());
    match bytes.and_then(|bytes| Some((image_type(bytes)?, bytes))) {
        Some((content_type, bytes)) => Reply::file(content_type, bytes.to_vec()).into_response(),
        None => missing(),
    }
}

fn missing() -> Response<Body> {
    Rejection::new("resource not found").status(404).into_reply(ErrorShape::Array).into_response()
}

fn with_protection(mut response: Response<Body>) -> Response<Body> {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
