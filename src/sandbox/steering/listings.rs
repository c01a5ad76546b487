//! What a person or a test can look at.
//!
//! Invariant: looking changes nothing.

use serde_json::{Value, json};

use super::number;
use crate::sandbox::account::Sent;
use crate::sandbox::faults::Endpoint;
use crate::sandbox::journal::RequestFilter;
use crate::sandbox::protocol::Params;
use crate::sandbox::service::Service;

/// The most requests or messages of one answer.
const MOST: usize = 1_000;

/// The addresses and credentials of the sandbox.
pub(in crate::sandbox) fn description(service: &Service) -> Value {
    let state = service.state();
    let accounts = state.accounts.iter().map(|account| {
        json!({
            "email": account.email,
            "password": account.password,
            "two_factor": account.two_factor,
            "user_key": account.user_key,
        })
    });
    let devices = state.devices().iter().map(|device| {
        json!({"id": device.id, "name": device.name, "user": device.user, "enabled": device.enabled, "secret": device.secret()})
    });
    let apps = state.apps.iter().map(|app| json!({"name": app.name, "token": app.token}));
    let groups = state.groups.iter().map(|group| json!({"name": group.name, "key": group.key}));
    let mut fields = service.addresses.json();
    if let Some(fields) = fields.as_object_mut() {
        fields.extend([
            ("accounts".to_owned(), accounts.collect::<Value>()),
            ("devices".to_owned(), devices.collect::<Value>()),
            ("applications".to_owned(), apps.collect::<Value>()),
            ("groups".to_owned(), groups.collect::<Value>()),
            ("team_token".to_owned(), json!(state.team.token)),
            ("subscription".to_owned(), json!(state.team.subscription)),
        ]);
    }
    fields
}

pub(super) fn account(service: &Service) -> Value {
    description(service)
}

pub(super) fn journal(service: &Service, params: &Params) -> Result<Value, String> {
    let flag = |name| params.filled(name).map(|text| text != "0" && text != "false");
    let text = |name| params.filled(name).map(str::to_owned);
    let endpoint = match params.filled("endpoint") {
        Some(name) => Some(Endpoint::of_name(name).ok_or_else(|| format!("there is no endpoint `{name}`"))?),
        None => None,
    };
    let named = params.texts().iter().filter_map(|(name, value)| Some((name.strip_prefix("param.")?, value)));
    let filter = RequestFilter {
        endpoint,
        method: text("method"),
        path: text("path"),
        status: number(params, "status")?,
        is_matched: flag("matched"),
        is_failed: flag("failed"),
        since: number(params, "since")?,
        params: named.map(|(name, value)| (name.to_owned(), value.clone())).collect(),
    };
    let requests = service.journal.list().into_iter().filter(|request| filter.matches(request));
    let found: Vec<_> = requests.collect();
    let skipped = found.len().saturating_sub(number(params, "limit")?.unwrap_or(MOST));
    let listed = found.iter().skip(skipped).map(|request| request.json(&service.addresses.api));
    Ok(json!({"count": found.len(), "requests": listed.collect::<Value>()}))
}

pub(super) fn messages(service: &Service, params: &Params) -> Result<Value, String> {
    let limit = number(params, "limit")?.unwrap_or(MOST);
    let state = service.state();
    let is_meant = |sent: &&Sent| {
        params.texts().iter().all(|(name, value)| match name.as_str() {
            "limit" | "key" => true,
            "text" => sent.message.text.contains(value.as_str()),
            _ => sent.params.get(name) == Some(value),
        })
    };
    let found: Vec<&Sent> = state.sent.list().filter(is_meant).collect();
    let listed = found.iter().skip(found.len().saturating_sub(limit)).map(|sent| {
        let devices = state
            .deliveries(sent)
            .into_iter()
            .map(|(name, deleted)| json!({"device": name, "deleted": deleted}));
        json!({
            "number": sent.number,
            "time": sent.message.queued,
            "app": sent.message.app,
            "params": sent.params,
            "receipt": sent.message.receipt,
            "attachment": sent.attachment.as_ref().map(|bytes| bytes.len()),
            "devices": devices.collect::<Value>(),
        })
    });
    Ok(json!({"count": found.len(), "messages": listed.collect::<Value>()}))
}

pub(super) fn receipts(service: &Service) -> Value {
    let state = service.state();
    let listed = state.receipts.iter().map(|(receipt, found)| {
        json!({
            "receipt": receipt,
            "acknowledged": found.is_acknowledged(),
            "acknowledged_by_device": found.acknowledged.as_ref().map(|by| &by.device),
            "expired": found.has_expired(state.now()),
            "cancelled": found.cancelled,
            "repeats": found.repeats,
            "retry": found.retry,
            "expires_at": found.expires_at,
        })
    });
    json!({"receipts": listed.collect::<Value>()})
}
