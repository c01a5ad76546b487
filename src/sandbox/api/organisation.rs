//! The endpoints for groups, teams, subscriptions, licences and glances.
//!
//! Invariant: each checks its token first; that of a team is not that of an application.

use serde_json::{Value, json};

use super::app;
use crate::sandbox::account::{Member, TeamMember, is_email};
use crate::sandbox::protocol::{GroupChange, Params, Rejection, Reply};
use crate::sandbox::service::Service;
use crate::sandbox::switches::ErrorShape;

/// The most characters of a text in a glance.
const LONGEST_GLANCE: usize = 100;

/// The systems that a licence can be for.
const SYSTEMS: [&str; 3] = ["Android", "iOS", "Desktop"];

/// `GET /1/groups.json`.
pub(super) fn groups(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    let state = service.state();
    app(&state, params)?;
    let groups: Vec<Value> =
        state.groups.iter().map(|group| json!({"group": group.key, "name": group.name})).collect();
    Ok(Reply::ok(json!({"groups": groups})))
}

/// `POST /1/groups.json`.
pub(super) fn create_group(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    let mut state = service.state();
    app(&state, params)?;
    let name = name(params)?;
    Ok(Reply::ok(json!({"group": state.create_group(name)})))
}

/// `GET /1/groups/{group}.json`.
pub(super) fn group(service: &Service, group: &str, params: &Params) -> Result<Reply, Rejection> {
    let mut state = service.state();
    app(&state, params)?;
    Ok(Reply::ok(state.group(group)?.json()))
}

/// `POST /1/groups/{group}/add_user.json` and its like.
pub(super) fn change_group(
    service: &Service,
    key: &str,
    change: GroupChange,
    params: &Params,
) -> Result<Reply, Rejection> {
    let mut state = service.state();
    app(&state, params)?;
    let user = params.get("user").unwrap_or_default();
    let device = params.filled("device");
    match change {
        GroupChange::Add => {
            let text = |name| params.get(name).unwrap_or_default().to_owned();
            let (device, memo) = (text("device"), text("memo"));
            let member = Member { user: user.to_owned(), device, memo, is_disabled: false };
            state.add_member(key, member)?;
        }
        GroupChange::Remove => state.group(key)?.remove(user, device)?,
        GroupChange::Enable | GroupChange::Disable => {
            for member in state.group(key)?.members_of(user, device)? {
                member.is_disabled = change == GroupChange::Disable;
            }
        }
        GroupChange::Rename => {
            let group = state.group(key)?;
            name(params)?.clone_into(&mut group.name);
        }
    }
    Ok(Reply::ok(json!({})))
}

/// `POST /1/glances.json`. Nothing receives a glance; it is checked, and listed in the journal.
pub(super) fn glances(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    let rejected = |field: &'static str, text: &str| Rejection::of(field, text).with(field, text);
    let state = service.state();
    app(&state, params)?;
    let user = params.get("user").unwrap_or_default();
    if state.account(user).is_none() {
        return Err(Rejection::new("user key is invalid").with("user", "invalid"));
    }
    for field in ["title", "text", "subtext"] {
        if params.get(field).is_some_and(|text| text.chars().count() > LONGEST_GLANCE) {
            return Err(rejected(field, "is too long, must be 100 characters or less"));
        }
    }
    if params.filled("count").is_some_and(|text| text.parse::<i64>().is_err()) {
        return Err(rejected("count", "must be an integer"));
    }
    if params.filled("percent").is_some_and(|text| !text.parse().is_ok_and(|it| (0..=100).contains(&it))) {
        return Err(rejected("percent", "must be an integer from 0 to 100"));
    }
    if !["title", "text", "subtext", "count", "percent"].iter().any(|field| params.filled(field).is_some()) {
        return Err(Rejection::new("no glance data was supplied"));
    }
    Ok(Reply::ok(json!({})))
}

/// `POST /1/subscriptions/migrate.json`.
pub(super) fn migrate(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    let mut state = service.state();
    app(&state, params)?;
    if params.get("subscription") != Some(state.team.subscription.as_str()) {
        return Err(Rejection::new("subscription token is invalid").with("subscription", "invalid"));
    }
    let device = params.filled("device_name").map(str::to_owned);
    let key = state.subscribe(params.get("user").unwrap_or_default(), device)?;
    Ok(Reply::ok(json!({"subscribed_user_key": key})))
}

/// `GET /1/licenses.json`.
pub(super) fn credits(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    let state = service.state();
    app(&state, params)?;
    Ok(Reply::ok(json!({"credits": state.team.credits})))
}

/// `POST /1/licenses/assign.json`.
pub(super) fn assign_licence(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    let mut state = service.state();
    app(&state, params)?;
    match (params.filled("user"), params.filled("email")) {
        (None, None) => {
            let rejection = Rejection::new("user or email must be supplied");
            return Err(rejection.with("user", "must be supplied").with("email", "must be supplied"));
        }
        (Some(user), _) if state.account(user).is_none() => {
            let rejection = Rejection::new("user key is not valid for any active user");
            return Err(rejection.with("user", "is not a valid user"));
        }
        (None, Some(email)) if !is_email(email) => {
            let rejection = Rejection::new("e-mail address is not a valid address");
            return Err(rejection.with("email", "is not a valid e-mail address"));
        }
        _ => {}
    }
    if params.filled("os").is_some_and(|os| !SYSTEMS.contains(&os)) {
        return Err(Rejection::of("os", "is not a valid platform").shaped(ErrorShape::Object));
    }
    state.team.take_licence()?;
    Ok(Reply::ok(json!({"credits": state.team.credits})))
}

/// `GET /1/teams.json`.
pub(super) fn team(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    let state = service.state();
    check_team_token(&state.team.token, params)?;
    let members = state.team.members.iter().map(|member| {
        json!({"name": member.name, "email": member.email, "admin": member.is_admin, "group": member.group})
    });
    Ok(Reply::ok(json!({"name": state.team.name, "users": members.collect::<Vec<_>>()})))
}

/// `POST /1/teams/add_user.json`.
pub(super) fn add_to_team(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    let mut state = service.state();
    check_team_token(&state.team.token, params)?;
    let text = |name| params.get(name).unwrap_or_default().to_owned();
    state.team.add(TeamMember {
        email: text("email"),
        name: text("name"),
        is_admin: params.flag("admin"),
        group: params.filled("group").map(str::to_owned),
    })?;
    Ok(Reply::ok(json!({})))
}

/// `POST /1/teams/remove_user.json`.
pub(super) fn remove_from_team(service: &Service, params: &Params) -> Result<Reply, Rejection> {
    let mut state = service.state();
    check_team_token(&state.team.token, params)?;
    state.team.remove(params.get("email").unwrap_or_default())?;
    Ok(Reply::ok(json!({})))
}

fn check_team_token(token: &str, params: &Params) -> Result<(), Rejection> {
    if params.get("token") != Some(token) {
        return Err(Rejection::new("team token is invalid").with("token", "invalid"));
    }
    Ok(())
}

fn name(params: &Params) -> Result<&str, Rejection> {
    params
        .filled("name")
        .ok_or_else(|| Rejection::of("name", "cannot be blank").with("name", "cannot be blank"))
}
