//! What `handover sandbox` prints.
//!
//! Invariant: nothing that a sender sends can move the cursor or colour the terminal.

use std::path::Path;

use serde_json::Value;

use super::tagged;
use crate::cli::output::{self, harmless};
use crate::sandbox::{Endpoint, Request, Sandbox};

/// All addresses and credentials, for programs.
pub(super) fn description(sandbox: &Sandbox) -> String {
    tagged("ready", sandbox.description())
}

/// One request, for programs.
pub(super) fn request_json(request: &Request, sandbox: &Sandbox) -> String {
    tagged("request", request.json(&sandbox.api_url()))
}

/// One request: when, its status, what it was, and why it failed or what was sent.
pub(super) fn request(request: &Request) -> String {
    let time = output::clock_time(request.time);
    let status = request.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
    let mut notes = request.errors();
    if !request.is_matched {
        notes = vec!["the service has no such endpoint".to_owned()];
    }
    if request.faulted {
        notes.insert(0, "fault".to_owned());
    }
    if request.status.is_none() {
        notes.push("no answer".to_owned());
    }
    let texts = ["title", "message"].iter().filter_map(|name| request.params.get(*name));
    if notes.is_empty() && request.endpoint == Endpoint::Send {
        notes.extend(texts.map(|text| text.chars().take(60).collect()));
    }
    let notes = if notes.is_empty() { String::new() } else { format!("  {}", notes.join(": ")) };
    harmless(&format!("{time} {status} {} {}{notes}", request.method, request.path))
}

/// What listening for other computers means.
pub(super) fn warning(sandbox: &Sandbox) -> String {
    let token = text(sandbox, "token");
    format!(
        "warning: every computer that reaches this one can use the stand-in: send messages, sign in with the fixed password, read \
         and delete messages. Only its page, the steering API and the proxy need the token {token}."
    )
}

/// How to use it.
pub(super) fn introduction(sandbox: &Sandbox) -> String {
    let account = sandbox.account();
    let start = format!(
        "A stand-in for the service listens on {api} (Ctrl-C stops it).\n\
         \n\
         See what arrives: {page}\n\
         \n\
         Send a message to it, with token {token} and user {user}:\n\
         \n\
         \x20   {curl}\n",
        api = sandbox.api_url(),
        page = text(sandbox, "page_url"),
        token = account.app_token,
        user = account.user_key,
        curl = curl_line(sandbox),
    );
    let environment = match text(sandbox, "environment") {
        lines if lines.is_empty() => String::new(),
        lines => format!(
            "\nIn a terminal with these lines, programs that send to api.pushover.net send here:\n\n{}",
            indented(&lines)
        ),
    };
    let tls = match text(sandbox, "tls_url") {
        tls if tls.is_empty() => String::new(),
        tls => of_tls(sandbox, &tls),
    };
    let receiving = format!(
        "\nReceive from it in another terminal, with separate folders so that your real login is not touched:\n\
         \n\
         \x20   d=$(mktemp -d); export XDG_CONFIG_HOME=$d XDG_DATA_HOME=$d XDG_CACHE_HOME=$d/c XDG_RUNTIME_DIR=$d\n\
         \x20   export HANDOVER_API_URL={api} HANDOVER_WEBSOCKET_URL={websocket}\n\
         \x20   echo '{password}' | handover setup --email {email} --password-stdin --device-name desk --secret-store file\n\
         \x20   handover run\n\
         \n\
         Each request is a line:\n",
        api = sandbox.api_url(),
        websocket = sandbox.websocket_url(),
        email = account.email,
        password = account.password,
    );
    start + &environment + &tls + &receiving
}

/// How to trust the certificate, and how to get there.
fn of_tls(sandbox: &Sandbox, tls: &str) -> String {
    let (ca, bundle) = (text(sandbox, "ca"), text(sandbox, "ca_bundle"));
    let port = tls.rsplit(':').next().unwrap_or_default();
    let folder = Path::new(&ca).parent().unwrap_or(Path::new("")).display().to_string();
    let lines = format!(
        "export SSL_CERT_FILE={bundle} REQUESTS_CA_BUNDLE={bundle}\n\
         export NODE_EXTRA_CA_CERTS={ca}\n\
         curl --cacert {ca} --connect-to ::localhost:{port} https://api.pushover.net/1/sounds.json?token={}",
        sandbox.account().app_token
    );
    format!(
        "\nOver TLS it listens on {tls}. Its certificate is for api.pushover.net, client.pushover.net and localhost;\n\
         trust its authority in one program with one of these lines (the files are in {folder}):\n\n{}",
        indented(&lines)
    )
}

fn indented(lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(|line| format!("    {line}\n")).collect();
    lines.concat()
}

/// A text of the description; empty if it has none of that name.
fn text(sandbox: &Sandbox, name: &str) -> String {
    let description = sandbox.description();
    description.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A line that sends a message when it is pasted into a shell.
pub(in crate::cli) fn curl_line(sandbox: &Sandbox) -> String {
    let account = sandbox.account();
    format!(
        "curl --form-string token={} --form-string user={} --form-string message='Hello' {}/1/messages.json",
        account.app_token,
        account.user_key,
        sandbox.api_url()
    )
}
