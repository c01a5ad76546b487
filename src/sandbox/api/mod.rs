//! The endpoints: what each request does to the account, and its reply.
//!
//! Invariant: parameters are read here; decisions are made by the account.

mod attachment;
mod client;
mod media;
mod organisation;
mod receipts;
mod sending;

use std::sync::Arc;

use super::account::{App, State};
use super::protocol::{Params, Rejection, Reply, Route, SendingRoute};
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
        Route::Sending(route) => execute_sending(service, route, &params),
        Route::Preflight => Ok(Reply::preflight()),
        Route::Socket | Route::Unknown => Err(Rejection::new("resource not found").status(404)),
    });
    reply.unwrap_or_else(|rejection| rejection.into_reply(service.state().switches.errors))
}

fn execute_sending(
    service: &Arc<Service>,
    route: &SendingRoute,
    params: &Params,
) -> Result<Reply, Rejection> {
    match route {
        SendingRoute::Send => sending::send(service, params),
        SendingRoute::Validate => sending::validate(service, params),
        SendingRoute::Limits => sending::limits(service, params),
        SendingRoute::Sounds => sending::sounds(service, params),
        SendingRoute::Poll { receipt } => receipts::poll(service, receipt, params),
        SendingRoute::Cancel { receipt } => receipts::cancel(service, receipt, params),
        SendingRoute::CancelByTag { tag } => receipts::cancel_by_tag(service, tag, params),
        SendingRoute::Glances => organisation::glances(service, params),
        SendingRoute::Migrate => organisation::migrate(service, params),
        SendingRoute::Credits => organisation::credits(service, params),
        SendingRoute::AssignLicence => organisation::assign_licence(service, params),
        SendingRoute::Groups => organisation::groups(service, params),
        SendingRoute::CreateGroup => organisation::create_group(service, params),
        SendingRoute::Group { group } => organisation::group(service, group, params),
        SendingRoute::ChangeGroup { group, change } => {
            organisation::change_group(service, group, *change, params)
        }
        SendingRoute::Team => organisation::team(service, params),
        SendingRoute::AddToTeam => organisation::add_to_team(service, params),
        SendingRoute::RemoveFromTeam => organisation::remove_from_team(service, params),
    }
}

/// The application that a request names with its token.
fn app(state: &State, params: &Params) -> Result<App, Rejection> {
    const INVALID_TOKEN: &str = "application token is invalid, see https://pushover.net/api";
    let token = params.get("token").unwrap_or_default();
    let found = state.apps.iter().find(|app| app.token == token).cloned();
    found.ok_or_else(|| Rejection::new(INVALID_TOKEN).with("token", "invalid"))
}
