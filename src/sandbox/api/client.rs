//! The Open Client API: the endpoints for receivers.
//!
//! Invariant: every endpoint except the login checks the session secret.

use std::sync::Arc;

use serde_json::json;

use crate::sandbox::protocol::{Params, Rejection, Reply};
use crate::sandbox::service::Service;
use crate::sandbox::switches::ErrorShape;

/// `POST /1/users/login.json`.
pub(super) fn log_in(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    let email = params.filled("email").ok_or_else(|| Rejection::of("email", "must be supplied"))?;
    let password = params.filled("password").ok_or_else(|| Rejection::of("password", "must be supplied"))?;
    let mut state = service.state();
    let (secret, user) = state.log_in(email, password, params.get("twofa"))?;
    Ok(Reply::ok(json!({"id": user, "secret": secret})))
}

/// `POST /1/devices.json`.
pub(super) fn register(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    let object = |field, text| Rejection::of(field, text).shaped(ErrorShape::Object);
    let secret = params.filled("secret").ok_or_else(|| object("secret", "must be supplied"))?;
    let name = params.filled("name").ok_or_else(|| object("name", "can't be blank"))?;
    if params.get("os") != Some("O") {
        return Err(object("os", "is invalid"));
    }
    let registered = service.state().register(secret, name, params.flag("force"))?;
    if let Some(replaced) = &registered.replaced {
        service.sockets.close(Some(replaced), b"E");
    }
    Ok(Reply::ok(json!({"id": registered.id})))
}

/// `GET /1/messages.json`.
pub(super) fn download(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    let secret = params.get("secret").unwrap_or_default();
    let device = params.get("device_id").unwrap_or_default();
    service.state().download(secret, device).map(Reply::ok)
}

/// `POST /1/devices/{device}/update_highest_message.json`.
pub(super) fn delete(service: &Service, device: &str, params: &Params) -> Result<Reply, Rejection> {
    let mut state = service.state();
    let secret = params.get("secret").unwrap_or_default();
    state.authorize(secret, device)?;
    let through = params.get("message").and_then(|text| text.parse::<u64>().ok());
    let through = through.ok_or_else(|| Rejection::of("message", "is not a number"))?;
    state.delete_through(secret, device, through)?;
    Ok(Reply::ok(json!({})))
}

/// `POST /1/receipts/{receipt}/acknowledge.json`.
pub(super) fn acknowledge(
    service: &Arc<Service>,
    receipt: &str,
    params: &Params,
) -> Result<Reply, Rejection> {
    let secret = params.get("secret").unwrap_or_default();
    let (user, device) = service.state().device_of(secret)?;
    service.acknowledge(receipt, &user, &device)?;
    Ok(Reply::ok(json!({})))
}
