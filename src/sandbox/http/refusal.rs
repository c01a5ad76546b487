//! Why a request is refused, and the headers that decide it.
//!
//! Invariant: a refusal tells nothing about what would have been answered.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderName, Response, StatusCode};

use crate::sandbox::service::Refusal;

/// A header as text.
pub(super) fn header_text(parts: &Parts, name: HeaderName) -> Option<&str> {
    parts.headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// Says why a request is refused.
pub(super) fn refused(refusal: Refusal) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{refusal}\n")));
    *response.status_mut() = match refusal {
        Refusal::NoToken => StatusCode::UNAUTHORIZED,
        Refusal::ForeignHost | Refusal::ForeignOrigin | Refusal::ForeignTarget | Refusal::NoProxy => {
            StatusCode::FORBIDDEN
        }
    };
    response
}
