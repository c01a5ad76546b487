//! `handover sandbox`: the stand-in for the service, for developers of senders and clients.
//!
//! Invariant: it listens on the loopback interface only, and prints everything needed to use it.

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{environment, output, signals};
use crate::app::Problem;
use crate::sandbox::{Options, Sandbox};
use crate::system::clock;

#[derive(Args)]
pub(super) struct Arguments {
    /// Port to listen on; 0 takes any free port
    #[arg(long, default_value_t = 8430)]
    port: u16,
    /// Let web pages of this origin use it, such as `https://example.org`; can be given several times
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// Post callbacks of emergencies to other computers too
    #[arg(long)]
    allow_remote_callbacks: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Problem> {
    environment::block_on(async {
        let options = Options {
            port: arguments.port,
            allowed_origins: arguments.allow_origin.clone(),
            remote_callbacks: arguments.allow_remote_callbacks,
            ..Options::new(clock::unix)
        };
        let sandbox = Sandbox::start(options).await.map_err(|error| {
            Problem::of_system(&format!("port {} cannot be used", arguments.port), &error)
                .hint("use any free port with `handover sandbox --port 0`")
        })?;
        let stop = CancellationToken::new();
        signals::cancel_on_termination(&stop)?;
        output::line(introduction(&sandbox));
        stop.cancelled().await;
        Ok(())
    })
}

fn introduction(sandbox: &Sandbox) -> String {
    let account = sandbox.account();
    format!(
        "A stand-in for the service listens on {api} (this computer only; Ctrl-C stops it).\n\
         \n\
         Receive from it in another terminal, with separate folders so that your real login is not touched:\n\
         \n\
         \x20   d=$(mktemp -d); export XDG_CONFIG_HOME=$d XDG_DATA_HOME=$d XDG_CACHE_HOME=$d/c XDG_RUNTIME_DIR=$d\n\
         \x20   export HANDOVER_API_URL={api} HANDOVER_WEBSOCKET_URL={websocket}\n\
         \x20   echo '{password}' | handover setup --email {email} --password-stdin --device-name desk --secret-store file\n\
         \x20   handover run\n\
         \n\
         Send a message to it:\n\
         \n\
         \x20   {curl}\n",
        api = sandbox.api_url(),
        websocket = sandbox.websocket_url(),
        email = account.email,
        password = account.password,
        curl = curl_line(sandbox),
    )
}

/// A line that sends a message when it is pasted into a shell.
pub(super) fn curl_line(sandbox: &Sandbox) -> String {
    let account = sandbox.account();
    format!(
        "curl --form-string token={} --form-string user={} --form-string message='Hello' {}/1/messages.json",
        account.app_token,
        account.user_key,
        sandbox.api_url()
    )
}
