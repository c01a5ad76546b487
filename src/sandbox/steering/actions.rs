//! What a person or a test can do to the sandbox.
//!
//! Invariant: every parameter that cannot be understood is an error.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Call, json_object, number, seeding};
use crate::sandbox::account::Receipt;
use crate::sandbox::faults::FaultRule;
use crate::sandbox::protocol::Params;
use crate::sandbox::seed::Seed;
use crate::sandbox::service::Service;

type Outcome = Result<Value, String>;

pub(super) fn change_switches(service: &Service, call: &Call<'_>) -> Outcome {
    let changes = json_object(call)?;
    let mut state = service.state();
    state.switches = state.switches.with(&changes)?;
    Ok(json!({"switches": state.switches}))
}

pub(super) fn add_fault(service: &Service, call: &Call<'_>) -> Outcome {
    let rule =
        FaultRule::deserialize(Value::Object(json_object(call)?)).map_err(|error| error.to_string())?;
    service.faults.apply(&rule);
    Ok(json!({"faults": service.faults.json()}))
}

pub(super) fn move_clock(service: &Arc<Service>, params: &Params) -> Outcome {
    let seconds =
        number(params, "advance")?.ok_or("`advance` is missing: the seconds to move the clock forward")?;
    service.advance_clock(seconds);
    Ok(json!({"time": service.state().now()}))
}

pub(super) fn set_quota(service: &Service, params: &Params) -> Outcome {
    let remaining = number(params, "remaining")?.unwrap_or_default();
    service.state().set_remaining(remaining);
    service.note_change();
    Ok(json!({"remaining": remaining}))
}

pub(super) fn send_frame(service: &Service, params: &Params) -> Outcome {
    let frame = params.get("frame").ok_or("`frame` is missing: R, E, A, !, # or any text")?;
    let device = match params.filled("device") {
        Some(name) => Some(device_named(service, name)?),
        None => None,
    };
    service.sockets.send(device.as_deref(), frame.as_bytes(), params.flag("close"));
    Ok(json!({}))
}

pub(super) fn disable(service: &Service, name: &str) -> Outcome {
    let device = device_named(service, name)?;
    service.disable(&device);
    Ok(json!({"device": device}))
}

pub(super) fn acknowledge(service: &Arc<Service>, params: &Params) -> Outcome {
    let receipt = params.get("receipt").unwrap_or_default();
    let device = params.filled("device").unwrap_or("phone");
    let user = service.state().first_user();
    let acknowledged = service.acknowledge(receipt, &user, device);
    acknowledged.map_err(|_| "there is no open emergency with this receipt".to_owned())?;
    let is_acknowledged = service.state().receipts.get(receipt).is_some_and(Receipt::is_acknowledged);
    Ok(json!({"acknowledged": is_acknowledged}))
}

pub(super) fn inject(service: &Service, call: &Call<'_>) -> Outcome {
    let item: Value =
        serde_json::from_slice(call.body).map_err(|error| format!("the body is not JSON: {error}"))?;
    let ids = service.inject(&item);
    Ok(json!({"ids": ids}))
}

pub(super) fn seed(service: &Arc<Service>, call: &Call<'_>) -> Outcome {
    let seed = if call.content_type.to_ascii_lowercase().contains("toml") {
        Seed::from_toml(std::str::from_utf8(call.body).map_err(|error| error.to_string())?)?
    } else {
        Seed::deserialize(Value::Object(json_object(call)?)).map_err(|error| error.to_string())?
    };
    seeding::apply(service, &seed)?;
    Ok(super::listings::account(service))
}

/// The id of an enabled device with this name or id.
fn device_named(service: &Service, name: &str) -> Result<String, String> {
    let state = service.state();
    let named =
        state.devices().iter().filter(|device| device.enabled && (device.name == name || device.id == name));
    named.map(|device| device.id.clone()).next().ok_or_else(|| format!("there is no enabled device `{name}`"))
}
