//! The whole page: credentials, messages, requests.
//!
//! Invariant: it is complete without its script, which only keeps it up to date.

use super::html::{command, definitions, escaped, time};
use super::{messages, requests};
use crate::sandbox::account::State;
use crate::sandbox::service::{Addresses, Service};

pub(super) fn document(service: &Service) -> String {
    let requests = service.journal.list();
    let failed = requests.iter().filter(|request| request.is_failed()).count();
    let addresses = &service.addresses;
    let state = service.state();
    let sent = state.sent.list().count();
    let is_first = sent == 0 && requests.is_empty();
    let clock = match state.switches.clock_ahead {
        0 => String::new(),
        ahead => format!(" · the clock is {ahead} s ahead: {}", time(state.now())),
    };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>Handover sandbox</title>\
         <link rel=\"icon\" href=\"/_sandbox/page/icon.png\">\
         <link rel=\"stylesheet\" href=\"/_sandbox/page/style.css\">\
         <script src=\"/_sandbox/page/script.js\" defer></script></head><body>\
         <a class=\"skip\" href=\"#messages\">Skip to the messages</a>\
         <header class=\"top\"><h1>Handover sandbox</h1>\
         <p id=\"state\" class=\"live meta\">{api}{clock}</p>\
         <nav aria-label=\"Sections\"><a href=\"#messages\">Messages</a> <a href=\"#requests\">Requests</a></nav>\
         <p id=\"connection\" role=\"status\" class=\"meta\"></p></header>\
         <details id=\"credentials\"{open}><summary>How to send to it</summary>{credentials}</details>\
         <main><section id=\"messages\" tabindex=\"-1\" aria-labelledby=\"messages-title\">\
         <h2 id=\"messages-title\">Messages <span id=\"message-count\" class=\"live count\">{sent}</span></h2>\
         <div id=\"message-list\" class=\"live\">{messages}</div>\
         <p class=\"empty note\">No message yet.</p></section>\
         <section id=\"requests\" tabindex=\"-1\" aria-labelledby=\"requests-title\">\
         <h2 id=\"requests-title\">Requests <span id=\"request-count\" class=\"live count\">{all}</span></h2>\
         <label class=\"filter\"><input type=\"checkbox\" id=\"only-failed\"> only failed \
         (<span id=\"failed-count\" class=\"live\">{failed}</span>)</label>\
         <div id=\"request-list\" class=\"live\">{requests}</div>\
         <p class=\"empty note\">No request yet.</p></section></main></body></html>",
        api = escaped(&addresses.api),
        open = if is_first { " open" } else { "" },
        credentials = credentials(&state, addresses),
        messages = messages::list(&state),
        all = requests.len(),
        requests = requests::list(&requests, &addresses.api),
    )
}

/// What to send with, and how to point a program at the sandbox.
fn credentials(state: &State, addresses: &Addresses) -> String {
    let user = state.accounts.first();
    let pairs = [
        ("API token", state.apps.first().map(|app| app.token.clone())),
        ("User key", user.map(|user| user.user_key.clone())),
        ("Group key", state.groups.first().map(|group| group.key.clone())),
        ("API address", Some(addresses.api.clone())),
        ("Sign in as", user.map(|user| format!("{} with password {}", user.email, user.password))),
    ];
    let pairs: Vec<(String, String)> =
        pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let curl = format!(
        "curl --form-string token={} --form-string user={} --form-string message=Hello {}/1/messages.json",
        pairs.first().map(|(_, value)| value.as_str()).unwrap_or_default(),
        user.map(|user| user.user_key.as_str()).unwrap_or_default(),
        addresses.api,
    );
    let mut html = definitions(pairs.iter().map(|(name, value)| (name, value)));
    html += &command(&curl);
    match addresses.environment() {
        Some(lines) => {
            html +=
                "<p class=\"note\">A program in which the service's address is fixed sends here with:</p>";
            html += &command(&lines);
        }
        None => {
            html += "<p class=\"note\">For a program in which the service's address is fixed, start \
                <code>handover sandbox --proxy</code>.</p>";
        }
    }
    html
}
