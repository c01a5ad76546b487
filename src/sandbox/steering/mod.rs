//! The steering API under `/_sandbox/`: looks at what arrived, and changes how the sandbox behaves.
//!
//! Invariant: nothing here is part of the service, and no request to it is in the journal.

mod actions;
mod listings;
mod seeding;

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::protocol::{Params, Rejection, Reply};
use super::service::Service;
use super::switches::ErrorShape;

pub(super) use listings::description;
pub(super) use seeding::{add_defaults, apply, reset};

/// What the steering API understands, for `GET /_sandbox`.
const HELP: &str = include_str!("help.txt");

/// A request to the steering API.
pub(super) struct Call<'a> {
    pub(super) method: &'a Method,
    /// The path after `/_sandbox`.
    pub(super) path: &'a str,
    pub(super) params: &'a Params,
    pub(super) content_type: &'a str,
    pub(super) body: &'a [u8],
}

/// Carries out a request.
pub(super) fn execute(service: &Arc<Service>, call: &Call<'_>) -> Reply {
    let outcome = match (call.method.as_str(), call.path.trim_end_matches('/')) {
        ("GET", "") => return Reply::file("text/plain; charset=utf-8", HELP.as_bytes().to_vec()),
        ("GET", "/account") => Ok(listings::account(service)),
        ("GET", "/journal") => listings::journal(service, call.params),
        ("DELETE", "/journal") => {
            service.journal.clear();
            Ok(json!({}))
        }
        ("GET", "/messages") => listings::messages(service, call.params),
        ("GET", "/receipts") => Ok(listings::receipts(service)),
        ("GET", "/switches") => Ok(json!({"switches": service.state().switches})),
        ("POST", "/switches") => actions::change_switches(service, call),
        ("GET", "/faults") => Ok(json!({"faults": service.faults.json()})),
        ("POST", "/faults") => actions::add_fault(service, call),
        ("DELETE", "/faults") => {
            service.faults.clear();
            Ok(json!({}))
        }
        ("GET", "/clock") => Ok(json!({"time": service.state().now()})),
        ("POST", "/clock") => actions::move_clock(service, call.params),
        ("POST", "/quota") => actions::set_quota(service, call.params),
        ("POST", "/frames") => actions::send_frame(service, call.params),
        ("POST", "/acknowledge") => actions::acknowledge(service, call.params),
        ("POST", "/inject") => actions::inject(service, call),
        ("POST", "/seed") => actions::seed(service, call),
        ("POST", "/reset") => reset(service).map(|()| json!({})),
        ("POST", path) => match path.strip_prefix("/devices/").and_then(|path| path.strip_suffix("/disable"))
        {
            Some(device) => actions::disable(service, device),
            None => return unknown(call),
        },
        _ => return unknown(call),
    };
    match outcome {
        Ok(fields) => Reply::ok(fields),
        Err(error) => Rejection::new(error).into_reply(ErrorShape::Array),
    }
}

fn unknown(call: &Call<'_>) -> Reply {
    let text = format!("there is no {} /_sandbox{}; see GET /_sandbox", call.method, call.path);
    Rejection::new(text).status(404).into_reply(ErrorShape::Array)
}

/// The JSON object in the body.
fn json_object(call: &Call<'_>) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(call.body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err("the body is not a JSON object".to_owned()),
        Err(error) => Err(format!("the body is not JSON: {error}")),
    }
}

/// A parameter that is a number.
fn number<T: std::str::FromStr>(params: &Params, name: &str) -> Result<Option<T>, String> {
    let text = params.filled(name);
    text.map(|text| text.trim().parse().map_err(|_| format!("`{name}` is not a number: {text}"))).transpose()
}
