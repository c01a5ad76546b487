//! The API's endpoints: what each request does to the account, and its reply.
//!
//! Invariant: parameters are read here; decisions are made by the account.

mod attachment;
mod client;
mod media;
mod sending;

use std::sync::Arc;

use super::protocol::{Params, Rejection, Reply, Route};
use super::service::Service;

/// Carries out a request.
pub(super) fn execute(service: &Arc<Service>, route: &Route, params: Result<Params, Rejection>) -> Reply {
    let reply = params.and_then(|params| match route {
        Route::Login => client::log_in(service, &params),
        Route::Devices => client::register(service, &params),
        Route::Download => client::download(service, &params),
        Route::Delete { device } => client::delete(service, device, &params),
        Route::Acknowledge { receipt } => client::acknowledge(service, receipt, &params),
        Route::Icon { file } => media::icon(file),
        Route::Sound { file } => media::sound(file),
        Route::Send => sending::send(service, &params),
        Route::Validate => sending::validate(service, &params),
        Route::Limits => sending::limits(service, &params),
        Route::Sounds => sending::sounds(service, &params),
        Route::Poll { receipt } => sending::poll(service, receipt, &params),
        Route::Cancel { receipt } => sending::cancel(service, receipt, &params),
        Route::CancelByTag { tag } => sending::cancel_by_tag(service, tag, &params),
        Route::Preflight => Ok(Reply::preflight()),
        Route::Socket | Route::Unknown => Err(Rejection::new("resource not found").status(404)),
    });
    reply.unwrap_or_else(|rejection| rejection.into_reply(service.state().switches.errors))
}
