//! The endpoints with which a sender follows and cancels an emergency.
//!
//! Invariant: an application sees only its own emergencies.

use serde_json::json;

use super::app;
use crate::sandbox::protocol::{Params, Rejection, Reply};
use crate::sandbox::service::Service;

/// `GET /1/receipts/{receipt}.json`.
pub(super) fn poll(service: &Service, receipt: &str, params: &Params) -> Result<Reply, Rejection> {
    let state = service.state();
    let app = app(&state, params)?;
    state.poll(&app.token, receipt).map(Reply::ok)
}

/// `POST /1/receipts/{receipt}/cancel.json`.
pub(super) fn cancel(service: &Service, receipt: &str, params: &Params) -> Result<Reply, Rejection> {
    let mut state = service.state();
    let app = app(&state, params)?;
    state.cancel(&app.token, receipt)?;
    Ok(Reply::ok(json!({})))
}

/// `POST /1/receipts/cancel_by_tag/{tag}.json`.
pub(super) fn cancel_by_tag(service: &Service, tag: &str, params: &Params) -> Result<Reply, Rejection> {
    let mut state = service.state();
    let app = app(&state, params)?;
    Ok(Reply::ok(json!({"canceled": state.cancel_by_tag(&app.token, tag)})))
}
