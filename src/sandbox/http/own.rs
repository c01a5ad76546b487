//! What the sandbox serves besides the service: its page, and the steering API.
//!
//! Invariant: from another computer it needs the token, in a header, a cookie or the address.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};

use super::refusal::{header_text, refused};
use crate::sandbox::page;
use crate::sandbox::protocol::{Params, Rejection};
use crate::sandbox::service::Service;
use crate::sandbox::steering::{self, Call};
use crate::sandbox::switches::ErrorShape;

/// The cookie that keeps the token for the page.
const COOKIE: &str = "handover-sandbox";

/// What a path leads to, if it does not belong to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// The page and its parts.
    Page(&'a str),
    /// The steering API, with the rest of the path.
    Steering(&'a str),
}

impl<'a> Target<'a> {
    pub(super) fn of(path: &'a str) -> Option<Self> {
        if path == "/" {
            return Some(Self::Page(""));
        }
        let rest = path.strip_prefix("/_sandbox").filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        Some(rest.strip_prefix("/page/").map_or(Self::Steering(rest), Self::Page))
    }
}

/// Answers a request to one of them.
pub(super) fn answer(
    service: &Arc<Service>,
    target: Target<'_>,
    parts: &Parts,
    body: Option<Bytes>,
) -> Response<Body> {
    let query = Params::read(parts.uri.query(), "", b"").unwrap_or_default();
    let given = token(parts, query.get("key"));
    if let Err(refusal) = service.access.check_token(given.as_deref()) {
        return refused(refusal);
    }
    let content_type = header_text(parts, header::CONTENT_TYPE).unwrap_or_default();
    let params = body.as_deref().ok_or_else(|| Rejection::new("request body is too large").status(413));
    let params = params.and_then(|body| {
        // What is neither a form nor an object is read by whoever expects it.
        let is_form = content_type.contains("form") || body.starts_with(b"{");
        let kind = if body.starts_with(b"{") { "application/json" } else { content_type };
        Params::read(parts.uri.query(), kind, if is_form { body } else { b"" })
    });
    let params = match params {
        Ok(params) => params,
        Err(rejection) => return rejection.into_reply(ErrorShape::Array).into_response(),
    };
    match target {
        // The token does not stay in the address, where it would be seen and saved.
        Target::Page("") if query.get("key").is_some() => remembered(given.as_deref().unwrap_or_default()),
        Target::Page(part) => page::answer(service, part, &parts.method, &params),
        Target::Steering(path) => {
            let body = body.unwrap_or_default();
            let call = Call { method: &parts.method, path, params: &params, content_type, body: &body };
            let response = steering::execute(service, &call).into_response();
            if parts.method != Method::GET {
                service.note_change();
            }
            response
        }
    }
}

/// The token of a request, if it carries one.
pub(super) fn token(parts: &Parts, of_query: Option<&str>) -> Option<String> {
    let bearer = header_text(parts, header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    let cookies = header_text(parts, header::COOKIE).unwrap_or_default().split(';');
    let mut pairs = cookies.filter_map(|pair| pair.trim().split_once('='));
    let cookie = pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value);
    of_query.or(bearer).or(cookie).map(str::to_owned)
}

/// Keeps the token in a cookie that no script and no other site can use.
fn remembered(token: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/"));
    if let Ok(cookie) = HeaderValue::try_from(format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict"))
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
