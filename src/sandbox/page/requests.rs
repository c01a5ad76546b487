//! The requests, each with its answer and a line for a shell.
//!
//! Invariant: what failed says why without being opened.

use std::collections::BTreeMap;

use super::html::{command, definitions, escaped, time};
use crate::sandbox::faults::Endpoint;
use crate::sandbox::journal::Request;

/// How many requests are shown.
const SHOWN: usize = 200;

/// How many characters of a title or a text are in the summary of its request.
const SUMMARY: usize = 80;

/// The requests, the newest first.
pub(super) fn list(requests: &[Request], api_url: &str) -> String {
    requests.iter().rev().take(SHOWN).map(|request| entry(request, api_url)).collect()
}

fn entry(request: &Request, api_url: &str) -> String {
    let status = request.status.map_or_else(|| "…".to_owned(), |status| status.to_string());
    let parameters: BTreeMap<&String, &String> = request.keys.iter().chain(&request.params).collect();
    let omitted = match request.omitted.as_slice() {
        [] => String::new(),
        names => format!("<p class=\"note\">Not kept: {}.</p>", escaped(&names.join(", "))),
    };
    let agent = request.user_agent.as_ref();
    let agent = agent.map(|agent| format!("<p class=\"note\">Sent by {}.</p>", escaped(agent)));
    let answer = request.answer.as_ref();
    let answer = answer.map(|answer| format!("<h4>Answer</h4><pre><code>{}</code></pre>", escaped(answer)));
    format!(
        "<details id=\"r{number}\" class=\"request {class}\"><summary>\
         <span class=\"status\">{status}</span> <span class=\"what\">{method} {path}</span> \
         {why} <span class=\"meta\">{time}</span></summary>\
         {agent}{parameters}{omitted}{answer}<h4>Again</h4>{curl}</details>",
        number = request.number,
        class = if request.is_failed() { "failed" } else { "" },
        method = escaped(&request.method),
        path = escaped(&request.path),
        why = summary(request),
        time = time(request.time),
        agent = agent.unwrap_or_default(),
        parameters = definitions(parameters),
        answer = answer.unwrap_or_default(),
        curl = command(&request.curl(api_url)),
    )
}

/// Why it failed, or what it said, in a few words.
fn summary(request: &Request) -> String {
    let reason = reason(request);
    if !reason.is_empty() {
        return format!("<span class=\"why\">{}</span>", escaped(&reason));
    }
    // Elsewhere `message` is an id.
    let is_sent = request.endpoint == Endpoint::Send;
    let said = request.params.get("title").or_else(|| request.params.get("message")).filter(|_| is_sent);
    let said = said.map(|text| escaped(&text.chars().take(SUMMARY).collect::<String>()));
    said.map(|text| format!("<span class=\"said note\">{text}</span>")).unwrap_or_default()
}

/// Why it failed.
fn reason(request: &Request) -> String {
    let mut reasons = request.errors();
    if !request.is_matched {
        reasons = vec!["the service has no such endpoint".to_owned()];
    }
    if request.faulted {
        reasons.insert(0, "fault".to_owned());
    }
    if request.status.is_none() {
        reasons.push("no answer".to_owned());
    }
    reasons.join("; ")
}
