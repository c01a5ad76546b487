//! `handover send` and what belongs to it, against the sandbox.

mod http;
mod http_alone;
mod http_encrypted;
mod outbox;
mod secrecy;
mod send;
mod setup;
mod sounds;
mod templates;
mod wait;

use std::collections::BTreeMap;

use handover::sandbox::{Endpoint, Options, Request, Sandbox};
use handover::system::clock;

use crate::user::{User, sandbox};

/// Settings with an application and recipients whose keys are in them.
fn settings(sandbox: &Sandbox) -> String {
    let account = sandbox.account();
    format!(
        "[applications.servers]\ntoken = '{}'\n\
         [recipients.sean]\nkey = '{}'\ntags = ['ops']\n\
         [recipients.night-shift]\nkey = '{}'\ntags = ['ops', 'night']\nlanguage = 'de'\n",
        account.app_token, account.user_key, account.group_key
    )
}

/// A user who can send, without a daemon, and the sandbox with a device.
async fn sender() -> (User, Sandbox) {
    let sandbox = sandbox(Options::new(clock::unix)).await;
    sandbox.add_device("phone");
    let user = User::new(&sandbox);
    user.settings(&settings(&sandbox));
    (user, sandbox)
}

/// The requests to send that arrived.
fn requests(sandbox: &Sandbox) -> Vec<Request> {
    sandbox.journal().into_iter().filter(|request| request.endpoint == Endpoint::Send).collect()
}

/// The parameters of the only request to send.
#[track_caller]
fn params(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let [request] = requests(sandbox).try_into().expect("one request to send");
    request.params
}
