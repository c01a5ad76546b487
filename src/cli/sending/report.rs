//! What `handover send` prints: sentences for a person, or one JSON object per line for a program.
//!
//! Invariant: no secret, and no character of a message that could control the terminal.

use serde_json::{Map, Value, json};

use crate::app::Problem;
use crate::app::context::Context;
use crate::app::send::{Accepted, Outgoing, Quota, form};
use crate::cli::output;

/// Shown in place of a secret.
const STRUCK_OUT: &str = "•••";

/// The request as it would be sent, with the secrets struck out.
pub(super) fn dry_run(context: &Context, request: &Outgoing, as_json: bool) -> String {
    let url = format!("{}1/messages.json", context.servers.api());
    let fields: Vec<(String, String)> = form(&request.draft)
        .into_iter()
        .map(|(name, value)| {
            let is_picture = name == "attachment_base64";
            let value = if is_picture { format!("({} characters of base64)", value.len()) } else { value };
            (name, value)
        })
        .collect();
    if as_json {
        let fields: Map<String, Value> =
            fields.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
        return json!({
            "dry_run": true,
            "url": url,
            "application": request.application,
            "recipients": request.recipients,
            "fields": fields,
        })
        .to_string();
    }
    let mut lines = vec![
        format!("POST {url}"),
        format!("token={STRUCK_OUT} (application {})", request.application),
        format!("user={STRUCK_OUT} (recipients {})", request.recipients.join(", ")),
    ];
    // JSON shows line breaks and control characters without acting on them.
    lines.extend(fields.into_iter().map(|(name, value)| format!("{name}={}", Value::from(value))));
    lines.join("\n")
}

pub(super) fn sent(accepted: &Accepted, request: &Outgoing, verbose: bool, as_json: bool) -> String {
    let receipt = accepted.receipt.as_ref().map(|receipt| receipt.as_str().to_owned());
    if as_json {
        return json!({
            "status": 1,
            "request": accepted.request,
            "receipt": receipt,
            "info": accepted.info,
            "application": request.application,
            "recipients": request.recipients,
            "quota": accepted.quota.map(quota),
        })
        .to_string();
    }
    let mut lines = vec![format!("sent to {}", request.recipients.join(", "))];
    lines.extend(receipt.map(|receipt| format!("receipt {receipt}")));
    lines.extend(accepted.info.as_ref().map(|info| format!("the service says: {}", output::harmless(info))));
    if verbose {
        lines.push(format!("request {}", output::harmless(&accepted.request)));
        lines.extend(accepted.quota.map(|quota| {
            let reset = output::local_time(quota.reset);
            format!("{} of {} messages left until {reset}", quota.remaining, quota.limit)
        }));
    }
    lines.join("\n")
}

fn quota(quota: Quota) -> Value {
    json!({ "limit": quota.limit, "remaining": quota.remaining, "reset": quota.reset })
}

pub(super) fn failed(problem: &Problem, request: &Outgoing) -> String {
    json!({
        "status": 0,
        "error": problem.message,
        "hint": problem.hint,
        "application": request.application,
        "recipients": request.recipients,
    })
    .to_string()
}

pub(super) fn queued(id: &str, request: &Outgoing, is_running: bool, as_json: bool) -> String {
    if as_json {
        return json!({
            "queued": id,
            "application": request.application,
            "recipients": request.recipients,
            "daemon": is_running,
        })
        .to_string();
    }
    let when = if is_running { "the daemon sends it now" } else { "the daemon sends it when it runs" };
    format!("queued for {} as {id}; {when}", request.recipients.join(", "))
}
