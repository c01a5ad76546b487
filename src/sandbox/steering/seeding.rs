//! Adds what is in a seed, and starts over with it.
//!
//! Invariant: a seed with a mistake in its switches, members or faults changes nothing.

use std::sync::Arc;

use crate::sandbox::account::{Account, Group, Member, State};
use crate::sandbox::api;
use crate::sandbox::protocol::{Params, Route, SendingRoute};
use crate::sandbox::seed::{Seed, SeedAccount};
use crate::sandbox::service::Service;

/// Goes back to the start: the predefined account and what the options add to it. Receivers have to sign in again.
pub(in crate::sandbox) fn reset(service: &Arc<Service>) -> Result<(), String> {
    *service.state() = service.initial.state();
    service.faults.clear();
    service.journal.clear();
    service.sockets.close(None, b"E");
    apply(service, &service.initial.seed)
}

/// Adds what is in a seed.
pub(in crate::sandbox) fn apply(service: &Arc<Service>, seed: &Seed) -> Result<(), String> {
    let mut state = service.state();
    check(seed, &state)?;
    state.switches = state.switches.with(&seed.switches)?;
    if let Some(clock_ahead) = seed.clock_ahead {
        state.switches.clock_ahead = clock_ahead;
    }
    for account in &seed.accounts {
        add_account(&mut state, account);
    }
    for app in &seed.applications {
        let icon = app.icon.as_deref().unwrap_or(&app.name);
        state.add_app(&app.name, icon, app.token.clone());
    }
    let first = state.first_user();
    add_devices(&mut state, &first, &seed.devices);
    for group in &seed.groups {
        let key = group.key.clone().unwrap_or_else(|| format!("g{}", state.keys.key(29)));
        let members = group.members.iter().map(|member| Member {
            user: account_named(&state, &member.user).unwrap_or_default(),
            device: member.device.clone(),
            memo: String::new(),
            is_disabled: member.disabled,
        });
        let members = members.collect();
        state.groups.retain(|other| other.key != key);
        state.groups.push(Group { key, name: group.name.clone(), members });
    }
    if let Some(remaining) = seed.remaining {
        state.set_remaining(remaining);
    }
    drop(state);
    for message in &seed.messages {
        let mut params = Params::of_json(message);
        add_defaults(service, &mut params);
        let reply = api::execute(service, &Route::Sending(SendingRoute::Send), Ok(params));
        if reply.status != 200 {
            return Err(format!("a message is rejected: {}", String::from_utf8_lossy(&reply.body)));
        }
    }
    // Last, so that no fault meets a message of the seed.
    for rule in &seed.faults {
        service.faults.apply(rule);
    }
    service.note_change();
    Ok(())
}

/// The predefined application and user, where a message names none.
pub(in crate::sandbox) fn add_defaults(service: &Service, params: &mut Params) {
    let state = service.state();
    let token = state.apps.first().map(|app| app.token.clone());
    let user = state.accounts.first().map(|account| account.user_key.clone());
    for (name, value) in [("token", token), ("user", user)] {
        if params.get(name).is_none()
            && let Some(value) = value
        {
            params.set(name, &value);
        }
    }
}

fn add_account(state: &mut State, seed: &SeedAccount) {
    let same = |account: &&mut Account| account.email.eq_ignore_ascii_case(&seed.email);
    let replaced = state.accounts.iter_mut().find(same).map(|account| account.user_key.clone());
    let user_key = seed.user_key.clone().or(replaced.clone());
    let user_key = user_key.unwrap_or_else(|| format!("u{}", state.keys.key(29)));
    let account = Account {
        email: seed.email.clone(),
        password: seed.password.clone(),
        two_factor: seed.two_factor.clone(),
        user_key: user_key.clone(),
    };
    match state.accounts.iter_mut().find(|other| other.email.eq_ignore_ascii_case(&seed.email)) {
        Some(other) => *other = account,
        None => state.accounts.push(account),
    }
    add_devices(state, &user_key, &seed.devices);
}

fn add_devices(state: &mut State, user: &str, names: &[String]) {
    for name in names {
        let secret = state.new_session(user);
        state.add_device(user, &secret, name);
    }
}

/// The key of the user with a key or an email address.
fn account_named(state: &State, name: &str) -> Option<String> {
    let named = |account: &&Account| account.user_key == name || account.email.eq_ignore_ascii_case(name);
    state.accounts.iter().find(named).map(|account| account.user_key.clone())
}

/// Checks everything that applying it could fail at.
fn check(seed: &Seed, state: &State) -> Result<(), String> {
    state.switches.with(&seed.switches)?;
    let emails = seed.accounts.iter().map(|account| account.email.as_str());
    let keys = seed.accounts.iter().filter_map(|account| account.user_key.as_deref());
    let given: Vec<&str> = emails.chain(keys).collect();
    for member in seed.groups.iter().flat_map(|group| &group.members) {
        let user = member.user.as_str();
        if !given.contains(&user) && account_named(state, user).is_none() {
            return Err(format!("there is no account `{user}`"));
        }
    }
    Ok(())
}
