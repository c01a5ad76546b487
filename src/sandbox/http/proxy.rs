//! The HTTPS proxy: a `CONNECT` to a host of the service leads back to the sandbox.
//!
//! Invariant: it opens no connection to anywhere.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper_util::rt::TokioIo;

use super::refusal::refused;
use crate::sandbox::connections::ConnectionHandle;
use crate::sandbox::service::{Refusal, Service};
use crate::sandbox::tls::TlsQueue;

/// Answers a `CONNECT`, and serves what comes through it.
pub(super) fn connect(
    service: &Service,
    tls: TlsQueue,
    connection: ConnectionHandle,
    request: Request,
) -> Response<Body> {
    let target = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let token = password(request.headers().get(header::PROXY_AUTHORIZATION));
    let allowed = service.access.check_target(&target);
    if let Err(refusal) = allowed.and_then(|()| service.access.check_token(token.as_deref())) {
        let mut response = refused(refusal);
        if refusal == Refusal::NoToken {
            *response.status_mut() = StatusCode::PROXY_AUTHENTICATION_REQUIRED;
            let challenge = HeaderValue::from_static("Basic realm=\"handover sandbox\"");
            response.headers_mut().insert(header::PROXY_AUTHENTICATE, challenge);
        }
        return response;
    }
    tokio::spawn(async move {
        // The client may hang up.
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            tls.take(TokioIo::new(upgraded), connection).await;
        }
    });
    Response::new(Body::empty())
}

/// The password of basic authentication; the name does not matter.
fn password(header: Option<&HeaderValue>) -> Option<String> {
    let login = STANDARD.decode(header?.to_str().ok()?.strip_prefix("Basic ")?).ok()?;
    let login = String::from_utf8(login).ok()?;
    login.split_once(':').map(|(_name, password)| password.to_owned())
}
